"""A small kube-apiserver on loopback: objects with versions, optimistic locks, merge and JSON patches, and watches.

It keeps what it is given, in memory, as the real one does where the tests look; and it can be made to fail.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from tests.kube.loopback import LIMIT, kubeconfig
from xds_server.kube.client import Client

Document = dict[str, Any]


class Write(NamedTuple):
    """A request that changes something, and how it was answered."""

    method: str
    path: str
    body: Any
    status: int


class Refused(Exception):
    """An answer that is none."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class ApiServer:
    """Objects by path."""

    def __init__(self) -> None:
        self.objects: dict[str, Document] = {}
        self.writes: list[Write] = []
        self.reads = 0
        self.trouble: Callable[[str, str], int] = lambda method, path: 0
        """Says with which status a request fails, if it shall; 0 lets it pass."""
        self.before_write: Callable[[str], None] = lambda path: None
        """Called before a write takes effect: another writer may come first."""
        self.paused = asyncio.Event()
        self.paused.set()
        self._version = 0
        self._events: list[tuple[int, str, Document]] = []
        self._news = asyncio.Condition()
        self._background: set[asyncio.Task[None]] = set()

    # ---- for tests ------------------------------------------------------------------------------------------------

    def put(self, path: str, document: Document) -> Document:
        """Store an object, as somebody else would; return it as stored."""
        known = path in self.objects
        self._version += 1
        document["metadata"]["resourceVersion"] = str(self._version)
        document["metadata"].setdefault("uid", f"uid-{path}")
        self.objects[path] = document
        self._tell("MODIFIED" if known else "ADDED", path, document)
        return document

    def written(self, path: str) -> list[Write]:
        """Writes of a path that succeeded."""
        return [write for write in self.writes if write.path == path and write.status < 300]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(LIMIT):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    # ---- requests -------------------------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await self.paused.wait()
        method, path = request.method, request.path
        body = json.loads(await request.read() or b"null")
        try:
            if status := self.trouble(method, path):
                raise Refused(status, "Trouble")
            if method == "GET" and request.query.get("watch"):
                return await self._watch(request, path)
            answer = self._read(path, request) if method == "GET" else self._write(method, path, body, request)
            status = 200
        except Refused as refused:
            status = refused.status
            answer = {"kind": "Status", "code": status, "reason": refused.reason, "message": refused.reason}
        if method == "GET":
            self.reads += 1
        else:
            self.writes.append(Write(method, path, body, status))
        return web.json_response(answer, status=status)

    def _read(self, path: str, request: web.Request) -> Document:
        if path in self.objects:
            return self.objects[path]
        if not path.rsplit("/", 1)[-1].endswith("s"):
            raise Refused(404, "NotFound")
        found = sorted(place for place in self.objects if self._belongs(place, path))
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 500)
        more = str(start + limit) if start + limit < len(found) else ""
        metadata = {"resourceVersion": str(self._version), "continue": more}
        return {"metadata": metadata, "items": [self.objects[it] for it in found[start : start + limit]]}

    def _belongs(self, place: str, collection: str) -> bool:
        root, _, kind = collection.rpartition("/")
        return place.startswith(root) and place.split("/")[-2] == kind

    def _write(self, method: str, path: str, body: Any, request: web.Request) -> Document:
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                raise Refused(409, "AlreadyExists")
            return self.put(path, body)
        target = path.removesuffix("/status")
        self.before_write(target)
        kind = request.content_type.partition("+")[0]
        if target not in self.objects:
            if kind != "application/apply-patch":
                raise Refused(404, "NotFound")
            return self.put(target, body)
        current = deepcopy(self.objects[target])
        if method == "DELETE":
            self._tell("DELETED", target, self.objects.pop(target))
            return current
        if kind == "application/json-patch":
            return self.put(target, self._operated(current, body))
        version = body.get("metadata", {}).get("resourceVersion")
        if version not in (None, current["metadata"]["resourceVersion"]):
            raise Refused(409, "Conflict")
        return self.put(target, body if method == "PUT" else _merged(current, body))

    def _operated(self, current: Document, operations: list[Document]) -> Document:
        """Test that there is no status, and add one."""
        test, add = operations
        assert (test["op"], test["path"], test["value"]) == ("test", "/status", None)
        assert (add["op"], add["path"]) == ("add", "/status")
        if current.get("status") is not None:
            raise Refused(422, "Invalid")
        return {**current, "status": add["value"]}

    # ---- watches --------------------------------------------------------------------------------------------------

    def _tell(self, type_: str, path: str, document: Document) -> None:
        self._events.append((len(self._events), path, {"type": type_, "object": deepcopy(document)}))

        async def notify() -> None:
            async with self._news:
                self._news.notify_all()

        task = asyncio.ensure_future(notify())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _watch(self, request: web.Request, path: str) -> web.StreamResponse:
        after = int(request.query["resourceVersion"])
        at = 0
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            for number, place, event in self._events[at:]:
                at = number + 1
                if self._belongs(place, path) and int(event["object"]["metadata"]["resourceVersion"]) > after:
                    await response.write(json.dumps(event).encode() + b"\n")
            async with self._news:
                while len(self._events) == at:
                    await self._news.wait()


def _merged(current: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(current) if isinstance(current, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[ApiServer, Client]]:
    """Serve for as long as the block lasts, with a client of the server."""
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with await Client.load(kubeconfig(folder, url, {"token": "t"})) as client:
            yield server, client
    finally:
        await runner.cleanup()
