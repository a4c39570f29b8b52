"""An HTTP server on loopback that plays what a test gives it: answers, recorded watch lines, cuts and silences."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from xds_server.kube.client import Client

LIMIT = 10.0
"""Seconds for anything to happen that a test waits for."""


class Answer(NamedTuple):
    """A whole answer; a document is sent as JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = {}


class Stream(NamedTuple):
    """A watch: its lines, and whether it then stays open, is ended, or is cut off in the middle."""

    parts: tuple[bytes, ...]
    end: str = "open"


class Asked(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


class Loopback:
    """Plays what is queued for a path, one piece per request; the last piece is played again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._plays: dict[str, deque[Answer | Stream]] = defaultdict(deque)
        self._open: dict[str, web.StreamResponse] = {}
        self._news = asyncio.Condition()

    def play(self, path: str, *pieces: Answer | Stream) -> None:
        """Queue answers for a path; the watches of a path are queued under `watch PATH`."""
        self._plays[path] = deque(pieces)

    async def send(self, path: str, *lines: bytes) -> None:
        """Write lines to the watch of a path that is open."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: path in self._open)
        for line in lines:
            await self._open[path].write(line)

    async def heard(self, path: str, times: int = 1) -> list[Asked]:
        """Wait until a path, or the watch of one, has been asked for so often."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: len(self.of(path)) >= times)
        return self.of(path)

    def of(self, path: str) -> list[Asked]:
        """Return the requests for a path so far."""
        return [asked for asked in self.asked if _place(asked.path, asked.query) == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Play the next piece."""
        query = dict(request.query)
        asked = Asked(request.method, request.path, query, request.headers, await request.read())
        place = _place(request.path, query)
        async with self._news:
            self.asked.append(asked)
            self._news.notify_all()
        pieces = self._plays[place]
        if not pieces:
            missing = {"kind": "Status", "code": 404, "reason": "NotFound", "message": f"no {place}"}
            return web.json_response(missing, status=404)
        piece = pieces.popleft() if len(pieces) > 1 else pieces[0]
        if isinstance(piece, Answer):
            body = piece.body if isinstance(piece.body, bytes) else json.dumps(piece.body).encode()
            return web.Response(body=body, status=piece.status, headers=piece.headers)
        return await self._stream(request, place, piece)

    async def _stream(self, request: web.Request, place: str, piece: Stream) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in piece.parts:
            await response.write(part)
        if piece.end == "cut":
            assert request.transport is not None
            request.transport.abort()
        elif piece.end == "open":
            async with self._news:
                self._open[place] = response
                self._news.notify_all()
            await asyncio.Event().wait()
        return response


def _place(path: str, query: Mapping[str, str]) -> str:
    return f"watch {path}" if query.get("watch") else path


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """Serve for as long as the block lasts."""
    server = Loopback()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def kubeconfig(folder: Path, server: str, user: Mapping[str, Any], **cluster: Any) -> str:
    """Write a kubeconfig for a server and return its path."""
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "test", "user": dict(user)}],
    }
    path.write_text(json.dumps(document))
    return str(path)


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[tuple[Loopback, Client]]:
    """Serve, with a client of the server."""
    async with loopback() as server, await Client.load(kubeconfig(folder, server.url, {"token": "t"})) as client:
        yield server, client


def lines(documents: Iterable[Any]) -> bytes:
    """Write watch events as a kube-apiserver does."""
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)
