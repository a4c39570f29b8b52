"""The echo backend on real sockets, asked by real clients."""

import asyncio
import json
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from grpc import aio

from tests.echo.certificates import self_signed
from tests.live.authority import Authority
from xds_server import echo
from xds_server.echo import rpc

CART = echo.Identity(pod="cart-1", namespace="shop", service="cart")
HOST = "127.0.0.1"
PATIENCE = 20


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run an async scenario, which may take a generous while."""
    asyncio.run(asyncio.wait_for(scenario, PATIENCE))


async def curl(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec("curl", "-sS", *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode()


def test_http_1_and_2_share_one_port(tmp_path: Path) -> None:
    """HTTP/2 is spoken with prior knowledge where HTTP/1.1 is spoken too."""
    body = tmp_path / "body"
    body.write_bytes(b"x" * 1_000_000)

    async def scenario() -> None:
        async with echo.listen(HOST, 0, CART) as port:
            for option, proto in (("--http1.1", "HTTP/1.1"), ("--http2-prior-knowledge", "HTTP/2.0")):
                answer = json.loads(await curl(option, "--data-binary", f"@{body}", f"http://{HOST}:{port}/a?b=c"))
                assert (answer["proto"], answer["path"], answer["method"]) == (proto, "/a?b=c", "POST")

    run(scenario())


def test_websocket_frames_come_back_until_the_server_leaves() -> None:
    """Text and binary frames are echoed; a leaving server closes with 1001."""

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            async with echo.listen(HOST, 0, CART) as port:
                socket = await session.ws_connect(f"http://{HOST}:{port}/any/path")
                await socket.send_str("hello")
                assert await socket.receive_str() == "hello"
                await socket.send_bytes(b"\0\1")
                assert await socket.receive_bytes() == b"\0\1"
            closed = await socket.receive()
            assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1001)

    run(scenario())


def test_grpc_is_served_on_the_same_port() -> None:
    """A unary call, a stream, an unimplemented method and a status that was asked for."""

    async def scenario() -> None:
        async with echo.listen(HOST, 0, CART) as port, aio.insecure_channel(f"{HOST}:{port}") as channel:
            answer = await channel.unary_unary(rpc.UNARY[0])(b"", metadata=(("x-team", "blue"),))
            assert b"cart-1" in answer
            assert b"x-team" in answer
            stream = channel.unary_stream(rpc.STREAM)(b"", metadata=(("x-echo-count", "3"), ("x-echo-delay", "10ms")))
            assert len([message async for message in stream]) == 3
            for method, metadata, code in (
                (f"{rpc.CONFORMANCE_SERVICE}/EchoThree", (), grpc.StatusCode.UNIMPLEMENTED),
                (rpc.UNARY[1], (("x-echo-grpc-status", "14"),), grpc.StatusCode.UNAVAILABLE),
            ):
                with pytest.raises(aio.AioRpcError) as error:
                    await channel.unary_unary(method)(b"", metadata=metadata)
                assert error.value.code() is code

    run(scenario())


def test_grpc_needs_http_2() -> None:
    """Over HTTP/1.1 there are no trailers to tell a status in: a call is a request like any other."""

    async def scenario() -> None:
        async with echo.listen(HOST, 0, CART) as port, aiohttp.ClientSession() as session:
            headers = {"content-type": "application/grpc", "te": "trailers"}
            async with session.post(f"http://{HOST}:{port}{rpc.UNARY[0]}", data=b"", headers=headers) as response:
                assert (await response.json())["proto"] == "HTTP/1.1"

    run(scenario())


def test_tls_offers_http_2(tmp_path: Path) -> None:
    """With a certificate the port speaks TLS, HTTP/2 by ALPN."""
    certificate, key = self_signed(tmp_path, "cart.example.com")

    async def scenario() -> None:
        async with echo.listen(HOST, 0, CART, tls=echo.Tls(str(certificate), str(key))) as port:
            answer = await curl(
                "--cacert", str(certificate), "--connect-to", f"::{HOST}:{port}", "https://cart.example.com/"
            )
            assert json.loads(answer)["proto"] == "HTTP/2.0"

    run(scenario())


def test_a_request_in_flight_is_answered_though_the_server_leaves() -> None:
    """Leaving fails the readiness probe, accepts for a while more, and finishes what it began."""

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            async with echo.listen(HOST, 0, CART, leave_seconds=1) as port:
                slow = asyncio.create_task(session.get(f"http://{HOST}:{port}/slow?delay=2s"))
                async with session.get(f"http://{HOST}:{port}/health") as health:
                    assert health.status == 200
                left = asyncio.create_task(_status_of_health_once_it_fails(session, port))
            assert await left == 503
            assert (await slow).status == 200
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(f"http://{HOST}:{port}/", headers={"Connection": "close"})

    run(scenario())


async def _status_of_health_once_it_fails(session: aiohttp.ClientSession, port: int) -> int:
    while True:
        async with session.get(f"http://{HOST}:{port}/health", headers={"Connection": "close"}) as health:
            if health.status != 200:
                return health.status


def test_importing_the_backend_imports_no_server() -> None:
    """The control plane pays for the HTTP server only where one is started."""
    code = "import sys, xds_server.echo; sys.exit('hypercorn' in sys.modules)"

    async def scenario() -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        assert await process.wait() == 0

    run(scenario())


def test_lines_and_datagrams_are_answered_with_who_answers() -> None:
    """The dialect of the conformance backend, on TCP and UDP ports of their own."""

    async def scenario() -> None:
        async with echo.listen_all(HOST, echo.Ports(0, None, 0, 0), CART) as ports:
            assert ports.tcp
            assert ports.udp
            reader, writer = await asyncio.open_connection(HOST, ports.tcp)
            assert await reader.readline() == b"Gateway API Test TCP Server\n"
            writer.write(b"PING\nTEST\n")
            assert await reader.readline() == b"PONG\n"
            assert json.loads(await reader.readline())["pod"] == "cart-1"
            assert json.loads(await asyncio.to_thread(datagram, ports.udp, b"ask")) == {
                "request": "ask",
                "namespace": "shop",
                "service": "cart",
                "pod": "cart-1",
            }
        assert await reader.read() == b""
        writer.close()

    run(scenario())


def datagram(port: int, payload: bytes) -> bytes:
    """Send a datagram and return the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.sendto(payload, (HOST, port))
        return client.recv(4096)


def test_tls_is_spoken_with_a_certificate_of_its_own() -> None:
    """Nobody has to give one; it names the pod."""

    async def scenario() -> None:
        async with echo.listen_all(HOST, echo.Ports(0, 0), CART) as ports:
            printed = await curl("-k", "-v", "--stderr", "-", f"https://{HOST}:{ports.https}/a")
            assert "CN=cart-1" in printed.replace(" ", "")
            assert '"pod": "cart-1"' in printed

    run(scenario())


def test_with_an_authority_clients_have_to_show_a_certificate(tmp_path: Path) -> None:
    """A folder with a certificate and a `ca.crt` lets nobody in who has none that it signed."""
    authority = Authority("clients")
    for owner, pair in (("server", authority.issue("cart", "cart.example.com")), ("client", authority.issue("ann"))):
        (tmp_path / owner).mkdir()
        (tmp_path / owner / "tls.crt").write_bytes(pair.certificate)
        (tmp_path / owner / "tls.key").write_bytes(pair.key)
    (tmp_path / "server" / "ca.crt").write_bytes(authority.certificate)
    shown = ("--cert", f"{tmp_path}/client/tls.crt", "--key", f"{tmp_path}/client/tls.key")

    async def scenario() -> None:
        tls = echo.in_folder(str(tmp_path / "server"))
        async with echo.listen_all(HOST, echo.Ports(0, 0), CART, tls=tls) as ports:
            asked = ("-o", f"{tmp_path}/out", "-w", "%{http_code}", "-k", f"https://{HOST}:{ports.https}/")
            assert await curl(*shown, *asked) == "200"
            assert await curl(*asked) == "000"

    run(scenario())
