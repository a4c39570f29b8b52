"""What one replica's Envoys said reaches the replica that leads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.builders import gateway, gateway_class, meta
from tests.kube.apiserver import ApiServer, serving
from translator import ir
from translator.pipeline import Settings
from translator.status import GatewayStatus
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.ads.events import Connected, Nacked, Settled
from xds_server.control_plane import ControlPlane
from xds_server.files import Put
from xds_server.kube.client import Client
from xds_server.kube.replicas import Replicas, Reporter, Rhythm
from xds_server.progress import Progress

EDGE = Key("shop", "edge")
HOME = "gatehouse-system"
FOLLOWERS = f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/gatehouse-replica-follower"
RHYTHM = Rhythm(good_for=1, renew=0.2, rest=0.02, litter=1.5)


class Replica:
    """A control plane with one Gateway, whose stream the test speaks for."""

    def __init__(self) -> None:
        self.plane = ControlPlane(Settings(awaits_envoys=True))
        self.streams: dict[Key, bool] = {}
        self.progress = Progress(self.plane, self.streams.get)
        placed = {EDGE: ir.Placement(addresses=(("IPAddress", "127.0.0.1"),))}
        objects = [
            Put(Ref("GatewayClass", "", "gatehouse"), gateway_class()),
            Put(Ref("Gateway", *EDGE), gateway(metadata=meta("edge", generation=2))),
        ]
        self.plane.change(objects, placed)

    def connect(self) -> None:
        self.streams[EDGE] = True
        self.plane.hear(Connected(EDGE, "envoy"))
        self.plane.hear(Settled(EDGE, "envoy"))

    def programmed(self) -> tuple[bool | None, str]:
        status = self.plane.statuses[Ref("Gateway", *EDGE)]
        assert isinstance(status, GatewayStatus)
        found = {it.type: it for it in status.conditions}["Programmed"]
        return found.status, found.message


@asynccontextmanager
async def running(*tasks: Any) -> Any:
    """Run until the end of the block."""
    started = [asyncio.create_task(task) for task in tasks]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        await asyncio.wait(started)


Scene = Callable[[ApiServer, Replica, Replica, Callable[[], Any]], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scene], None]:
    """Play a scene with a leader and a follower; what it is given starts the follower's reports."""

    def run(scene: Scene) -> None:
        async def main() -> None:
            async with AsyncExitStack() as stack:
                server, client = await stack.enter_async_context(serving(tmp_path))
                leader, follower = Replica(), Replica()
                await stack.enter_async_context(
                    running(Replicas(client, HOME, "leader", leader.progress, RHYTHM).run())
                )
                await scene(server, leader, follower, lambda: running(reports(client, follower)))

        asyncio.run(main())

    return run


async def reports(client: Client, follower: Replica, leads: bool = False) -> None:
    await Reporter(client, HOME, "follower", follower.progress, lambda: leads, RHYTHM).run()


def test_an_ack_that_a_follower_saw_programs_the_gateway(play: Callable[[Scene], None]) -> None:
    async def scene(server: ApiServer, leader: Replica, follower: Replica, reporting: Callable[[], Any]) -> None:
        async with reporting():
            await server.until(lambda: FOLLOWERS in server.objects)
            assert leader.programmed()[0] is False
            follower.connect()
            await server.until(lambda: leader.programmed()[0] is True)

    play(scene)


def test_a_nack_that_a_follower_saw_shows(play: Callable[[Scene], None]) -> None:
    async def scene(server: ApiServer, leader: Replica, follower: Replica, reporting: Callable[[], Any]) -> None:
        row = next(it for _, kind, it in follower.plane.translator.resources() if kind is ResourceType.LISTENER)
        async with reporting():
            follower.connect()
            await server.until(lambda: leader.programmed()[0] is True)
            follower.plane.hear(Nacked(EDGE, "envoy", ResourceType.LISTENER, row.name, "", row.version, "in use"))
            await server.until(lambda: leader.programmed()[0] is False)
        assert leader.programmed()[1] == "listener http: Envoy refuses port 80: in use"

    play(scene)


def test_a_follower_that_ends_takes_its_report_along(play: Callable[[Scene], None]) -> None:
    async def scene(server: ApiServer, leader: Replica, follower: Replica, reporting: Callable[[], Any]) -> None:
        async with reporting():
            follower.streams[EDGE] = False
            follower.plane.hear(Connected(EDGE, "envoy"))
            await server.until(lambda: leader.progress._reports)
        assert FOLLOWERS not in server.objects
        await server.until(lambda: not leader.progress._reports)

    play(scene)


def test_a_follower_that_is_killed_is_forgotten_and_its_lease_deleted(play: Callable[[Scene], None]) -> None:
    async def scene(server: ApiServer, leader: Replica, follower: Replica, reporting: Callable[[], Any]) -> None:
        follower.connect()
        async with reporting():
            await server.until(lambda: leader.progress._reports)
            left = server.objects[FOLLOWERS]
        await server.until(lambda: not leader.progress._reports)
        server.put(FOLLOWERS, left)
        await server.until(lambda: leader.progress._reports)
        await server.until(lambda: not leader.progress._reports)
        await server.until(lambda: FOLLOWERS not in server.objects)

    play(scene)


def test_a_leader_reports_to_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, client):
            leader = Replica()
            async with running(reports(client, leader, leads=True)):
                leader.connect()
                await asyncio.sleep(0.2)
            assert server.writes == []

    asyncio.run(main())
