"""Many Gateways that come and go, and many routes: nothing is left behind, and little is written."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest

from tests.cluster.installation import Installation, installed
from tests.cluster.namespace import Document, is_true, until

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

GATEWAYS, ROUNDS, ROUTES = 50, 6, 1000
AT_ONCE = 16
MiB = 2**20
NO_PODS = {"replicas": 0, "service": {"type": "ClusterIP"}}
KINDS = ("Deployment", "ReplicaSet", "DaemonSet", "Service", "EndpointSlice", "ConfigMap", "ServiceAccount", "Pod")
KEPT = (*KINDS, "Secret", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Lease")


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[Installation]:
    async with installed("house") as house:
        await house.apply("EnvoyParameters", "none", NO_PODS)
        yield house


async def test_gateways_that_come_and_go_leave_nothing_behind(house: Installation) -> None:
    """Neither in the cluster nor in memory."""
    (pod,) = await house.complete(1)
    names = [f"edge-{nth}" for nth in range(GATEWAYS)]
    before = await inventory(house)
    memory = []
    for _ in range(ROUNDS):
        await each(names, lambda name: gateway(house, name))
        await each(names, lambda name: house.route(name, "nobody", name=name))
        await until(lambda: all_attached(house), "all Gateways to be served")
        assert len(await house.all("Deployment")) == GATEWAYS + 1
        for kind in ("HTTPRoute", "Gateway"):
            await house.client.request("DELETE", house.path(kind))
        await until(lambda: same(house, before), "everything to go")
        memory.append(await house.metric(pod, "process_resident_memory_bytes"))
    assert min(memory) > 0
    assert max(memory[1:]) - memory[0] < 16 * MiB


async def test_a_thousand_routes_write_their_gateways_status_tens_of_times(house: Installation) -> None:
    (pod,) = await house.complete(1)
    await gateway(house, "many")
    await until(lambda: attached(house, "many", 0), "the Gateway's status")
    before = [await writes(house, pod, kind) for kind in ("Gateway", "HTTPRoute")]
    routes = [f"cart-{nth}" for nth in range(ROUTES)]
    await each(routes, lambda name: house.route("many", "nobody", name=name))
    await until(lambda: attached(house, "many", ROUTES), "all routes to be counted")
    await until(lambda: all_accepted(house), "the status of all routes")
    after = [await writes(house, pod, kind) for kind in ("Gateway", "HTTPRoute")]
    assert after[0] - before[0] < 100
    assert after[1] - before[1] < 1.5 * ROUTES


async def gateway(house: Installation, name: str) -> None:
    reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": "none"}
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    infrastructure = {"parametersRef": reference}
    spec = {"gatewayClassName": house.home, "listeners": [listener], "infrastructure": infrastructure}
    await house.apply("Gateway", name, spec)


async def each(names: Iterable[str], act: Callable[[str], Awaitable[None]]) -> None:
    """Do something for each name, for several at once."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with slots:
            await act(name)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(one(name))


async def inventory(house: Installation) -> dict[str, set[str]]:
    """The names of all that there is."""
    return {kind: {it["metadata"]["name"] for it in await house.all(kind)} for kind in KEPT}


async def same(house: Installation, before: dict[str, set[str]]) -> bool:
    return await inventory(house) == before


async def all_attached(house: Installation) -> bool:
    gateways = await house.all("Gateway")
    return all(has_address(it) and routes_of(it) == 1 for it in gateways)


async def attached(house: Installation, name: str, routes: int) -> bool:
    found = await house.get("Gateway", name)
    return found is not None and has_address(found) and routes_of(found) == routes


async def all_accepted(house: Installation) -> bool:
    found = json.loads(await house.client.get(house.path("HTTPRoute")))["items"]
    return all(is_true("Accepted", it) for route in found for it in route.get("status", {}).get("parents", ({},)))


async def writes(house: Installation, pod: Document, kind: str) -> float:
    return await house.metric(pod, "gatehouse_status_writes_total", kind=kind, outcome="written")


def has_address(gateway: Document) -> bool:
    return bool(gateway.get("status", {}).get("addresses"))


def routes_of(gateway: Document) -> int:
    listeners = gateway.get("status", {}).get("listeners", ())
    return sum(it["attachedRoutes"] for it in listeners)
