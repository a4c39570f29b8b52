"""A control plane's life: an hour of changes in little time, and its start."""

import asyncio

from tests.bench.cluster.costs import resident
from tests.bench.cluster.routes import TURNS, Figures, added
from tests.bench.cluster.site import Site, together
from tests.cluster.namespace import until

SETTLE_SECONDS = 5.0


async def churned(site: Site, changes: int) -> Figures:
    """Change routes as fast as the cluster takes it, as many as an hour of a busy cluster would: memory must return."""
    before = resident(await site.plane.metrics())
    async with site.plane.watched():
        took = await together(site.turn(TURNS.randrange(site.routes), turn) for turn in range(changes))
        await asyncio.sleep(SETTLE_SECONDS)
    return {
        "changes": changes,
        "changes a second": changes / took,
        "memory before changes MiB": before,
        "memory after changes MiB": resident(await site.plane.metrics()),
        "peak memory of changes MiB": site.plane.peak,
    }


async def started(site: Site) -> Figures:
    """Delete the control plane's pod: from the making of the new container to its first complete snapshot."""
    await site.plane.restart()
    async with site.plane.watched():
        ready = await site.plane.usage()
        served = await site.plane.said("serving") - ready.began

        async def connected() -> bool:
            return bool((await site.plane.metrics()).total("gatehouse_xds_streams"))

        await until(connected, "Envoy to come back")
        await added(site, 1)
        await asyncio.sleep(SETTLE_SECONDS)
    steady = await site.plane.metrics()
    return {
        "cold start to first snapshot s": served,
        "CPU of the start s": ready.cpu_seconds,
        "memory after the start MiB": resident(steady),
        "peak memory of the start MiB": max(site.plane.peak, resident(steady)),
    }
