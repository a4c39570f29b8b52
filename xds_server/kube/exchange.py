"""Whole requests to one server over connections that last: HTTP/1.1, and no more around it than they need.

A status is written for every route that comes, and what carries the request would cost more than what it says.
"""

import asyncio
import socket
import ssl
import time
from collections import deque
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools

IDLE_SECONDS = 15.0
"""After which a connection that nobody used is closed; a kube-apiserver itself does so only later."""
KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 4))
"""A host that is gone without a word is noticed in about 40 seconds, whatever the stream has to say."""


class Reply(NamedTuple):
    """What was answered; of the headers the one that is read."""

    status: int
    retry_after: str | None
    body: bytes


class Origin(NamedTuple):
    """Whom connections are made to, and how: two that differ share none."""

    url: str
    """E.g. `https://10.96.0.1:443`."""
    tls: ssl.SSLContext | bool
    server_name: str | None = None


class Connection(asyncio.Protocol):
    """A connection, which has one request under way at most."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_used = False
        """Whether it has brought an answer before."""
        self._parser = httptools.HttpResponseParser(self)
        self._reply: asyncio.Future[Reply] | None = None
        self._retry_after: str | None = None
        self._body: list[bytes] = []

    async def ask(self, request: bytes) -> Reply:
        """Send a request and wait for its answer; raises OSError, and is closed, where none comes."""
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            reply = await self._reply
        except BaseException:
            self.close()
            raise
        self.is_used = True
        return reply

    def close(self) -> None:
        """End it at once."""
        self.is_open = False
        self._transport.abort()

    # ---- what the event loop tells --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may be used from now on."""
        self._transport, self.is_open = cast(asyncio.Transport, transport), True
        keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionAbortedError(f"what was answered is no HTTP: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits for an answer."""
        self.is_open = False
        self._fail(error if isinstance(error, OSError) else ConnectionResetError("the connection was closed"))

    def _fail(self, error: OSError) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)

    # ---- what the parser finds ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._retry_after, self._body = None, []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read."""
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Some of the body was read."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """An answer is whole; one that only says that another follows does not count."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        self.is_open = self.is_open and self._parser.should_keep_alive()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Reply(status, self._retry_after, body))


class Exchange:
    """Requests to one origin, each over a connection that is free, or a new one."""

    def __init__(self, origin: Origin, connect_seconds: float) -> None:
        self.origin = origin
        self._connect_seconds = connect_seconds
        url = urlsplit(origin.url)
        self._address = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        self._tls = None if url.scheme != "https" else origin.tls
        self._prefix, self._authority = url.path, url.netloc.rpartition("@")[2]
        self._free: deque[tuple[float, Connection]] = deque()
        """Since when; the one that was used last comes last."""
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, method: str, path: str, headers: dict[str, str], data: bytes | None) -> Reply:
        """Send a request and return its answer; raises OSError or TimeoutError.

        What may be asked twice is asked again where a connection that had lasted ends instead of answering.
        """
        head = [f"{method} {self._prefix}{path} HTTP/1.1", f"Host: {self._authority}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        if data is not None or method != "GET":
            head.append(f"Content-Length: {len(data or b'')}")
        request = "\r\n".join([*head, "\r\n"]).encode("latin-1") + (data or b"")
        while True:
            connection = self._take() or await self._connect()
            try:
                reply = await connection.ask(request)
            except ConnectionError:
                if method == "GET" and connection.is_used:
                    continue
                raise
            if connection.is_open:
                self._give_back(connection)
            else:
                connection.close()
            return reply

    def close(self) -> None:
        """End all connections that are free."""
        if self._timer is not None:
            self._timer.cancel()
        while self._free:
            self._free.pop()[1].close()

    async def _connect(self) -> Connection:
        host, port = self._address
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection,
                host,
                port,
                ssl=self._tls,
                server_hostname=(self.origin.server_name or host) if self._tls else None,
            )
        return connection

    def _take(self) -> Connection | None:
        while self._free:
            _, connection = self._free.pop()
            if connection.is_open:
                return connection
        return None

    def _give_back(self, connection: Connection) -> None:
        self._free.append((time.monotonic(), connection))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close what was not used for long."""
        now, self._timer = time.monotonic(), None
        while self._free and (self._free[0][0] + IDLE_SECONDS <= now or not self._free[0][1].is_open):
            self._free.popleft()[1].close()
        if self._free:
            wait = self._free[0][0] + IDLE_SECONDS - now
            self._timer = asyncio.get_running_loop().call_later(wait, self._sweep)


def keep_alive(connected: socket.socket) -> None:
    """Let a socket ask from time to time whether the other side is still there."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, value)
