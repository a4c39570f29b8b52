"""A kube-apiserver that stands still. Parts of the cluster itself may not survive that, so this comes last."""

import asyncio
import os
import time
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.cluster.commands import run
from tests.cluster.installation import Installation
from tests.cluster.namespace import is_true, until
from tests.cluster.pair import EDGE, at_least, turning, two_replicas
from tests.cluster.streams import DELTA, first_answer, token
from tests.cluster.traffic import load, outcomes
from translator.value import Key

pytestmark = [pytest.mark.cluster, pytest.mark.outage, pytest.mark.anyio]

OUTAGE_SECONDS = 60.0
HEARTBEAT_SECONDS = 12.0


@pytest.fixture
async def pair() -> AsyncIterator[Installation]:
    """Reached without a load balancer, which may have to be started anew after an outage."""
    async with two_replicas(service={"type": "ClusterIP"}) as pair:
        yield pair


@pytest.mark.skipif("LAB" not in os.environ, reason="a kube-apiserver that can be paused is LAB's")
async def test_a_kube_apiserver_stands_still_for_a_minute(pair: Installation) -> None:
    """Requests are answered, an Envoy that is known may come back, nobody leads for longer than the Lease lasts."""
    lab = os.environ["LAB"]
    address = await pair.programmed(EDGE)
    pods = await pair.complete(2)
    await until(lambda: pair.leader(), "a leader")
    replica = pods[0]["status"]["podIP"]
    account = f"{EDGE}-{pair.home}"
    known, unknown = await token(pair.home, account), await token(pair.home, account)
    config = await pair.get("ConfigMap", account)
    assert config is not None

    async def stream(shown: str) -> bytes:
        host = f"{pair.home}.{pair.home}.svc"
        return await first_answer(
            f"{replica}:18000", host, config["data"]["ca.crt"], DELTA, Key(pair.home, EDGE), shown
        )

    assert b"Cluster" in await stream(known)
    leaders: list[int] = []
    await asyncio.to_thread(run, lab, "pause", "kube-apiserver")
    try:
        end = time.monotonic() + OUTAGE_SECONDS
        async with load(address) as answers:
            while time.monotonic() < end:
                leaders.append(sum([int(await pair.metric(pod, "gatehouse_leader")) for pod in pods]))
                assert b"Cluster" in await stream(known)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stream(unknown)
    finally:
        await asyncio.to_thread(run, lab, "resume", "kube-apiserver")
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert set(outcomes(answers)) == {200}
    assert (leaders[0], leaders[-1], max(leaders)) == (1, 0, 1)
    await until(lambda: untroubled(pair), "the node, whose heartbeats were missed too, to be ready", 180)
    async with load(address) as answers, turning(pair, address) as turns:
        await until(at_least(turns, 10), "changes afterwards")
    await pair.accepted()
    assert set(outcomes(answers)) == {200}


async def untroubled(pair: Installation) -> bool:
    """Say whether all pods have been ready for longer than it takes the cluster to notice a missed heartbeat."""
    since = time.monotonic()
    while time.monotonic() < since + HEARTBEAT_SECONDS:
        for pod in await pair.all("Pod"):
            if not is_true("Ready", pod["status"]):
                return False
    return True
