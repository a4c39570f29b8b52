"""Planned pods on real sockets: started, scaled and stopped without a lost request."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.local.test_deployments import deployment, service
from xds_server.local.deployments import plan
from xds_server.local.pods import Pods

PATIENCE = 20


async def pod_at(session: aiohttp.ClientSession, document: dict[str, Any], path: str = "/") -> str:
    url = f"http://127.0.0.1:{document['ports'][0]['port']}{path}"
    async with session.get(url, headers={"Connection": "close"}) as response:
        return str((await response.json())["pod"])


def test_slices_follow_the_replicas() -> None:
    """New pods answer once a slice names them; old ones finish what they began, then are gone."""

    async def scenario() -> None:
        published: list[tuple[dict[str, Any], ...]] = []
        async with aiohttp.ClientSession() as session:
            async with asyncio.TaskGroup() as group:
                pods = Pods(group, published.append)
                await pods.run(plan([deployment()], [service()]))
                await pods.run(plan([deployment()], [service()]))
                await pods.run(plan([deployment(replicas=2)], [service()]))
                [[one], both] = published
                assert [await pod_at(session, document) for document in both] == ["cart-1", "cart-2"]
                assert both[0] == one
                in_flight = asyncio.create_task(pod_at(session, one, "/?delay=2s"))
                assert await pod_at(session, one) == "cart-1"
                await pods.run(plan([], [service()]))
                assert published[2:] == [()]
            assert await in_flight == "cart-1"
            with pytest.raises(aiohttp.ClientConnectionError):
                await pod_at(session, one)

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_pods_end_with_their_task_group() -> None:
    """Cancellation ends all pods at once."""

    async def scenario() -> None:
        published: asyncio.Queue[tuple[dict[str, Any], ...]] = asyncio.Queue()

        async def forever() -> None:
            async with asyncio.TaskGroup() as group:
                await Pods(group, published.put_nowait).run(plan([deployment(replicas=3)], [service()]))
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(forever())
        async with aiohttp.ClientSession() as session:
            slices = await published.get()
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            with pytest.raises(aiohttp.ClientConnectionError):
                await pod_at(session, slices[0])

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))
