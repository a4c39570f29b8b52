"""CPU time that a piece of work takes: what would be spent without it, and on requests that go on, is taken off."""

import asyncio
import time
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from tests.bench.cluster.costs import Usage, envoys
from tests.bench.cluster.documents import GATEWAY
from tests.bench.cluster.site import Site

WINDOW_SECONDS = 1.0
QUIET = 0.03
"""CPU seconds a second, beyond those at rest, below which a control plane is done with what was begun."""
PATIENCE = 120.0
REST_SECONDS, RESTS = 2.5, 4


class Cost(NamedTuple):
    """CPU milliseconds for each piece of work."""

    control_plane: float
    envoy: float
    bench: float
    """What the measuring took, which shares the machine; the requests that go on, too."""


class Spent(NamedTuple):
    """What was used up to a moment."""

    control_plane: Usage
    envoy: Usage
    requests: int
    bench: float


async def spent(site: Site) -> Spent:
    """Ask what was used, once all that was begun is over: that belongs to what came before."""
    deadline = time.monotonic() + PATIENCE
    ours = await site.plane.usage()
    busy = True
    while busy and time.monotonic() < deadline:
        before = ours
        await asyncio.sleep(WINDOW_SECONDS)
        ours = await site.plane.usage()
        busy = _rate(before, ours) > site.idle + QUIET
    return await _now(site)


async def cost(site: Site, before: Spent, count: int) -> Cost:
    """What each of so many pieces of work has cost since a moment before them."""
    after = await spent(site)
    lasted = after.control_plane.at - before.control_plane.at
    ours = after.control_plane.cpu_seconds - before.control_plane.cpu_seconds - lasted * site.idle
    asked = (after.requests - before.requests) * site.request_seconds
    envoy = after.envoy.cpu_seconds - before.envoy.cpu_seconds - asked
    return Cost(*(it / count * 1000 for it in (ours, envoy, after.bench - before.bench)))


async def rested(site: Site) -> dict[str, float]:
    """Change nothing for some seconds."""
    site.idle = 0.0
    seen = [await spent(site)]
    for _ in range(RESTS):
        await asyncio.sleep(REST_SECONDS)
        seen.append(await _now(site))
    site.idle = median(_rate(before.control_plane, after.control_plane) for before, after in pairwise(seen))
    asked = max(1, seen[-1].requests - seen[0].requests)
    site.request_seconds = (seen[-1].envoy.cpu_seconds - seen[0].envoy.cpu_seconds) / asked
    return {"idle CPU a second ms": site.idle * 1000, "Envoy CPU per request ms": site.request_seconds * 1000}


async def _now(site: Site) -> Spent:
    ours, envoy = await site.plane.usage(), await envoys(site, GATEWAY)
    return Spent(ours, envoy, site.load.outcomes.total(), time.process_time())


def _rate(before: Usage, after: Usage) -> float:
    return (after.cpu_seconds - before.cpu_seconds) / (after.at - before.at)
