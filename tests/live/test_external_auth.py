"""ExternalAuth filters on a real Envoy, with services that are asked over HTTP and over gRPC."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.authorizers import PASS, Authorizer, over_grpc, over_http
from tests.live.client import Answer, Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, echo, http_route, path, rule, served
from tests.live.stack import Gatehouse, up

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("external auth")]


def asks(protocol: str, backend: str, **more: Any) -> Document:
    settings = {"protocol": protocol, protocol.lower(): {}, "backendRef": {"name": backend, "port": 80}, **more}
    return {"type": "ExternalAuth", "externalAuth": settings}


@pytest.fixture(scope="module")
def by_http() -> Iterator[Authorizer]:
    with over_http(x_user="alice", x_other="1", host="evil", x_envoy_retry_on="5xx") as authorizer:
        yield authorizer


@pytest.fixture(scope="module")
def by_grpc() -> Iterator[Authorizer]:
    with over_grpc("bob") as authorizer:
        yield authorizer


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, by_http: Authorizer, by_grpc: Authorizer) -> Iterator[Gatehouse]:
    """`gatehouse up` with routes that ask either service, and one that is not there."""
    folder = edge_folder(tmp_path_factory.mktemp("auth") / "resources")
    folder.write("backends.yaml", *echo("cart"))
    folder.write("services.yaml", *served("http", by_http.port), *served("grpc", by_grpc.port), *served("gone", 1))
    folder.write(
        "routes.yaml",
        http_route(
            "http",
            rule(
                "cart",
                matches=[path("/prefixed")],
                filters=[asks("HTTP", "http", http={"path": "/check/", "allowedHeaders": ["X-Team"]})],
            ),
            rule(
                "cart",
                matches=[path("/named")],
                filters=[asks("HTTP", "http", http={"allowedResponseHeaders": ["X-User"]})],
            ),
            rule("cart", matches=[path("/body")], filters=[asks("HTTP", "http", forwardBody={"maxSize": 100_000})]),
            rule("cart", matches=[path("/open")]),
            rule("cart", filters=[asks("HTTP", "http")]),
        ),
        http_route(
            "grpc",
            rule("cart", matches=[path("/all")], filters=[asks("GRPC", "grpc", forwardBody={"maxSize": 8})]),
            rule("cart", filters=[asks("GRPC", "grpc", grpc={"allowedHeaders": ["Authorization"]})]),
        ),
        http_route("gone", rule("cart", filters=[asks("GRPC", "gone")])),
        http_route("missing", rule("cart", filters=[asks("HTTP", "missing")])),
    )
    with up(folder.path) as gatehouse:
        yield gatehouse


def post(edge: Edge, host: str, target: str, body: bytes) -> Answer:
    with edge.connect() as connection:
        return connection.request(target, host, "POST", {"Authorization": PASS}, body)


@pytest.mark.parametrize("host", ["http.example.com", "grpc.example.com"])
def test_what_the_service_refuses_is_answered_by_it(edge: Edge, host: str) -> None:
    answer = edge.get(host, "/a", Authorization="guess")
    assert (answer.status, answer.body) == (401, b"no")


def test_over_http_the_service_gets_the_basics_and_what_is_named(edge: Edge, by_http: Authorizer) -> None:
    assert edge.get("http.example.com", "/a?q=1", "GET", Authorization=PASS, X_Team="red").status == 200
    asked = by_http.asked[-1]
    assert (asked.method, asked.path, asked.headers["host"]) == ("GET", "/a?q=1", "http.example.com")
    assert asked.headers["content-length"] == "0"
    assert "x-team" not in asked.headers
    assert edge.get("http.example.com", "/prefixed/b", Authorization=PASS, X_Team="red").status == 200
    asked = by_http.asked[-1]
    assert (asked.path, asked.headers["x-team"]) == ("/check/prefixed/b", "red")


def test_the_backend_gets_what_the_service_answers_but_neither_host_nor_framing(edge: Edge) -> None:
    answer = post(edge, "http.example.com", "/a", b"12345")
    assert (answer.sent("X-User"), answer.sent("X-Other")) == (["alice"], ["1"])
    assert (answer.echo["host"], answer.sent("Content-Length")) == ("http.example.com", ["5"])
    named = edge.get("http.example.com", "/named", Authorization=PASS)
    assert (named.sent("X-User"), named.sent("X-Other")) == (["alice"], [])


def test_a_body_is_sent_to_the_service_whole_or_refused(edge: Edge, by_http: Authorizer, by_grpc: Authorizer) -> None:
    body = b"x" * 90_000
    answer = post(edge, "http.example.com", "/body", body)
    assert (answer.status, answer.sent("Content-Length")) == (200, ["90000"])
    assert by_http.asked[-1].body == body
    assert post(edge, "http.example.com", "/body", b"x" * 110_000).status == 413
    assert post(edge, "grpc.example.com", "/all", b"\xff\x00\xfe").status == 200
    assert by_grpc.asked[-1].body == b"\xff\x00\xfe"
    assert post(edge, "grpc.example.com", "/all", b"123456789").status == 413


def test_over_grpc_the_service_gets_all_headers_or_those_that_are_named(edge: Edge, by_grpc: Authorizer) -> None:
    answer = edge.get("grpc.example.com", "/all", Authorization=PASS, X_Team="red")
    assert answer.sent("X-User") == ["bob"]
    assert by_grpc.asked[-1].headers["x-team"] == "red"
    assert edge.get("grpc.example.com", "/named", Authorization=PASS, X_Team="red").status == 200
    assert "x-team" not in by_grpc.asked[-1].headers


def test_rules_without_the_filter_ask_nobody(edge: Edge, by_http: Authorizer) -> None:
    before = len(by_http.asked)
    assert edge.get("http.example.com", "/open").status == 200
    assert len(by_http.asked) == before


def test_where_nobody_can_be_asked_nothing_passes(edge: Edge) -> None:
    assert edge.get("gone.example.com", "/", Authorization=PASS).status == 403
    assert edge.get("missing.example.com", "/", Authorization=PASS).status == 500
