"""Routes: many at once, and added, changed and removed one by one."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import TypeAlias

from tests.bench.cluster.attachment import attachment
from tests.bench.cluster.costs import resident
from tests.bench.cluster.documents import TURN_HEADER, Target
from tests.bench.cluster.requests import Connection, Response
from tests.bench.cluster.site import Site
from tests.bench.cluster.spending import cost, spent

Figures: TypeAlias = dict[str, float]

POLL, SPARING = 0.0005, 0.005
"""Seconds between two looks at whether a change is live: where Envoy itself answers, and where a backend does."""
REST = 0.05
"""Seconds before each of the changes that are measured one by one; nobody looks meanwhile."""
PATIENCE = 60.0
TURNS = random.Random(7)


async def attached(site: Site, size: int) -> Figures:
    """Create routes until there are `size`: how long until all are Accepted once the last was created."""
    added, before, counted = size - site.routes, await spent(site), await site.plane.metrics()
    async with site.plane.watched(), attachment(site) as seen:
        took = await site.create_all(site.documents(number) for number in range(site.routes, size))
        created = time.perf_counter()
        accepted = await seen.count(added)
    site.routes = size
    each, after = await cost(site, before, added), await site.plane.metrics()
    writes = ("gatehouse_status_writes_total", 'kind="HTTPRoute",outcome="written"')
    used = await spent(site)
    return {
        "routes created a second": added / took,
        "all Accepted after the last s": max(0.0, accepted - created),
        "status writes per route": (after.total(*writes) - counted.total(*writes)) / added,
        "CPU per route of many ms": each.control_plane,
        "Envoy CPU per route of many ms": each.envoy,
        "memory MiB": resident(after),
        "working set MiB": used.control_plane.memory,
        "peak memory MiB": max(site.plane.peak, resident(after)),
        "Envoy memory MiB": used.envoy.memory,
    }


async def added(site: Site, count: int) -> Figures:
    """Create routes one by one; each is asked for without pause, on a connection that lasts, until it is answered."""
    since_sent, since_created, seen = [], [], Counter[int]()
    before = await spent(site)
    for number in range(site.routes, site.routes + count):
        target, (*needed, route) = site.world.target(number), site.documents(number)
        await site.create(*needed)
        async with looking(site, target, lambda it: it.status == 200, seen, POLL) as looked:
            sent = time.perf_counter()
            await site.create(route)
            created = time.perf_counter()
            live = await looked
        since_sent.append(live - sent)
        since_created.append(max(0.0, live - created))
        site.load.targets.append(target)
    site.routes += count
    each = await cost(site, before, count)
    return {
        "new route live, median ms": median(since_created) * 1000,
        "new route live, worst ms": max(since_created) * 1000,
        "from sending it, median ms": median(since_sent) * 1000,
        "from sending it, worst ms": max(since_sent) * 1000,
        "5xx of new routes": failures(seen),
        "CPU per added route ms": each.control_plane,
        "Envoy CPU per added route ms": each.envoy,
        "CPU of the bench per added route ms": each.bench,
    }


async def changed(site: Site, count: int) -> Figures:
    """Change routes one by one: from the answer to the change to the first response that shows it."""
    took, seen = [], Counter[int]()
    for number in TURNS.sample(range(site.routes), min(count, site.routes)):
        turn = str(TURNS.randrange(1, 2**31))
        shows = lambda it, turn=turn: it.headers.get(TURN_HEADER) == turn  # noqa: E731
        async with looking(site, site.world.target(number), shows, seen) as looked:
            await site.turn(number, int(turn))
            changed_at = time.perf_counter()
            took.append(max(0.0, await looked - changed_at))
    return {
        "change live, median ms": median(took) * 1000,
        "change live, worst ms": max(took) * 1000,
        "errors of changed routes": failures(seen) + seen[404],
    }


async def removed(site: Site, count: int) -> Figures:
    """Remove the newest routes one by one: from the answer to the removal to the first 404."""
    took, seen = [], Counter[int]()
    for number in range(site.routes - 1, site.routes - 1 - count, -1):
        target = site.world.target(number)
        if target in site.load.targets:
            site.load.targets.remove(target)
        async with looking(site, target, lambda it: it.status == 404, seen) as looked:
            await site.remove(number)
            gone_at = time.perf_counter()
            took.append(max(0.0, await looked - gone_at))
        await site.remove_needed(number)
        site.routes = number
    return {"removal live, median ms": median(took) * 1000, "5xx of removed routes": failures(seen)}


@asynccontextmanager
async def looking(
    site: Site, target: Target, wanted: Callable[[Response], bool], seen: Counter[int], pause: float = SPARING
) -> AsyncIterator[asyncio.Task[float]]:
    """Ask from the beginning of the block until a response is as wanted: a task that returns when that was.

    The connection is there before, and is silent for a moment. The statuses of all responses before are counted.
    """
    connection = await Connection.open(site.address)
    await asyncio.sleep(REST)
    looked = asyncio.create_task(_first(connection, target, wanted, seen, pause))
    try:
        yield looked
    finally:
        looked.cancel()
        connection.close()


async def _first(
    connection: Connection, target: Target, wanted: Callable[[Response], bool], seen: Counter[int], pause: float
) -> float:
    async with asyncio.timeout(PATIENCE):
        while not wanted(response := await connection.ask(*target)):
            seen[response.status] += 1
            await asyncio.sleep(pause)
    return time.perf_counter()


def failures(seen: Counter[int]) -> int:
    """How many responses had a status of a server's failure."""
    return sum(count for status, count in seen.items() if status >= 500)
