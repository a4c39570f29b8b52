"""Backends: endpoints that change, and pods that are replaced while routes come, change and go."""

import asyncio
import json
import time
from collections import Counter
from datetime import UTC, datetime
from statistics import median

from tests.bench.cluster import documents
from tests.bench.cluster.documents import EDITED, ROLLING, SHARED, Target
from tests.bench.cluster.routes import TURNS, Figures, added, changed, failures, looking, removed
from tests.bench.cluster.site import BACKENDS, EDITED_TARGET, Site
from tests.bench.cluster.spending import cost, spent
from tests.cluster.namespace import until

ROLLING_TARGET = Target("rolling.example.com")
ROLLOUT_SECONDS = 240.0
EDITS = 5
"""How many edits in a row there are for each that is waited for."""


async def endpoints_edited(site: Site, count: int) -> Figures:
    """Let another pod be the endpoint: from the answer to the edit to that pod's first response; an edit's cost."""
    took, seen = [], Counter[int]()
    for number in range(count):
        before = await _pod(site)
        other = lambda it, before=before: _answering(it.body) != before  # noqa: E731
        async with looking(site, EDITED_TARGET, other, seen) as looked:
            await _point(site, site.backend_addresses[(number + 1) % BACKENDS])
            edited = time.perf_counter()
            took.append(max(0.0, await looked - edited))
    before_edits = await spent(site)
    for number in range(count * EDITS):
        await _point(site, site.backend_addresses[(number + 1) % BACKENDS])
    each = await cost(site, before_edits, count * EDITS)
    return {
        "endpoint edit live, median ms": median(took) * 1000,
        "endpoint edit live, worst ms": max(took) * 1000,
        "errors of edited endpoints": failures(seen),
        "CPU per endpoint edit ms": each.control_plane,
    }


async def endured(site: Site, count: int, rollouts: int) -> Figures:
    """Replace all pods of a backend while routes are added, changed and removed; nothing that is asked may fail."""
    rolling = ROLLING if site.world.services_of_their_own else SHARED
    if rolling == ROLLING and ROLLING_TARGET not in site.load.targets:
        await site.backends(ROLLING, BACKENDS)
        await site.addresses(ROLLING)
        await site.create(documents.http_route(ROLLING, ROLLING_TARGET, ROLLING))
        await site.serves(ROLLING_TARGET)
        site.load.targets += [ROLLING_TARGET] * len(site.load.targets)
    asked, errors = site.load.outcomes.total(), site.load.errors.total()
    over = asyncio.Event()

    async def unrest() -> int:
        steps = 0
        while not over.is_set() or steps < 1:
            await added(site, count)
            await changed(site, count)
            await removed(site, count)
            steps += 3 * count
        return steps

    async with asyncio.TaskGroup() as group:
        changes = group.create_task(unrest())
        for _ in range(rollouts):
            await _rolled(site, rolling)
        over.set()
    if rolling == SHARED:
        site.backend_addresses = await site.addresses(SHARED)
        await _point(site, site.backend_addresses[0])
    return {
        "pods replaced": rollouts * BACKENDS,
        "changes meanwhile": changes.result(),
        "requests meanwhile": site.load.outcomes.total() - asked,
        "failed meanwhile": site.load.errors.total() - errors,
    }


async def _rolled(site: Site, backend: str) -> None:
    """Replace a backend's pods, and wait until the old ones are gone."""
    before = {it["metadata"]["uid"] for it in await site.all("Pod", labelSelector=f"app={backend}")}
    annotations = {"bench/rolled-at": f"{datetime.now(UTC).isoformat()} {TURNS.random()}"}
    await site.patch("Deployment", backend, {"spec": {"template": {"metadata": {"annotations": annotations}}}})

    async def replaced() -> bool:
        deployment = await site.get("Deployment", backend)
        pods = {it["metadata"]["uid"] for it in await site.all("Pod", labelSelector=f"app={backend}")}
        status = (deployment or {}).get("status", {})
        return not pods & before and status.get("updatedReplicas") == status.get("readyReplicas") == BACKENDS

    await until(replaced, f"other pods of {backend}", ROLLOUT_SECONDS)


async def _pod(site: Site) -> str:
    """Ask which pod answers now."""
    answers: list[str] = []

    def kept(body: bytes) -> bool:
        answers.append(_answering(body))
        return True

    async with looking(site, EDITED_TARGET, lambda it: it.status == 200 and kept(it.body), Counter()) as looked:
        await looked
    return answers[0]


def _answering(body: bytes) -> str:
    return str(json.loads(body)["pod"]) if body.startswith(b"{") else ""


async def _point(site: Site, address: str) -> None:
    await site.patch("EndpointSlice", EDITED, {"endpoints": documents.endpoints(address)})
