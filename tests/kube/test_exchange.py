import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from tests.echo.certificates import self_signed
from xds_server.kube.exchange import Exchange, Origin, Reply

NAME = "a.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Callable[[], asyncio.AbstractEventLoop]]]:
    return "asyncio", {"loop_factory": request.param}


pytestmark = pytest.mark.anyio


class Server:
    """Plays answers, one for each request, over however many connections; nothing ends the connection instead."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.requests.append(head + await reader.readexactly(int(length or b"0")))
                answer = self._answers.pop(0)
                for part in (answer[:20], answer[20:]):  # as it may be cut on its way
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
                if not answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def exchange(server: Server, path: str = "") -> AsyncIterator[Exchange]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    client = Exchange(Origin(f"http://{host}:{port}{path}", True), 10.0)
    try:
        async with asyncio.timeout(10.0):
            yield client
    finally:
        client.close()
        listening.close()


async def test_a_connection_lasts_for_many_requests() -> None:
    server = Server(OK, OK)
    async with exchange(server) as client:
        assert await client.ask("GET", "/a?b=c", {"Accept": "x"}, None) == Reply(200, None, b"ok")
        assert await client.ask("PATCH", "/d", {}, b"{}") == Reply(200, None, b"ok")
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b"\r\nAccept: x\r\n\r\n")
    assert server.requests[1].endswith(b"\r\nContent-Length: 2\r\n\r\n{}")


async def test_requests_at_once_have_connections_of_their_own() -> None:
    server = Server(OK, OK)
    async with exchange(server) as client:
        await asyncio.gather(client.ask("GET", "/", {}, None), client.ask("GET", "/", {}, None))
    assert server.connections == 2


async def test_an_answer_may_come_in_chunks_and_say_when_to_come_back() -> None:
    chunked = (
        b"HTTP/1.1 429 Busy\r\nretry-after: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nlat\r\n2\r\ner\r\n0\r\n\r\n"
    )
    async with exchange(Server(chunked)) as client:
        assert await client.ask("GET", "/", {}, None) == Reply(429, "3", b"later")


async def test_what_only_announces_an_answer_is_none() -> None:
    async with exchange(Server(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)) as client:
        assert await client.ask("GET", "/", {}, None) == Reply(200, None, b"ok")


async def test_a_connection_that_is_to_be_closed_is_not_used_again() -> None:
    server = Server(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), OK)
    async with exchange(server) as client:
        for _ in range(2):
            assert (await client.ask("PATCH", "/", {}, b"{}")).body == b"ok"
    assert server.connections == 2


async def test_a_question_is_asked_again_when_a_connection_that_lasted_ends() -> None:
    server = Server(OK, b"", OK)
    async with exchange(server) as client:
        for _ in range(2):
            assert (await client.ask("GET", "/", {}, None)).body == b"ok"
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_change_is_not_sent_twice() -> None:
    server = Server(OK, b"")
    async with exchange(server) as client:
        await client.ask("PATCH", "/", {}, b"{}")
        with pytest.raises(ConnectionError):
            await client.ask("PATCH", "/", {}, b"{}")
    assert len(server.requests) == 2


async def test_what_is_no_answer_fails() -> None:
    async with exchange(Server(b"SSH-2.0-OpenSSH_9.2\r\n")) as client:
        with pytest.raises(ConnectionError, match="no HTTP"):
            await client.ask("GET", "/", {}, None)


async def test_a_connection_whose_answer_nobody_waits_for_is_closed() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha", OK)
    async with exchange(server) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.ask("GET", "/", {}, None)
        assert (await client.ask("GET", "/", {}, None)).body == b"ok"
    assert server.connections == 2


async def test_a_server_below_a_path() -> None:
    server = Server(OK)
    async with exchange(server, "/clusters/one") as client:
        await client.ask("GET", "/api", {}, None)
    assert server.requests[0].startswith(b"GET /clusters/one/api HTTP/1.1\r\n")


async def test_over_tls_the_server_is_who_it_should_be(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, NAME)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate, key)
    ours = ssl.create_default_context(cafile=str(certificate))
    server = Server(OK, OK)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=theirs)
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    known, stranger = Exchange(Origin(url, ours, NAME), 10.0), Exchange(Origin(url, ours), 10.0)
    for _ in range(2):
        assert (await known.ask("GET", "/", {}, None)).body == b"ok"
    with pytest.raises(ssl.SSLError):
        await stranger.ask("GET", "/", {}, None)
    known.close()
    listening.close()
