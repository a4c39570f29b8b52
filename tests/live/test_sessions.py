"""Session persistence on a real Envoy: clients come back to the endpoint that answered them first."""

from collections import Counter
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.live.client import Answer, Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, backend, echo, http_route, rule
from tests.live.stack import Folder, Gatehouse

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("sessions")]

REQUESTS = 60


def persistent(*backends: Document | str, **persistence: Any) -> Document:
    return rule(*backends, sessionPersistence=persistence)


ROUTES = (
    http_route("cookie", persistent("cart", cookie={"name": "sticky"})),
    http_route(
        "permanent",
        persistent("cart", absoluteTimeout="5m", cookie={"name": "kept", "lifetimeType": "Permanent", "path": "/a"}),
    ),
    http_route("header", persistent("cart", type="Header", header={"name": "X-Session"})),
    http_route("split", persistent(backend("cart", weight=3), backend("other", weight=1), cookie={})),
    http_route("none", rule("cart")),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("sessions") / "resources")
    folder.write("cart.yaml", *echo("cart", replicas=4))
    folder.write("other.yaml", *echo("other", replicas=4))
    folder.write("routes.yaml", *ROUTES)
    return folder


def get(edge: Edge, host: str, headers: Mapping[str, str], target: str = "/") -> Answer:
    with edge.connect() as connection:
        return connection.request(target, f"{host}.example.com", headers=headers)


def cookies(answer: Answer) -> SimpleCookie:
    jar = SimpleCookie()
    for text in answer.headers.get_all("Set-Cookie", []):
        jar.load(text)
    return jar


def test_without_persistence_all_pods_answer(edge: Edge) -> None:
    assert len({get(edge, "none", {}).echo["pod"] for _ in range(REQUESTS)}) == 4


def test_a_cookie_brings_a_client_back_to_its_pod(edge: Edge) -> None:
    for _ in range(4):
        first = get(edge, "cookie", {})
        cookie = cookies(first)["sticky"]
        assert (cookie["path"], cookie["max-age"], cookie["expires"]) == ("/", "", "")
        assert (cookie["samesite"], cookie["httponly"], cookie["secure"]) == ("Strict", True, "")
        again = [get(edge, "cookie", {"Cookie": f"theme=dark; sticky={cookie.coded_value}"}) for _ in range(REQUESTS)]
        assert {it.echo["pod"] for it in again} == {first.echo["pod"]}
        assert all("Set-Cookie" not in it.headers for it in again)


def test_a_permanent_cookie_says_how_long_it_is_kept(edge: Edge) -> None:
    first = get(edge, "permanent", {}, "/a")
    cookie = cookies(first)["kept"]
    assert (cookie["path"], cookie["max-age"]) == ("/a", "300")
    again = [get(edge, "permanent", {"Cookie": f"kept={cookie.coded_value}"}, "/a/b") for _ in range(REQUESTS)]
    assert {it.echo["pod"] for it in again} == {first.echo["pod"]}
    assert "Set-Cookie" not in get(edge, "permanent", {}, "/b").headers, "a client would not send it there"


def test_a_header_brings_a_client_back_to_its_pod(edge: Edge) -> None:
    first = get(edge, "header", {})
    again = [get(edge, "header", {"X-Session": first.header("X-Session")}) for _ in range(REQUESTS)]
    assert {it.echo["pod"] for it in again} == {first.echo["pod"]}


def test_weights_choose_the_backend_and_sessions_the_pod_within_it(edge: Edge) -> None:
    """A client that has been to both has a pod of either: of 400 requests 300 go to one, and each time to the same."""
    jar: dict[str, str] = {}
    pods: Counter[str] = Counter()
    with edge.connect() as connection:
        for _ in range(400):
            sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
            answer = connection.request("/", "split.example.com", headers=sent)
            jar |= {name: morsel.coded_value for name, morsel in cookies(answer).items()}
            pods[answer.echo["pod"]] += 1
    assert sorted(pod.rpartition("-")[0] for pod in pods) == ["cart", "other"]
    assert abs(pods.most_common(1)[0][1] - 300) < 44


def test_a_client_whose_pod_is_gone_gets_another_one_and_a_new_session(
    stack: Gatehouse, folder: Folder, edge: Edge
) -> None:
    answers = {it.echo["pod"]: it for it in (get(edge, "cookie", {}) for _ in range(REQUESTS))}
    cookie = cookies(answers["cart-4"])["sticky"].coded_value
    folder.write("cart.yaml", *echo("cart", replicas=3))
    stack.wait_until(lambda: get(edge, "cookie", {"Cookie": f"sticky={cookie}"}).echo["pod"] != "cart-4", "another pod")
    moved = get(edge, "cookie", {"Cookie": f"sticky={cookie}"})
    assert moved.status == 200
    cookie = cookies(moved)["sticky"].coded_value
    again = [get(edge, "cookie", {"Cookie": f"sticky={cookie}"}) for _ in range(REQUESTS)]
    assert {it.echo["pod"] for it in again} == {moved.echo["pod"]}
