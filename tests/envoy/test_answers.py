"""What a real Envoy answers with the resources that we make: the behaviour that documentation leaves open."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from tests.echo.certificates import self_signed
from tests.envoy.running import LOOPBACK, free_port
from tests.envoy.serving import backend, serving
from tests.xds.world import EVERYTHING, World, http, https, path, to, when
from translator import ir
from translator.api.core import Secret
from translator.api.meta import Meta
from xds_server.echo import rpc

pytestmark = pytest.mark.envoy

EVERY_ORIGIN = ir.Cors(("*",), ("*",), ("*",), ("*",), True, 5)
GONE = ir.Forward((ir.Backend(None, 1),))
HALF_GONE = ir.Forward((ir.Backend(None, 1), ir.Backend(None, 1, request=ir.HeaderChanges(remove=("x-a",)))))
DECLINED = ir.Forward((ir.Backend(ir.ClusterKey("shop", "unknown", 80), 1), ir.Backend(None, 1)))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str

    @property
    def seen(self) -> dict[str, Any]:
        """The request as the backend saw it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def curl(url: str, *arguments: str) -> Answer:
    command = ["curl", "-sS", "-i", "--max-time", "20", "--path-as-is", *arguments, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    head, _, body = done.stdout.partition("\n\n")
    status, *lines = head.splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(status.split()[1]), headers, body)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One Envoy with every shape that a route, cluster, listener and secret can have."""
    with backend("cart") as port:
        plain, moved, tls = free_port(), free_port(), free_port()
        certificates = [tls_secret(tmp_path_factory.mktemp(name), name) for name in ("www", "api")]
        keys = [secret.metadata.key for _, secret in certificates]
        world = World(http(port=plain), https("tls", "*.example.com", tls, *keys), http("m", port=99))
        world.place(ir.Placement(LOOPBACK, port_offset=moved - 99))
        for _, secret in certificates:
            world.secret(secret)
        world.service("cart", (LOOPBACK, port)).service("named", dns=(("localhost", port),))
        world.service("h2c", (LOOPBACK, port), protocol="http2")
        world.service("tls", (LOOPBACK, port), protocol="https1", server_name="cart.example.com")
        world.service("tls2", (LOOPBACK, port), protocol="https2", server_name="cart.example.com")
        world.service("empty")
        world.route("web", *routes())
        world.route("rpc", when(path("exact", "/a.A/Gone", grpc=True), GONE), *rpc_routes(), kind="GRPCRoute")
        world.route("tls", when(EVERYTHING, to("cart")), hostnames=("*.example.com",), on="tls")
        world.route("moved", when(EVERYTHING, ir.Redirect(301, scheme="https")), on="m")
        with serving(world) as envoy:
            yield {
                "plain": plain,
                "moved": moved,
                "tls": tls,
                "certificates": [path for path, _ in certificates],
                "envoy": envoy,
            }


def tls_secret(folder: Path, name: str) -> tuple[Path, Secret]:
    certificate, key = self_signed(folder, f"{name}.example.com")
    data = {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes()}
    return certificate, Secret(Meta(name=name, namespace="shop"), "kubernetes.io/tls", data)


def rpc_routes() -> tuple[ir.Route, ...]:
    h2c = ir.Forward((ir.Backend(ir.ClusterKey("shop", "h2c", 80, "http2"), 1),))
    return (
        when(path("exact", "/a.A/Half", grpc=True), DECLINED),
        when(path("exact", rpc.UNARY[0], grpc=True), h2c),
    )


def routes() -> tuple[ir.Route, ...]:
    secure = ir.Forward(
        (
            ir.Backend(ir.ClusterKey("shop", "tls", 80, "https1"), 1),
            ir.Backend(ir.ClusterKey("shop", "tls2", 80, "https2"), 1),
        )
    )
    changes = ir.HeaderChanges(set=(("x-share", "50% %REQ(x)%"),), add=(("x-team", "blue"),), remove=("x-debug",))
    return (
        when(path("prefix", "/gone"), GONE),
        when(path("prefix", "/half"), HALF_GONE),
        when(path("prefix", "/declined"), DECLINED),
        when(path("prefix", "/empty"), to("empty")),
        when(path("prefix", "/secure"), secure),
        when(path("prefix", "/named"), to("named")),
        when(path("prefix", "/full"), to("cart", path=ir.PathChange(True, "/new%"), hostname="cart.example.com")),
        when(path("prefix", "/foo"), to("cart", path=ir.PathChange(False, "/xyz/"))),
        when(path("prefix", "/nothing"), to("cart", path=ir.PathChange(False, "/"))),
        when(path("prefix", "/headers"), to("cart"), request=changes, response=changes),
        when(path("prefix", "/redirect"), ir.Redirect(302)),
        when(path("prefix", "/secured"), ir.Redirect(301, scheme="https")),
        when(path("prefix", "/elsewhere"), ir.Redirect(308, "https", "a.com", 8443, ir.PathChange(False, "/b"))),
        when(path("prefix", "/cors"), to("cart"), cors=EVERY_ORIGIN),
        when(path("prefix", "/slow"), to("cart", backend_timeout=100, retry=ir.Retry(2))),
        when(path("prefix", "/mirrored"), to("cart", mirrors=(ir.Mirror(ir.ClusterKey("shop", "named", 80), 1, 3),))),
        when(path("prefix", "/split"), to("cart*9", "named*1")),
        when(
            path("regex", "/v[0-9]+/.*", headers=(ir.Named("x", "a+", True),), query_params=(ir.Named("q", "1"),)),
            to("cart"),
        ),
    )


def test_an_unreachable_backend_answers_500(edge: dict[str, Any]) -> None:
    for place in ("gone", "half", "declined"):
        assert curl(f"http://{LOOPBACK}:{edge['plain']}/{place}").status == 500


def test_a_backend_without_endpoints_answers_503(edge: dict[str, Any]) -> None:
    assert curl(f"http://{LOOPBACK}:{edge['plain']}/empty").status == 503


def test_no_route_answers_404(edge: dict[str, Any]) -> None:
    assert curl(f"http://{LOOPBACK}:{edge['plain']}/").status == 404


def test_a_grpc_client_sees_unavailable_where_no_backend_can_be_reached(edge: dict[str, Any]) -> None:
    with grpc.insecure_channel(f"{LOOPBACK}:{edge['plain']}") as channel:
        for method in ("/a.A/Gone", "/a.A/Half"):
            with pytest.raises(grpc.RpcError) as error:
                channel.unary_unary(method)(b"", timeout=20)
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
        assert b"cart" in channel.unary_unary(rpc.UNARY[0])(b"", timeout=20)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/full?q=1", "/new%?q=1"),
        ("/full/more", "/new%"),
        ("/foo/bar", "/xyz/bar"),
        ("/foo", "/xyz"),
        ("/foo/", "/xyz/"),
        ("/nothing/bar?q", "/bar?q"),
        ("/nothing/", "/"),
        ("/nothing", "/"),
        ("/nothing?q", "/?q"),
        ("/headers/%2Fa", "/headers/%2Fa"),
        ("/x/..//headers", "/headers"),
    ],
)
def test_paths(edge: dict[str, Any], asked: str, seen: str) -> None:
    """The table of HTTPPathModifier.replacePrefixMatch, and what becomes of a path that no route changes."""
    assert curl(f"http://{LOOPBACK}:{edge['plain']}{asked}").seen["path"] == seen


def test_a_prefix_ends_at_an_element(edge: dict[str, Any]) -> None:
    assert curl(f"http://{LOOPBACK}:{edge['plain']}/foobar").status == 404


def test_host_is_passed_on_or_rewritten(edge: dict[str, Any]) -> None:
    url = f"http://{LOOPBACK}:{edge['plain']}"
    assert curl(f"{url}/headers", "-H", "Host: www.example.com:99").seen["host"] == "www.example.com:99"
    assert curl(f"{url}/full").seen["host"] == "cart.example.com"


def test_header_changes(edge: dict[str, Any]) -> None:
    arguments = ("-H", "X-Debug: 1", "-H", "X-Team: red", "-H", "X-Share: all")
    answer = curl(f"http://{LOOPBACK}:{edge['plain']}/headers", *arguments)
    seen = answer.seen["headers"]
    assert (seen["X-Share"], "X-Debug" in seen) == (["50% %REQ(x)%"], False)
    assert ",".join(seen["X-Team"]) == "red,blue"
    assert answer.headers["x-share"] == "50% %req(x)%"


@pytest.mark.parametrize(
    ("port", "asked", "host", "location"),
    [
        ("plain", "/redirect?q=1", "a.com", "http://a.com:{plain}/redirect?q=1"),
        ("plain", "/redirect", "a.com:{plain}", "http://a.com:{plain}/redirect"),
        ("plain", "/secured", "a.com:{plain}", "https://a.com:443/secured"),
        ("plain", "/elsewhere/c", "b.com", "https://a.com:8443/b/c"),
        ("moved", "/", "a.com:{moved}", "https://a.com:443/"),
    ],
)
def test_redirects(edge: dict[str, Any], port: str, asked: str, host: str, location: str) -> None:
    answer = curl(f"http://{LOOPBACK}:{edge[port]}{asked}", "-H", f"Host: {host.format(**edge)}")
    assert answer.headers["location"] == location.format(**edge)


def test_wildcards_beside_credentials_become_what_was_asked_for(edge: dict[str, Any]) -> None:
    asked = ("-H", "Origin: https://a.com", "-H", "Access-Control-Request-Method: PUT")
    headers = curl(
        f"http://{LOOPBACK}:{edge['plain']}/cors", "-X", "OPTIONS", *asked, "-H", "Access-Control-Request-Headers: x-a"
    ).headers
    assert headers["access-control-allow-origin"] == "https://a.com"
    assert headers["access-control-allow-methods"] == "put"
    assert headers["access-control-allow-headers"] == "x-a"
    assert headers["access-control-allow-credentials"] == "true"
    assert "access-control-expose-headers" not in headers


def test_a_backend_that_takes_too_long_is_asked_again(edge: dict[str, Any]) -> None:
    assert curl(f"http://{LOOPBACK}:{edge['plain']}/slow?delay=2s").status == 504
    assert edge["envoy"].stats(r"cluster.shop/cart/80.upstream_rq_retry$") == {
        "cluster.shop/cart/80.upstream_rq_retry": 2
    }


def test_a_name_is_resolved(edge: dict[str, Any]) -> None:
    assert curl(f"http://{LOOPBACK}:{edge['plain']}/named").status == 200


def test_tls_is_told_apart_by_server_name(edge: dict[str, Any]) -> None:
    """Each host of the listener gets its own certificate, and a host of none of them no connection."""
    to_edge = ("--connect-to", f"::{LOOPBACK}:{edge['tls']}")
    for name, certificate in zip(("www", "api"), edge["certificates"], strict=True):
        answer = curl(f"https://{name}.example.com/", *to_edge, "--cacert", str(certificate))
        assert answer.seen["headers"]["X-Forwarded-Proto"] == ["https"]
    with pytest.raises(subprocess.CalledProcessError):
        curl("https://www.example.org/", *to_edge, "--insecure")


def test_a_websocket_is_upgraded(edge: dict[str, Any]) -> None:
    request = (
        "GET /headers HTTP/1.1\r\nHost: a.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection((LOOPBACK, edge["plain"]), timeout=20) as connection:
        connection.sendall(request.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 101 ")


def test_nothing_in_it_is_deprecated(edge: dict[str, Any]) -> None:
    assert "deprecat" not in edge["envoy"].log.lower()
