"""CPU time that a piece of work takes; what the control plane would spend without it is taken off."""

import asyncio
import time
from typing import NamedTuple

from tests.bench.cluster.costs import Usage, envoys, usage
from tests.bench.cluster.documents import GATEWAY
from tests.bench.cluster.site import Site

SETTLE_SECONDS = 1.5
"""What a kubelet tells is at most about a second old."""
IDLE_SECONDS = 5.0


class Cost(NamedTuple):
    """CPU milliseconds for each piece of work; the Envoy's are those of the requests that go on, too."""

    control_plane: float
    envoy: float


class Spent(NamedTuple):
    """What was used up to a moment."""

    at: float
    control_plane: Usage
    envoy: Usage


async def spent(site: Site) -> Spent:
    """Ask what was used, once all that was begun is over."""
    await asyncio.sleep(SETTLE_SECONDS)
    at, pod = time.perf_counter(), await site.plane.pod()
    return Spent(at, await usage(site.client, pod, "gatehouse"), await envoys(site, GATEWAY))


async def cost(site: Site, before: Spent, count: int) -> Cost:
    """What each of so many pieces of work has cost since a moment before them."""
    after = await spent(site)
    lasted = after.at - before.at
    ours = after.control_plane.cpu_seconds - before.control_plane.cpu_seconds - lasted * site.idle
    envoy = after.envoy.cpu_seconds - before.envoy.cpu_seconds
    return Cost(max(0.0, ours) / count * 1000, envoy / count * 1000)


async def rested(site: Site) -> dict[str, float]:
    """Change nothing for some seconds."""
    before = await spent(site)
    await asyncio.sleep(IDLE_SECONDS)
    after = await spent(site)
    lasted = after.at - before.at
    site.idle = (after.control_plane.cpu_seconds - before.control_plane.cpu_seconds) / lasted
    return {"idle CPU a second ms": site.idle * 1000}
