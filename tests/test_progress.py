"""When a Gateway is acknowledged: once every Envoy of it, on any replica, has answered for it."""

import asyncio
from collections.abc import Callable

from tests.builders import build, gateway, gateway_class, http_route, listener, meta, service
from translator import ir
from translator.api.gateway import ListenerSet
from translator.api.routes import HTTPRoute
from translator.pipeline import Settings
from translator.status import GatewayStatus, ListenerSetStatus, RouteStatus
from translator.value import Key, Ref
from translator.xds.resource import ResourceType, version
from xds_server.ads.events import Acked, Connected, Disconnected, Nacked, Settled
from xds_server.control_plane import ControlPlane
from xds_server.files import Delete, Put
from xds_server.progress import Progress, Report
from xds_server.refusals import Refusal

EDGE = Key("shop", "edge")
EDGE_REF = Ref("Gateway", *EDGE)
EXTRA_REF = Ref("ListenerSet", "shop", "extra")


class World:
    """One replica with a Gateway, whose streams the test speaks for."""

    def __init__(self) -> None:
        self.plane = ControlPlane(Settings(awaits_envoys=True))
        self.settled: dict[Key, bool] = {}
        self.progress = Progress(self.plane, self.settled.get)
        self.reports: list[Report] = []
        self.progress.watch(lambda: self.reports.append(self.progress.report()))
        self.plane.change([Put(Ref("GatewayClass", "", "gatehouse"), gateway_class())])

    async def edit(self, generation: int) -> None:
        allowed = {"namespaces": {"from": "Same"}}
        metadata = meta("edge", generation=generation)
        value = gateway(listener(port=80 + generation), metadata=metadata, allowedListeners=allowed)
        placed = {EDGE: ir.Placement(addresses=(("IPAddress", "127.0.0.1"),))}
        self.plane.change([Put(EDGE_REF, value)], placed)
        await asyncio.sleep(0)

    def connect(self, settled: bool = True) -> None:
        self.settled[EDGE] = False
        self.plane.hear(Connected(EDGE, "envoy"))
        if settled:
            self.settle()

    def settle(self) -> None:
        self.settled[EDGE] = True
        self.plane.hear(Settled(EDGE, "envoy"))

    def disconnect(self) -> None:
        del self.settled[EDGE]
        self.plane.hear(Disconnected(EDGE, "envoy"))

    @property
    def programmed(self) -> tuple[bool | None, int]:
        status = self.plane.statuses[EDGE_REF]
        assert isinstance(status, GatewayStatus)
        found = {it.type: it for it in status.conditions}["Programmed"]
        return found.status, found.observed_generation

    async def add(self, generation: int) -> None:
        spec = {"parentRef": {"name": "edge"}, "listeners": [listener("more", 9000 + generation)]}
        value = build(meta("extra", generation=generation), spec, ListenerSet)
        self.plane.change([Put(EXTRA_REF, value)])
        await asyncio.sleep(0)

    @property
    def extra(self) -> tuple[bool | None, int]:
        status = self.plane.statuses[EXTRA_REF]
        assert isinstance(status, ListenerSetStatus)
        found = {it.type: it for it in status.conditions}["Programmed"]
        return found.status, found.observed_generation


def play(scene: Callable[[World], object]) -> None:
    async def main() -> None:
        result = scene(World())
        if asyncio.iscoroutine(result):
            await result

    asyncio.run(main())


def test_without_an_envoy_nothing_is_acknowledged() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        assert world.programmed == (False, 1)

    play(scene)


def test_a_gateway_is_programmed_when_its_envoys_have_answered() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect(settled=False)
        assert world.programmed == (False, 1)
        world.settle()
        assert world.programmed == (True, 1)

    play(scene)


def test_a_disconnect_takes_nothing_back() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        world.disconnect()
        assert world.programmed == (True, 1)
        await world.edit(2)
        assert world.programmed == (True, 1)
        world.connect()
        assert world.programmed == (True, 2)

    play(scene)


def test_unchanged_output_counts_as_acknowledged() -> None:
    """A generation that no stream has to be told of is acknowledged with its commit."""

    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        await world.edit(2)
        assert world.programmed == (True, 2)

    play(scene)


def test_the_laggard_that_disconnects_holds_nothing_up() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect(settled=False)
        world.settled[EDGE] = True
        world.plane.hear(Disconnected(EDGE, "laggard"))
        assert world.programmed == (True, 1)

    play(scene)


def test_all_replicas_have_to_have_answered() -> None:
    async def scene(world: World) -> None:
        await world.edit(2)
        world.progress.hear("other", Report(((EDGE, 1),)))
        world.connect()
        assert world.programmed == (False, 2)
        world.progress.hear("other", Report(((EDGE, 2),)))
        assert world.programmed == (True, 2)

    play(scene)


def test_the_envoys_of_another_replica_are_enough() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.progress.hear("other", Report(((EDGE, 1),)))
        assert world.programmed == (True, 1)

    play(scene)


def test_a_replica_that_is_gone_holds_nothing_up() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        await world.edit(2)
        world.progress.hear("other", Report(((EDGE, 0),)))
        await world.edit(3)
        assert world.programmed == (True, 2)
        world.progress.hear("other", None)
        assert world.programmed == (True, 3)

    play(scene)


def test_what_the_status_said_before_is_taken_over() -> None:
    async def scene(world: World) -> None:
        await world.edit(3)
        world.progress.learn({EDGE_REF: 3, Ref("Gateway", "shop", "other"): 1})
        assert world.programmed == (True, 3)

    play(scene)


def test_a_listener_set_waits_for_the_envoys_and_leaves_the_gateway_programmed() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        world.settled[EDGE] = False
        await world.add(1)
        assert (world.programmed, world.extra) == ((True, 1), (False, 1))
        world.settle()
        assert world.extra == (True, 1)
        world.settled[EDGE] = False
        await world.add(2)
        assert world.extra == (True, 1)
        world.settle()
        assert world.extra == (True, 2)

    play(scene)


def test_a_listener_set_waits_for_the_envoys_of_all_replicas() -> None:
    """A replica that knows another world of ListenerSets has not answered for this one."""

    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        world.progress.hear("other", Report(((EDGE, 1),)))
        await world.add(1)
        assert world.extra == (False, 1)
        world.progress.hear("other", Report(((EDGE, 1),), marks=((EDGE, 1),)))
        assert world.extra == (False, 1)
        world.progress.hear("other", Report(((EDGE, 1),), marks=((EDGE, world.plane.translator.mark(EDGE)),)))
        assert world.extra == (True, 1)

    play(scene)


def test_what_the_status_of_a_listener_set_said_before_is_taken_over() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        await world.add(3)
        world.progress.learn({EXTRA_REF: 2})
        assert world.extra == (False, 3)
        world.progress.learn({EXTRA_REF: 3})
        assert world.extra == (True, 3)

    play(scene)


def test_a_gateway_that_is_made_again_is_acknowledged_again() -> None:
    async def scene(world: World) -> None:
        await world.edit(4)
        world.connect()
        world.disconnect()
        world.plane.change([Delete(EDGE_REF)])
        await asyncio.sleep(0)
        await world.edit(1)
        assert world.programmed == (False, 1)

    play(scene)


def test_a_replica_reports_what_its_envoys_said() -> None:
    async def scene(world: World) -> None:
        await world.edit(1)
        world.connect()
        world.disconnect()
        assert world.reports == [Report(((EDGE, 0),)), Report(((EDGE, 1),)), Report()]

    play(scene)


# ---- refusals -------------------------------------------------------------------------------------------------------


CART = Ref("HTTPRoute", "shop", "cart")


async def with_route(world: World) -> Nacked:
    """A route whose virtual host an Envoy refuses."""
    await world.edit(1)
    world.plane.change([Put(Ref("Service", "shop", "cart"), service("cart", 80)), Put(CART, cart("/cart"))])
    world.connect()
    host = world.plane.snapshots[EDGE].tables["http/81/0"].hosts["a.example.com"]
    refused = Nacked(EDGE, "envoy", ResourceType.ROUTE, "http/81/0", "a.example.com", version(host.digest), "bad regex")
    world.plane.hear(refused)
    return refused


def cart(path: str) -> HTTPRoute:
    rule = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [{"name": "cart", "port": 80}]}
    return http_route(rule, name="cart", hostnames=("a.example.com",))


def refused_routes(world: World) -> dict[str, str]:
    return {
        ref.name: condition.message
        for ref, status in world.plane.statuses.items()
        if isinstance(status, RouteStatus)
        for parent in status.parents
        for condition in parent.conditions
        if condition.type == "gatehouse.dev/Refused"
    }


def test_a_refusal_shows_and_is_reported_with_the_routes_at_fault() -> None:
    async def scene(world: World) -> None:
        said = await with_route(world)
        assert refused_routes(world) == {"cart": "Envoy refuses host a.example.com: bad regex"}
        assert world.programmed == (False, 1)
        expected = Refusal(EDGE, said.type, said.name, said.host, said.version, said.words, (CART,))
        assert world.reports[-1] == Report(((EDGE, 1),), (expected,))

    play(scene)


def test_what_another_replica_saw_refused_shows_here() -> None:
    async def scene(world: World) -> None:
        follower = World()
        await with_route(follower)
        await world.edit(1)
        world.plane.change([Put(Ref("Service", "shop", "cart"), service("cart", 80)), Put(CART, cart("/cart"))])
        world.progress.hear("follower", follower.progress.report())
        assert refused_routes(world) == refused_routes(follower)
        assert world.programmed == (False, 1)

    play(scene)


def test_a_refusal_is_not_reported_any_more_once_the_route_has_changed_and_was_accepted() -> None:
    async def scene(world: World) -> None:
        await with_route(world)
        world.plane.change([Put(CART, cart("/basket"))])
        world.plane.hear(Acked(EDGE, "envoy", ResourceType.ROUTE, ("http/81/0",), (), 0.1))
        assert refused_routes(world) == {}
        assert world.reports[-1].refused == ()

    play(scene)


def test_a_cluster_counts_as_refused_until_each_envoy_that_refused_it_accepts_it() -> None:
    async def scene(world: World) -> None:
        await with_route(world)
        name, type_ = "shop/cart/80", ResourceType.CLUSTER
        row = {it.name: it for _, kind, it in world.plane.translator.resources() if kind is type_}[name]
        world.plane.hear(Nacked(EDGE, "one", type_, name, "", row.version, "no"))
        assert world.plane.translator.is_refused(EDGE, type_, name)
        world.plane.hear(Acked(EDGE, "two", type_, (name,), (), 0.1))
        assert world.plane.translator.is_refused(EDGE, type_, name)
        world.plane.hear(Acked(EDGE, "one", type_, (name,), (), 0.1))
        assert not world.plane.translator.is_refused(EDGE, type_, name)

    play(scene)


def test_a_cluster_that_was_refused_elsewhere_shows_and_is_served_here() -> None:
    """Replicas serve what their own Envoys take; the words are told by whoever leads."""

    async def scene(world: World) -> None:
        await with_route(world)
        world.plane.change([Put(CART, cart("/basket"))])
        name, type_ = "shop/cart/80", ResourceType.CLUSTER
        row = {it.name: it for _, kind, it in world.plane.translator.resources() if kind is type_}[name]
        served = world.plane.snapshots[EDGE].version(ResourceType.ROUTE, "http/81/0")
        world.progress.hear("other", Report(refused=(Refusal(EDGE, type_, name, "", row.version, "no"),)))
        assert refused_routes(world) == {"cart": "Envoy refuses cluster shop/cart/80: no"}
        assert world.plane.snapshots[EDGE].version(ResourceType.ROUTE, "http/81/0") == served
        world.progress.hear("other", None)
        assert refused_routes(world) == {}

    play(scene)
