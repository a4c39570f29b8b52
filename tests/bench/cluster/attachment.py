"""Who is Accepted: a watch of routes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec

from tests.bench.cluster.site import ROUTES_PATH, Site, is_passing
from xds_server.kube.client import KubeError
from xds_server.kube.paths import path_of

PATIENCE = 900.0
RETRY_SECONDS = 0.5


class _Condition(msgspec.Struct, gc=False):
    type: str
    status: str


class _Parent(msgspec.Struct, gc=False):
    conditions: list[_Condition] = []


class _Status(msgspec.Struct, gc=False):
    parents: list[_Parent] = []


class _Metadata(msgspec.Struct, gc=False):
    name: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Route(msgspec.Struct, gc=False):
    metadata: _Metadata
    status: _Status = msgspec.field(default_factory=_Status)


class _Event(msgspec.Struct, gc=False):
    type: str
    object: _Route


class Attachment:
    """Routes that have been seen to be Accepted."""

    def __init__(self) -> None:
        self.accepted: dict[str, float] = {}
        """When that was seen first, by `time.perf_counter`."""
        self._news = asyncio.Event()

    def see(self, event: _Event) -> None:
        """Take an event of the watch."""
        conditions = (it for parent in event.object.status.parents for it in parent.conditions)
        if any(it.type == "Accepted" and it.status == "True" for it in conditions):
            self.accepted.setdefault(event.object.metadata.name, time.perf_counter())
            self._news.set()

    async def count(self, wanted: int) -> float:
        """Wait until so many are Accepted, and return when the last was."""
        async with asyncio.timeout(PATIENCE):
            while len(self.accepted) < wanted:
                self._news.clear()
                await self._news.wait()
        return max(self.accepted.values())


@asynccontextmanager
async def attachment(site: Site) -> AsyncIterator[Attachment]:
    """Watch the routes that come for as long as the block lasts."""
    seen = Attachment()
    path = path_of(*ROUTES_PATH, site.home)
    listed = msgspec.json.decode(await site.client.get(path, {"limit": "1"}), type=_Route)
    decoder = msgspec.json.Decoder(_Event)

    async def watch() -> None:
        """A kube-apiserver ends a watch that is slow to read; the next one begins where it ended."""
        version = listed.metadata.resource_version
        while True:
            params = {"watch": "true", "resourceVersion": version}
            try:
                async with aclosing(site.client.stream(path, params)) as lines:
                    async for line in lines:
                        event = decoder.decode(line)
                        version = event.object.metadata.resource_version
                        seen.see(event)
            except KubeError as error:
                if not is_passing(error):
                    raise
                await asyncio.sleep(RETRY_SECONDS)
                version = ""  # of an old version it may know no more: then all that there is comes first

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch())
        yield seen
        task.cancel()
