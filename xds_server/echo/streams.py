"""The backend without HTTP: lines over TCP and datagrams over UDP, in the dialect of the conformance backend.

A TCP client is welcomed with a line, and then answered line by line: `PING` with `PONG`, `TEST` with who answers. Every
datagram is answered with who answers, and with what it held.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import structlog

from xds_server.echo.identity import Identity

log = structlog.get_logger()

WELCOME = "Gateway API Test TCP Server"


def reply(line: str, identity: Identity) -> str | None:
    """Answer a line; None is no answer."""
    match line:
        case "PING":
            return "PONG"
        case "IS_TLS":
            return "false"
        case "TEST":
            return json.dumps({**_described(identity), "isTLS": False})
        case _:
            return None


def echoed(datagram: bytes, identity: Identity) -> bytes:
    """Answer a datagram."""
    return json.dumps({"request": datagram.decode(errors="replace"), **_described(identity)}).encode()


@asynccontextmanager
async def listen_tcp(host: str, port: int, identity: Identity) -> AsyncIterator[int]:
    """Answer lines within the block and yield the port, a free one where 0 was asked for."""
    open_now: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        log.debug("echo.connection", pod=identity.pod)
        try:
            writer.write(f"{WELCOME}\n".encode())
            async for line in reader:
                answer = reply(line.decode(errors="replace").rstrip("\r\n"), identity)
                if answer is not None:
                    writer.write(f"{answer}\n".encode())
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            open_now.discard(writer)
            writer.close()

    server = await asyncio.start_server(converse, host, port, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_now:
            writer.close()


@asynccontextmanager
async def listen_udp(host: str, port: int, identity: Identity) -> AsyncIterator[int]:
    """Answer datagrams within the block and yield the port, a free one where 0 was asked for."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(identity), local_addr=(host, port))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent with."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a datagram."""
        if self._transport is not None:
            log.debug("echo.datagram", pod=self._identity.pod)
            self._transport.sendto(echoed(data, self._identity), addr)


def _described(identity: Identity) -> dict[str, str]:
    return {"namespace": identity.namespace, "service": identity.service, "pod": identity.pod}
