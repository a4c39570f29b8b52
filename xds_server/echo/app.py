"""The backend as an ASGI application: it reads a request, lets the pure rooms answer, and sends that."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog

from xds_server.echo import rpc
from xds_server.echo.answer import Answer, Request, answer, counts_attempts, received
from xds_server.echo.identity import Identity

log = structlog.get_logger()

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

REMEMBERED = 1000
"""How many requests `/received` lists, and of how many retried requests the attempts are known."""
GOING_AWAY = 1001
"""WebSocket close code of a server that shuts down (RFC 6455, 7.4.1)."""


class Echo:
    """One backend; `ready` answers its readiness probe at `/health`."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._attempts: Counter[str] = Counter()
        self._received: deque[str] = deque(maxlen=REMEMBERED)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Fail the readiness probe and close WebSockets from now on."""
        self._leaving.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        match scope["type"]:
            case "lifespan":
                await _live(receive, send)
            case "websocket":
                await self._websocket(receive, send)
            case _:
                await self._request(read_request(scope), receive, send)

    async def _request(self, request: Request, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        if request.proto == "HTTP/2.0" and request.header("content-type").startswith("application/grpc"):
            self._note(request)
            await _reply(rpc.reply(request, body, self._identity), receive, send)
        else:
            await _answer(self._answer(request), receive, send)

    def _answer(self, request: Request) -> Answer:
        match request.path:
            case "/health":
                return Answer(503, (), b"leaving\n") if self._leaving.is_set() else Answer(200, (), b"OK\n")
            case "/received":
                return received(tuple(self._received), self._identity)
            case _:
                self._note(request)
                return answer(request, self._identity, earlier=self._earlier(request))

    def _note(self, request: Request) -> None:
        self._received.append(f"{request.method} {request.target}")
        log.debug("echo.request", method=request.method, target=request.target, pod=self._identity.pod)

    def _earlier(self, request: Request) -> int:
        if not counts_attempts(request):
            return 0
        if len(self._attempts) >= REMEMBERED:
            self._attempts.clear()
        self._attempts[request.target] += 1
        return self._attempts[request.target] - 1

    async def _websocket(self, receive: Receive, send: Send) -> None:
        """Echo each frame as it came, until the client or we leave."""
        await receive()
        await send({"type": "websocket.accept"})
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            while True:
                frame = asyncio.ensure_future(receive())
                await asyncio.wait({frame, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not frame.done():
                    frame.cancel()
                    await send({"type": "websocket.close", "code": GOING_AWAY})
                    return
                event = frame.result()
                if event["type"] != "websocket.receive":
                    return
                await send({"type": "websocket.send", "bytes": event.get("bytes"), "text": event.get("text")})
        finally:
            leaving.cancel()


def read_request(scope: Scope) -> Request:
    """Decode an ASGI scope; HTTP/2's :authority is its host."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    version = scope["http_version"]
    return Request(
        method=scope["method"],
        target=f"{path}?{query}" if query else path,
        host=next((value for name, value in headers if name == "host"), ""),
        proto=f"HTTP/{version if '.' in version else f'{version}.0'}",
        headers=headers,
    )


async def _answer(given: Answer, receive: Receive, send: Send) -> None:
    if not await _still_there(receive, given.delay):
        return
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.headers]
    if given.body:
        headers.append((b"content-length", str(len(given.body)).encode()))
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    await send({"type": "http.response.body", "body": given.body})


async def _reply(given: rpc.Reply, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/grpc")]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
    for _ in range(given.count):
        if not await _still_there(receive, given.delay):
            return
        await send({"type": "http.response.body", "body": rpc.frame(given.payload), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    trailers = [(b"grpc-status", str(given.status).encode()), (b"grpc-message", quote(given.message, " /").encode())]
    await send({"type": "http.response.trailers", "headers": trailers if given.message else trailers[:1]})


async def _still_there(receive: Receive, delay: float) -> bool:
    """Wait, and tell whether the client waited too."""
    if not delay:
        return True
    try:
        await asyncio.wait_for(receive(), delay)
    except TimeoutError:
        return True
    return False


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None where the client left before its end."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body", False):
            return bytes(body)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
