"""GRPCRoutes and WebSockets on a real Envoy, called by a real gRPC client and a real WebSocket client."""

import asyncio
import subprocess
from collections.abc import Iterator

import aiohttp
import grpc
import pytest

from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, backend, deployment, echo, grpc_route, http_route, rule, service
from tests.live.stack import up

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("grpc traffic")]

PATIENCE = 10.0
SERVICE = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"


def method(service_name: str, name: str | None = None, type_: str = "Exact", **more: Document) -> Document:
    return {"method": {"type": type_, "service": service_name, **({"method": name} if name else {})}, **more}


ROUTES = (
    grpc_route(
        "calls",
        rule("greeter", matches=[method(SERVICE, "Echo")]),
        rule("greeter-b", matches=[{"headers": [{"name": "x-group", "value": "b"}]}]),
        rule("greeter", matches=[method("gatehouse.*", "Str.+", "RegularExpression")]),
    ),
    grpc_route("missing", rule("nowhere")),
    grpc_route("empty", rule("empty")),
    grpc_route("weights", rule(backend("greeter", weight=1), backend("nowhere", weight=1))),
    http_route("sockets", rule("sockets")),
    http_route("plain", rule("greeter")),
)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = edge_folder(tmp_path_factory.mktemp("grpc") / "resources")
    for name in ("greeter", "greeter-b"):
        folder.write(f"{name}.yaml", service(name, appProtocol="kubernetes.io/h2c"), deployment(name))
    folder.write("sockets.yaml", service("sockets", appProtocol="kubernetes.io/ws"), deployment("sockets"))
    folder.write("empty.yaml", *echo("empty", replicas=0))
    folder.write("routes.yaml", *ROUTES)
    with up(folder.path) as gatehouse:
        yield gatehouse.edge()


def call(edge: Edge, host: str, name: str, **metadata: str) -> bytes:
    """Make a unary call with an empty message; return the encoded response."""
    with grpc.insecure_channel(f"{edge.address}:{edge.port}", options=[("grpc.default_authority", host)]) as channel:
        answer: bytes = channel.unary_unary(f"/{SERVICE}/{name}")(
            b"", timeout=PATIENCE, metadata=tuple((key.replace("_", "-"), value) for key, value in metadata.items())
        )
        return answer


def code(edge: Edge, host: str, name: str = "Echo", **metadata: str) -> grpc.StatusCode:
    """The status of a unary call."""
    try:
        call(edge, host, name, **metadata)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_calls_are_routed_by_service_method_and_metadata(edge: Edge) -> None:
    assert b"greeter-1" in call(edge, "calls.example.com", "Echo")
    assert b"greeter-1" in call(edge, "calls.example.com", "Echo", x_group="b")
    assert b"greeter-b-1" in call(edge, "calls.example.com", "EchoTwo", x_group="b")


def test_a_call_that_nothing_matches_is_unimplemented(edge: Edge) -> None:
    assert code(edge, "calls.example.com", "EchoTwo") is grpc.StatusCode.UNIMPLEMENTED


def test_the_status_of_the_backend_reaches_the_client(edge: Edge) -> None:
    assert code(edge, "calls.example.com", "Echo", x_echo_grpc_status="9") is grpc.StatusCode.FAILED_PRECONDITION


def test_messages_stream_as_they_come(edge: Edge) -> None:
    options = [("grpc.default_authority", "calls.example.com")]
    with grpc.insecure_channel(f"{edge.address}:{edge.port}", options=options) as channel:
        stream = channel.unary_stream("/gatehouse.echo.v1.Echo/Stream")(
            b"", timeout=PATIENCE, metadata=(("x-echo-count", "3"), ("x-echo-delay", "10ms"))
        )
        assert [b"greeter-1" in message for message in stream] == [True, True, True]


def test_a_missing_backend_is_unavailable(edge: Edge) -> None:
    assert code(edge, "missing.example.com") is grpc.StatusCode.UNAVAILABLE
    assert code(edge, "empty.example.com") is grpc.StatusCode.UNAVAILABLE
    codes = {code(edge, "weights.example.com") for _ in range(30)}
    assert codes == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}


def test_an_http_route_carries_grpc_too(edge: Edge) -> None:
    assert b"greeter-1" in call(edge, "plain.example.com", "EchoTwo")


def test_a_websocket_echoes_its_frames(edge: Edge) -> None:
    async def talk() -> list[object]:
        url = f"ws://{edge.address}:{edge.port}/chat"
        async with (
            asyncio.timeout(PATIENCE),
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers={"Host": "sockets.example.com"}) as socket,
        ):
            await socket.send_str("hello")
            first = await socket.receive()
            await socket.send_bytes(b"\0\1")
            return [first.data, (await socket.receive()).data]

    assert asyncio.run(talk()) == ["hello", b"\0\1"]


def test_clients_may_speak_http_2_without_tls(edge: Edge) -> None:
    command = ["curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version} %{http_code}"]
    url = f"http://{edge.address}:{edge.port}/"
    run = subprocess.run([*command, "-H", "Host: sockets.example.com", url], capture_output=True, timeout=PATIENCE)
    assert run.stdout == b"2 200"
