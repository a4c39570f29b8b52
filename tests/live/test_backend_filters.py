"""Filters of backendRefs on a real Envoy: rewrites, and the weights that they must not move."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.envoy.running import free_port
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, backend, echo, http_route, path, rule, served
from tests.live.stack import Gatehouse, echoes, up

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("backend filters")]

REQUESTS = 2000


def rewrite(**to: Any) -> Document:
    return {"type": "URLRewrite", "urlRewrite": to}


def whole(value: str) -> Document:
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


def prefix(value: str) -> Document:
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def adds(name: str, value: str) -> Document:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": name, "value": value}]}}


MIRROR = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copies", "port": 80}}}
ROUTES = (
    http_route(
        "split",
        rule(
            backend("stable", weight=1, filters=[rewrite(path=whole("/one"))]),
            backend("canary", weight=4, filters=[rewrite(path=prefix("/new")), adds("X-Backend", "canary"), MIRROR]),
            backend("plain", weight=3),
            matches=[path("/old")],
            filters=[rewrite(hostname="inside.example.com"), adds("X-Rule", "split")],
        ),
    ),
    http_route(
        "retries",
        rule(
            backend("stable", filters=[rewrite(path=prefix("/new"), hostname="inside.example.com")]),
            matches=[path("/old")],
            retry={"attempts": 3, "codes": [503]},
        ),
    ),
    http_route("copies", rule("copies")),
    http_route("half", rule("half", retry={"attempts": 1})),
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatehouse]:
    """`gatehouse up` with these routes."""
    folder = edge_folder(tmp_path_factory.mktemp("filters") / "resources")
    backends = [it for name in ("stable", "canary", "plain", "copies") for it in echo(name)]
    folder.write("backends.yaml", *backends)
    folder.write("routes.yaml", *ROUTES)
    with echoes("half") as ports:
        folder.write("half.yaml", *served("half", ports["half"], free_port()))
        with up(folder.path) as gatehouse:
            yield gatehouse


def test_each_backend_gets_its_own_rewrite_and_its_exact_share(stack: Gatehouse, edge: Edge) -> None:
    """Shares of 1, 4 and 3 in 8: of 2,000 requests 250, 1,000 and 750, each within five standard deviations."""
    with edge.connect() as connection:
        answers = [connection.request("/old/item", "split.example.com") for _ in range(REQUESTS)]
    seen = {(it.echo["pod"], it.echo["path"], it.echo["host"], *it.sent("X-Backend")) for it in answers}
    assert seen == {
        ("stable-1", "/one", "inside.example.com"),
        ("canary-1", "/new/item", "inside.example.com", "canary"),
        ("plain-1", "/old/item", "inside.example.com"),
    }
    assert {it.rule for it in answers} == {"split"}
    shares = Counter(it.echo["pod"] for it in answers)
    assert abs(shares["stable-1"] - 250) < 75
    assert abs(shares["canary-1"] - 1000) < 112
    assert abs(shares["plain-1"] - 750) < 109

    def as_many_copies() -> bool:
        received = edge.get("copies.example.com", "/received").echo["received"]
        return bool(received) and all("/new/item" in line for line in received if "/received" not in line)

    stack.wait_until(as_many_copies, "copies of what one backend got, and of nothing else")


def test_a_retry_keeps_the_rewrite(edge: Edge) -> None:
    answer = edge.get("retries.example.com", "/old/item?responseCode=503&succeedAfter=3")
    assert answer.status == 200
    assert answer.echo["path"].partition("?")[0] == "/new/item"
    assert answer.echo["host"] == "inside.example.com"


def test_a_connection_that_cannot_be_made_is_tried_again_at_another_endpoint(edge: Edge) -> None:
    """One of two endpoints listens to nobody; who goes there first is answered by the other."""
    assert Counter(edge.status("half.example.com") for _ in range(200)) == {200: 200}
