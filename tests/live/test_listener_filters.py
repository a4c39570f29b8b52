"""Filters of listeners on a real Envoy: what they add counts when a route is chosen, and the refused get no further."""

from collections.abc import Iterator

import pytest

from tests.live.authorizers import PASS, Authorizer, over_grpc, over_http
from tests.live.client import Edge
from tests.live.documents import Document, echo, gateway, gateway_class, http_route, listener, rule, served
from tests.live.stack import Folder, Gatehouse, up

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("listener filters")]


def asks(protocol: str, backend: str) -> Document:
    settings = {"protocol": protocol, protocol.lower(): {}, "backendRef": {"name": backend, "port": 80}}
    return {"type": "ExternalAuth", "externalAuth": settings}


def when(name: str, value: str) -> list[Document]:
    return [{"headers": [{"name": name, "value": value}]}]


@pytest.fixture(scope="module")
def first() -> Iterator[Authorizer]:
    """Says who the user is; over HTTP, and would like another host."""
    with over_http(x_user="alice", x_tier="gold", host="other.example.com") as authorizer:
        yield authorizer


@pytest.fixture(scope="module")
def second() -> Iterator[Authorizer]:
    """Says who the user is; over gRPC, after the first."""
    with over_grpc("bob", host="other.example.com") as authorizer:
        yield authorizer


@pytest.fixture(scope="module")
def of_rule() -> Iterator[Authorizer]:
    """Is asked by one rule."""
    with over_http() as authorizer:
        yield authorizer


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, first: Authorizer, second: Authorizer, of_rule: Authorizer
) -> Iterator[Gatehouse]:
    """`gatehouse up` with a listener of two filters, one of the same hosts without, and one whose service is gone."""
    folder = Folder(tmp_path_factory.mktemp("filters") / "resources")
    folder.write("class.yaml", gateway_class())
    requests = [asks("HTTP", "first"), asks("GRPC", "second")]
    folder.write(
        "gateway.yaml",
        gateway(
            listener("http", 80, filters={"requests": requests}),
            listener("plain", 81),
            listener("gone", 82, filters={"requests": [asks("HTTP", "missing")]}),
        ),
    )
    folder.write("pods.yaml", *echo("gold"), *echo("nobody"), *echo("bob"), *echo("other"))
    services = {"first": first, "second": second, "of-rule": of_rule}
    folder.write("services.yaml", *(it for name, to in services.items() for it in served(name, to.port)))
    folder.write(
        "routes.yaml",
        http_route("tiers", rule("gold", matches=when("X-Tier", "gold")), rule("nobody")),
        http_route("alone", rule("gold", matches=when("X-Tier", "gold"))),
        http_route(
            "users",
            rule("bob", matches=when("X-User", "bob"), filters=[asks("HTTP", "of-rule")]),
            rule("nobody"),
        ),
        http_route(
            "kept",
            rule("bob", matches=when("X-User", "bob"), sessionPersistence={"cookie": {"name": "kept"}}),
            rule("nobody"),
        ),
        http_route("other", rule("other")),
    )
    with up(folder.path) as gatehouse:
        yield gatehouse


@pytest.mark.parametrize("host", ["tiers.example.com", "alone.example.com", "unknown.example.com"])
def test_who_is_refused_gets_no_further_whatever_the_host(edge: Edge, second: Authorizer, host: str) -> None:
    before = len(second.asked)
    assert edge.get(host, Authorization="guess").status == 401
    assert len(second.asked) == before, "the filters that follow are not asked"


def test_a_route_is_chosen_by_what_filters_add(edge: Edge, stack: Gatehouse) -> None:
    assert edge.get("tiers.example.com", Authorization=PASS).echo["pod"] == "gold-1"
    assert edge.get("alone.example.com", Authorization=PASS).echo["pod"] == "gold-1", "no route matched before"
    plain = stack.edge("plain")
    assert plain.get("tiers.example.com", Authorization=PASS).echo["pod"] == "nobody-1"
    assert plain.get("alone.example.com", Authorization=PASS).status == 404
    assert edge.get("unknown.example.com", Authorization=PASS).status == 404


def test_filters_run_in_their_order_and_the_last_word_counts(edge: Edge, second: Authorizer) -> None:
    answer = edge.get("users.example.com", Authorization=PASS)
    assert second.asked[-1].headers["x-user"] == "alice"
    assert (answer.echo["pod"], answer.sent("X-User")) == ("bob-1", ["bob"])


def test_filters_of_the_route_that_is_chosen_run_too(edge: Edge, of_rule: Authorizer) -> None:
    before = len(of_rule.asked)
    assert edge.get("users.example.com", Authorization=PASS).status == 200
    assert len(of_rule.asked) == before + 1
    assert edge.get("tiers.example.com", Authorization=PASS).status == 200
    assert len(of_rule.asked) == before + 1
    assert "kept=" in edge.get("kept.example.com", Authorization=PASS).header("Set-Cookie")


def test_no_filter_changes_the_host(edge: Edge) -> None:
    answer = edge.get("tiers.example.com", Authorization=PASS)
    assert (answer.echo["pod"], answer.echo["host"]) == ("gold-1", "tiers.example.com")


def test_where_nobody_can_be_asked_nothing_passes(stack: Gatehouse) -> None:
    assert stack.edge("gone").get("tiers.example.com", Authorization=PASS).status == 500
