"""Tracing in Envoy's words: what changes when a policy does."""

import msgspec

from tests.xds.world import EDGE, EVERYTHING, World, http, https, to, when
from translator import ir
from translator.value import Key
from translator.xds.resource import ResourceType

COLLECTOR = ir.ClusterKey("shop", "collector", 4317, "http2")
TRACER = ir.Tracer(COLLECTOR, "collector.shop", "edge.infra")


def traced(*listeners: ir.Listener) -> World:
    """The Gateway with a route and a tracer."""
    world = World(*listeners or (http(),)).route("cart", when(EVERYTHING, to("cart")))
    world.tracers.put(EDGE, TRACER)
    world.observations.put(EDGE, ir.Observation(EDGE, TRACER))
    world.spans.put(EDGE, ir.Spans())
    world.commit()
    return world


def listeners(world: World) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Version and clusters of each listener."""
    return {it.name: (it.version, it.clusters) for type_, it in world.resources() if type_ is ResourceType.LISTENER}


def test_listeners_name_the_cluster_of_the_collector() -> None:
    """So that they wait for it."""
    world = traced(http(), https("https", "*", 443, Key("infra", "cert")))
    assert {clusters for _, clusters in listeners(world).values()} == {("shop/collector/4317/http2",)}


def test_a_rate_that_changes_changes_no_listener() -> None:
    """Connections stay while sampling, names and tags change: these are part of the routes."""
    world = traced()
    before = listeners(world)
    hosts = dict(world.hosts.items())
    world.spans.put(EDGE, ir.Spans(random=500, name="x", tags=(ir.Tag("env", "literal", "test"),)))
    world.commit()
    assert listeners(world) == before
    assert dict(world.hosts.items()) != hosts


def test_a_gateway_without_a_tracer_is_as_it_was() -> None:
    """A policy that goes leaves nothing behind."""
    plain = World(http()).route("cart", when(EVERYTHING, to("cart")))
    plain.commit()
    world = traced()
    world.tracers.delete(EDGE)
    world.observations.delete(EDGE)
    world.spans.delete(EDGE)
    world.commit()
    assert listeners(world) == listeners(plain)
    assert dict(world.hosts.items()) == dict(plain.hosts.items())


def test_who_counts_and_who_receives_change_listeners() -> None:
    """These are part of the connection managers."""
    seen = set()
    for tracer in (
        TRACER,
        msgspec.structs.replace(TRACER, sampling="roots"),
        msgspec.structs.replace(TRACER, sampling="alone"),
        msgspec.structs.replace(TRACER, service_name="other"),
        msgspec.structs.replace(TRACER, cluster=COLLECTOR._replace(protocol="http1")),
        msgspec.structs.replace(TRACER, headers=(("authorization", "x"),)),
    ):
        world = traced()
        world.observations.put(EDGE, ir.Observation(EDGE, tracer))
        world.commit()
        [(version, _)] = listeners(world).values()
        seen.add(version)
    assert len(seen) == 6
