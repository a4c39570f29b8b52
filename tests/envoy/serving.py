"""A real Envoy that serves a world, with echo backends behind it, for as long as a block lasts."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.envoy.running import LOOPBACK, Envoy, running
from tests.envoy.static import bootstrap
from tests.xds.world import World
from xds_server import echo


@contextmanager
def serving(world: World) -> Iterator[Envoy]:
    """Run an Envoy with the world's resources; the world is placed on loopback by its owner."""
    world.commit()
    with running(bootstrap(world.resources(), world.route_tables())) as envoy:
        yield envoy


@contextmanager
def backend(name: str) -> Iterator[int]:
    """Run an echo backend in a thread of its own; yields its port."""
    started = threading.Event()
    ports: list[int] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with echo.listen(LOOPBACK, 0, echo.Identity(pod=name, namespace="shop", service=name)) as port:
            ports.append(port)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20), "the backend did not start"
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
