"""Many light Envoys in a process of their own, so that who measures and who is measured do not wait for them."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.streams.envoy import LightEnvoy, Reader
from translator.value import Key
from xds_server.limits import raise_open_files

PATIENCE, SIGHT = 300.0, 60.0
"""Seconds for whatever is done, and for an edit to be seen."""
LOSSES = 50
"""Connections closed at once: closing is none of what is measured."""


class Flock:
    """What the other process does; times are those of the clock that all processes of a machine share."""

    def __init__(self, port: int, gateways: list[Key], name: str) -> None:
        reader = Reader()
        self._envoys = [LightEnvoy(gateway, f"{name}-{nth}", port, reader) for nth, gateway in enumerate(gateways)]

    async def connect(self, remembers: bool) -> None:
        """Connect all at once."""
        for envoy in self._envoys:
            envoy.connect(remembers=remembers)

    async def settle(self) -> None:
        """Wait until every Envoy has all that it asked for."""
        await asyncio.gather(*(envoy.until_settled() for envoy in self._envoys))

    async def drop(self) -> None:
        """Lose all connections."""
        for first in range(0, len(self._envoys), LOSSES):
            await asyncio.gather(*(envoy.drop() for envoy in self._envoys[first : first + LOSSES]))

    async def announce(self, mark: bytes) -> None:
        """Look for bytes."""
        for envoy in self._envoys:
            envoy.announce(mark)

    async def seen(self, mark: bytes, gateway: Key) -> list[float]:
        """Return when each Envoy of a Gateway saw announced bytes, once all of them have."""
        return await asyncio.gather(*(it.until_seen(mark) for it in self._envoys if it.gateway == gateway))

    async def losses(self) -> int:
        """Return how many streams the control plane ended so far."""
        return sum(envoy.losses for envoy in self._envoys)

    async def traffic(self) -> tuple[Counter[Key], int]:
        """Return how many responses the Envoys of each Gateway had, and how many bytes all of them."""
        counted: Counter[Key] = Counter()
        for envoy in self._envoys:
            counted[envoy.gateway] += envoy.responses
        return counted, sum(envoy.bytes for envoy in self._envoys)


class Remote:
    """The same, seen from here: what is begun here is done there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, method: str, *arguments: Any) -> None:
        """Have something done; `result` waits for it."""
        self._connection.send((method, arguments))

    @property
    def is_done(self) -> bool:
        """Whether `result` would return at once."""
        return self._connection.poll()

    def result(self, patience: float = PATIENCE) -> Any:
        """Return what came of what was begun."""
        assert self._connection.poll(patience), f"waited {patience:.0f} s in vain for the flock"
        return self._connection.recv()

    def call(self, method: str, *arguments: Any) -> Any:
        """Have something done, and wait for it."""
        self.begin(method, *arguments)
        return self.result()

    def seen(self, mark: bytes, gateway: Key) -> list[float]:
        """Return when each Envoy of a Gateway saw announced bytes; fail if one of them does not."""
        self.begin("seen", mark, gateway)
        seen: list[float] = self.result(SIGHT)
        assert seen, f"{gateway} has no Envoy here"
        return seen


@contextmanager
def flock(port: int, gateways: list[Key], name: str = "envoy") -> Iterator[Remote]:
    """Have an Envoy for each of these keys of Gateways, none of them connected yet, for as long as the block lasts."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_main, args=(there, port, gateways, name))
    process.start()
    there.close()
    try:
        yield Remote(here)
    finally:
        process.terminate()
        process.join()


def _main(connection: Connection, port: int, gateways: list[Key], name: str) -> None:
    raise_open_files()
    asyncio.run(_serve(connection, Flock(port, gateways, name)))


async def _serve(connection: Connection, flock: Flock) -> None:
    while True:
        method, arguments = await asyncio.to_thread(connection.recv)
        connection.send(await getattr(flock, method)(*arguments))
