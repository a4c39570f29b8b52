"""A Gateway of an installation with two replicas, and a route that changes while requests go on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from contextlib import asynccontextmanager

from tests.cluster.installation import Installation, installed

EDGE = "edge"
PATIENT = {"shutdown": {"minSeconds": 5, "maxSeconds": 30}}
"""Envoys drain as long as the cluster takes to turn away from a pod."""


@asynccontextmanager
async def two_replicas(**parameters: object) -> AsyncIterator[Installation]:
    """Two replicas, a Gateway with these parameters, and a route to two backends."""
    async with installed("pair", replicas=2) as pair:
        await pair.backends("shop", 2)
        await pair.gateway(EDGE, parameters={**PATIENT, **parameters})
        await pair.route(EDGE, "shop")
        await pair.answers(await pair.programmed(EDGE))
        yield pair


@asynccontextmanager
async def turning(pair: Installation, address: str) -> AsyncIterator[list[int]]:
    """Change the route again and again, each time that the change before shows; give the turns that have shown."""
    shown: list[int] = []
    over = asyncio.Event()

    async def turn() -> None:
        for number in range(int(time.time()), 2**62):
            await pair.route(EDGE, "shop", turn=number)
            await pair.answers(address, turn=str(number))
            shown.append(number)
            if over.is_set():
                return

    async with asyncio.TaskGroup() as group:
        group.create_task(turn())
        try:
            yield shown
        finally:
            over.set()


def at_least(seen: Sized, count: int) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return len(seen) >= count

    return reached
