"""A control plane in a thread of its own: snapshots served over gRPC, for Envoys and stubs to connect to."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.envoy.running import LOOPBACK
from xds_server.ads.admission import Admission
from xds_server.ads.conversation import Patience
from xds_server.ads.events import Event
from xds_server.ads.service import Server
from xds_server.snapshot import Change, SnapshotCache

T = TypeVar("T")


class Served:
    """Snapshots and the server of them; everything is done in its thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, cache: SnapshotCache) -> None:
        self.cache = cache
        self.events: list[Event] = []
        self.port = 0
        self._loop = loop
        self.server: Server

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the thread of the server; return what it returns."""
        result: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: result.set_result(function()))
        return result.result(20)

    def apply(self, *changes: Change) -> None:
        """Publish one commit."""
        self.call(lambda: self.cache.apply(changes))

    def stop(self) -> None:
        """End all streams; no other is accepted."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(20)

    def heard(self, kind: type[Event]) -> list[Event]:
        """Events of a kind so far."""
        return [event for event in list(self.events) if isinstance(event, kind)]


@contextmanager
def serving(
    cache: SnapshotCache | None = None,
    port: int = 0,
    patience: Patience = Patience(),
    admission: Admission | None = None,
    credentials: Any = None,
) -> Iterator[Served]:
    """Serve a cache on loopback for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    served = Served(loop, cache or SnapshotCache())

    async def start() -> None:
        served.server = Server(served.cache, served.events.append, patience, admission)
        served.port = served.server.bind(f"{LOOPBACK}:{port}", credentials)
        await served.server.start()

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield served
    finally:
        served.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
