"""Status, leases and Events at a real kube-apiserver, in namespaces of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.kube import test_replicas
from tests.kube.statuses import THEM, US, Writing, gateway, owners, route
from translator.api.kinds import KINDS
from translator.status import Status
from translator.value import Ref
from translator.xds.resource import ResourceType
from xds_server.ads.events import Nacked
from xds_server.kube.client import ApiError, Client
from xds_server.kube.election import Term
from xds_server.kube.events import Recorder
from xds_server.kube.lease import Leadership
from xds_server.kube.paths import path_of
from xds_server.kube.replicas import Replicas, Reporter
from xds_server.kube.status import StatusWriter
from xds_server.kube.watch import KubeSource

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

LIMIT = 60.0
MANAGER = "status-test"

Document = dict[str, Any]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def path(ref: Ref) -> str:
    kind = KINDS[ref.kind]
    return path_of(kind.api_version, kind.plural, ref.namespace, ref.name)


async def read(client: Client, ref: Ref) -> Document:
    found: Document = msgspec.json.decode(await client.get(path(ref)))
    return found


async def apply(client: Client, ref: Ref, spec: Document) -> None:
    document = {
        "apiVersion": KINDS[ref.kind].api_version,
        "kind": ref.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "spec": spec,
    }
    await client.apply(path(ref), document, manager=MANAGER)


async def make_gateway(client: Client, ref: Ref, hostname: str = "a.example.com") -> None:
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "hostname": hostname}
    await apply(client, ref, {"gatewayClassName": "nobodys", "listeners": [listener]})


async def make_route(client: Client, ref: Ref, path_prefix: str = "/") -> None:
    match = {"path": {"type": "PathPrefix", "value": path_prefix}}
    await apply(client, ref, {"parentRefs": [{"name": "edge"}], "rules": [{"matches": [match]}]})


def theirs(seen: int) -> Document:
    return {
        "type": "example.com/Scanned",
        "status": "True",
        "reason": "Seeded",
        "message": "",
        "observedGeneration": seen,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


class World(Writing):
    """A writer, and what it is told to say."""

    def __init__(self, client: Client, home: str) -> None:
        super().__init__()
        self.client = client
        self.home = home
        self.versions: dict[Ref, set[str]] = {}
        """Every version of every object that a watch saw."""
        self.writer = StatusWriter(client, US, self.wanted, namespaces=(home,))

    def ref(self, kind: str, name: str) -> Ref:
        return Ref(kind, self.home, name)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Count versions, and tell the writer of them as the cluster's watch does."""

        def seen(ref: Ref, version: str) -> None:
            if ref.namespace == self.home:
                self.versions.setdefault(ref, set()).add(version)
            self.writer.saw(ref, version)

        source = KubeSource(self.client, {name: KINDS[name] for name in ("Gateway", "HTTPRoute")}, seen=seen)
        task = asyncio.create_task(source.run())
        await anext(source)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def written(self) -> None:
        """Wait until nothing is left to be written."""
        await until(self.is_quiet)

    async def says(self, ref: Ref, condition: Callable[[Document], object]) -> Document:
        """Wait until an object has a status that is as it should be; return it."""
        status: Document = {}
        async with asyncio.timeout(LIMIT):
            while not status or not condition(status):
                status = (await read(self.client, ref)).get("status", {})
        return status


@pytest.fixture
def world(client: Client, home: str) -> World:
    return World(client, home)


# ---- others' words --------------------------------------------------------------------------------------------------


async def test_a_new_route_is_told_and_a_new_generation_keeps_the_time(world: World, client: Client) -> None:
    cart = world.ref("HTTPRoute", "cart")
    async with world.leading():
        await make_route(client, cart)
        world.want(cart, route())
        first = (await world.says(cart, owners))["parents"][0]["conditions"][0]
        await asyncio.sleep(1.1)  # times are in seconds
        await make_route(client, cart, "/other")
        world.want(cart, route(2))
        status = await world.says(cart, lambda it: it["parents"][0]["conditions"][0]["observedGeneration"] == 2)
        assert status["parents"][0]["conditions"][0] == {**first, "observedGeneration": 2}


async def test_entries_of_other_controllers_survive(world: World, client: Client) -> None:
    """As HTTPRoutePreserveForeignStatus has it, with the other writing as often as we do."""
    cart = world.ref("HTTPRoute", "cart")
    entry = {"parentRef": {"name": "other"}, "controllerName": THEM, "conditions": [theirs(1)]}
    await make_route(client, cart)
    async with world.leading():
        world.want(cart, route())
        status = await world.says(cart, owners)
        await client.patch(f"{path(cart)}/status", {"status": {"parents": [*status["parents"], entry]}})
        seeded = (await read(client, cart))["status"]["parents"][1]
        for generation in range(2, 12):
            await make_route(client, cart, f"/{generation}")
            world.want(cart, route(generation))
        status = await world.says(cart, lambda it: it["parents"][0]["conditions"][0]["observedGeneration"] == 11)
    assert owners(status) == [US, THEM]
    assert status["parents"][1] == seeded


async def test_foreign_conditions_of_gateways_and_listeners_survive(world: World, client: Client) -> None:
    """As GatewayPreserveForeignConditions has it."""
    edge = world.ref("Gateway", "edge")
    await make_gateway(client, edge)
    async with world.leading():
        world.want(edge, gateway())
        status = await world.says(edge, lambda it: it.get("listeners"))
        status["conditions"].append(theirs(1))
        status["listeners"][0]["conditions"].append(theirs(1))
        await client.patch(f"{path(edge)}/status", {"status": status})
        await make_gateway(client, edge, "b.example.com")
        world.want(edge, gateway(2))
        status = await world.says(edge, lambda it: it["conditions"][0]["observedGeneration"] == 2)
    assert theirs(1) in status["conditions"]
    assert theirs(1) in status["listeners"][0]["conditions"]
    assert status["addresses"] == [{"type": "IPAddress", "value": "10.9.8.7"}]


async def test_conflicts_are_written_through(world: World, client: Client) -> None:
    """Somebody who writes the same status without pause loses nothing, and keeps nothing from being written."""
    cart = world.ref("HTTPRoute", "cart")
    await make_route(client, cart)
    entries: list[Document] = []

    async def interfere() -> None:
        for nth in range(30):
            while True:
                document = await read(client, cart)
                entry = {"parentRef": {"name": f"other-{nth}"}, "controllerName": THEM, "conditions": [theirs(1)]}
                parents = [*document.get("status", {}).get("parents", ()), entry]
                version = {"resourceVersion": document["metadata"]["resourceVersion"]}
                try:
                    await client.patch(f"{path(cart)}/status", {"metadata": version, "status": {"parents": parents}})
                    break
                except ApiError as error:
                    if error.status != 409:
                        raise
            entries.append(entry)

    async with world.leading():
        other = asyncio.create_task(interfere())
        for nth in range(30):
            world.want(cart, route(state=nth % 2 == 0))
            await asyncio.sleep(0.02)
        await other
        await world.written()
        status = (await read(client, cart))["status"]
    assert owners(status).count(THEM) == 30
    assert [it["conditions"][0]["status"] for it in status["parents"] if it["controllerName"] == US] == ["False"]


async def test_what_somebody_overwrites_is_noticed_by_the_watch(world: World, client: Client) -> None:
    cart = world.ref("HTTPRoute", "cart")
    await make_route(client, cart)
    async with world.watching(), world.leading():
        world.want(cart, route())
        await world.says(cart, owners)
        await client.patch(f"{path(cart)}/status", {"status": {"parents": []}})
        await world.says(cart, lambda it: owners(it) == [US])


async def test_whoever_takes_over_writes_only_what_differs(world: World, client: Client) -> None:
    refs = [world.ref("HTTPRoute", f"cart-{nth}") for nth in range(20)]
    async with world.watching():
        for ref in refs:
            await make_route(client, ref)
            world.wanted[ref] = route()
        async with world.leading():
            await until(lambda: all(world.versions.get(ref) for ref in refs))
            await world.written()
        before = {ref: len(world.versions[ref]) for ref in refs}
        successor = World(client, world.home)
        successor.wanted.update({ref: route(state=ref != refs[0]) for ref in refs})
        async with successor.leading():
            await successor.says(refs[0], lambda it: it["parents"][0]["conditions"][0]["status"] == "False")
            await successor.written()
        await until(lambda: len(world.versions[refs[0]]) == before[refs[0]] + 1)
        assert [len(world.versions[ref]) for ref in refs[1:]] == [before[ref] for ref in refs[1:]]


# ---- leaders --------------------------------------------------------------------------------------------------------


class Replica:
    """Two of these share a lease; each says something else of the same route."""

    def __init__(self, client: Client, world: World, identity: str, state: bool) -> None:
        self.wanted: dict[Ref, Status] = {world.ref("HTTPRoute", "cart"): route(state=state)}
        self.acting = False
        writer = StatusWriter(client, US, self.wanted, namespaces=(world.home,))
        term = Term(good_for=3, renew_within=2.0, retry=0.2)
        self.leadership = Leadership(client, world.home, "gatehouse", identity, term)

        async def lead() -> None:
            self.acting = True
            try:
                await writer.run()
            finally:
                self.acting = False

        self.task = asyncio.create_task(self.leadership.run(lead))


async def test_the_leader_alone_writes_and_another_takes_over_when_it_is_killed(world: World) -> None:
    cart = world.ref("HTTPRoute", "cart")
    await make_route(world.client, cart)
    doomed = await Client.load()
    one = Replica(doomed, world, "one", True)
    await until(lambda: one.acting)
    two = Replica(world.client, world, "two", False)
    status = await world.says(cart, owners)
    assert status["parents"][0]["conditions"][0]["status"] == "True"
    await asyncio.sleep(4.0)  # longer than the lease is good for
    assert (one.acting, two.acting) == (True, False)
    await doomed.close()  # it can renew no more, nor give up the lease
    await until(lambda: two.acting)
    assert not one.acting
    await world.says(cart, lambda it: it["parents"][0]["conditions"][0]["status"] == "False")
    lease = msgspec.json.decode(
        await world.client.get(path_of("coordination.k8s.io/v1", "leases", world.home, "gatehouse"))
    )
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("two", 1)
    for replica in (one, two):
        replica.task.cancel()
    await asyncio.wait([one.task, two.task])


async def test_the_generation_that_was_programmed_is_learnt(world: World, client: Client) -> None:
    edge = world.ref("Gateway", "edge")
    await make_gateway(client, edge)
    async with world.leading():
        world.want(edge, gateway())
        await world.says(edge, lambda it: it.get("listeners"))
    learnt: dict[Ref, int] = {}
    world.writer = StatusWriter(client, US, world.wanted, programmed=learnt.update, namespaces=(world.home,))
    async with world.leading():
        await until(lambda: learnt)
    assert learnt == {edge: 1}


async def test_an_ack_that_a_follower_saw_reaches_the_leader(world: World, client: Client) -> None:
    """The stream is on a follower; the leader calls the Gateway Programmed all the same, and not when it is refused."""
    leader, follower = (test_replicas.Replica() for _ in range(2))
    row = next(it for _, kind, it in follower.plane.translator.resources() if kind is ResourceType.LISTENER)
    hearing = Replicas(client, world.home, "one", leader.progress)
    telling = Reporter(client, world.home, "two", follower.progress, lambda: False)
    async with test_replicas.running(hearing.run(), telling.run()):
        follower.connect()
        await until(lambda: leader.programmed()[0])
        refused = Nacked(test_replicas.EDGE, "envoy", ResourceType.LISTENER, row.name, "", row.version, "in use")
        follower.plane.hear(refused)
        await until(lambda: not leader.programmed()[0])
        assert leader.programmed()[1] == "listener http: Envoy refuses port 80: in use"


# ---- Events ---------------------------------------------------------------------------------------------------------


async def test_an_event_stands_at_its_object_once(world: World, client: Client) -> None:
    cart = world.ref("HTTPRoute", "cart")
    await make_route(client, cart)
    recorder = Recorder(client, US, "gatehouse-0")
    for _ in range(3):
        recorder.warn(cart, "RefusedByEnvoy", "bad regex")
    task = asyncio.create_task(recorder.run())
    events = path_of("events.k8s.io/v1", "events", world.home)
    items: list[Document] = []
    async with asyncio.timeout(LIMIT):
        while not items:
            found = msgspec.json.decode(await client.get(events))["items"]
            items = [it for it in found if "series" in it]
    task.cancel()
    assert [(it["regarding"]["name"], it["note"], it["series"]["count"], it["type"]) for it in items] == [
        ("cart", "bad regex", 3, "Warning")
    ]
