"""HTTP/1.1 as cheap as a loop of requests needs it: one connection, one request at a time."""

import asyncio
from typing import NamedTuple, Self

PATIENCE = 10.0
"""Seconds for a connection, and for a response."""
FAILURES = (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError)
"""What goes wrong with a connection, or with what comes over it."""


class Response(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


class Connection:
    """A connection that stays open for many requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.is_open = True
        """Whether another request may be sent."""

    @classmethod
    async def open(cls, address: str, port: int = 80) -> Self:
        """Connect; raises OSError or TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            return cls(*await asyncio.open_connection(address, port))

    async def ask(self, host: str, path: str = "/") -> Response:
        """Send a request and read its response; raises one of FAILURES."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            head, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            body = await self._body(headers)
        self.is_open = headers.get("connection") != "close"
        return Response(int(head.split()[1]), headers, body)

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readline()
        await self._reader.readline()
        return body

    def close(self) -> None:
        """Close it."""
        self.is_open = False
        self._writer.close()
