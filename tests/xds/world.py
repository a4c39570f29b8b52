"""A Gateway in the words of `ir`, and the resources it becomes: the tables of the Envoy side, fed by hand."""

from functools import partial
from typing import Any

from translator import ir
from translator.api.core import Secret
from translator.api.gateway import FromNamespaces
from translator.api.routes import ParentReference
from translator.attach import streams as stream_routes
from translator.incremental import Graph
from translator.value import Key, Ref
from translator.wiring import server_names, shards
from translator.xds import (
    chains,
    cluster,
    endpoint,
    hosts,
    listener,
    misdirected,
    route,
    route_table,
    secret,
    spans,
    streams,
)
from translator.xds.names import cluster_name, table_name
from translator.xds.resource import Refused, Resource, ResourceType, RouteTable, VirtualHost
from translator.xds.shards import Sharding

EDGE = Key("infra", "edge")
EVERYTHING = ir.Match(ir.Path("prefix", "/"))
OLD = ir.Age("2026-01-01T00:00:00Z", "", "")


Hostname = str | tuple[str, str]
"""A hostname that a route is reached under, or with what the route wrote before it."""


def http(name: str = "http", hostname: str = "*", port: int = 80, **fields: Any) -> ir.Listener:
    """An HTTP listener of the Gateway infra/edge that takes traffic."""
    return listening(name, "HTTP", port, hostname=hostname, **fields)


def https(name: str = "https", hostname: str = "*", port: int = 443, *secrets: Key, **fields: Any) -> ir.Listener:
    """An HTTPS listener of the Gateway infra/edge that serves these Secrets."""
    return listening(name, "HTTPS", port, hostname=hostname, certificates=secrets, **fields)


def listening(name: str, protocol: str, port: int, hostname: str = "*", **fields: Any) -> ir.Listener:
    """A listener of the Gateway infra/edge that takes traffic."""
    key = ir.ListenerKey(Ref("Gateway", *EDGE), name)
    return ir.Listener(
        key=key,
        hostname=hostname,
        gateway=EDGE,
        port=port,
        protocol=protocol,
        kinds=ir.HTTP_ROUTES,
        namespaces=FromNamespaces(),
        table=table_name(protocol, port, key),
        **fields,
    )


def to(*services: str, **fields: Any) -> ir.Forward:
    """Forward to Services of the namespace shop: `cart` is port 80, `cart:8080` another, `cart*9` has that weight."""
    return ir.Forward(tuple(_backend(service) for service in services), **fields)


def _backend(service: str) -> ir.Backend:
    place, _, weight = service.partition("*")
    name, _, port = place.partition(":")
    return ir.Backend(ir.ClusterKey("shop", name, int(port or 80)) if name else None, int(weight or 1))


def path(kind: str, value: str, **fields: Any) -> ir.Match:
    """A match by path and whatever else is named."""
    return ir.Match(ir.Path(kind, value), **fields)


def when(match: ir.Match, action: ir.Action, rank: tuple[int, ...] = (0,), **fields: Any) -> ir.Route:
    """One Envoy route."""
    return ir.Route(name="httproute/shop/cart/rule/0/match/0", rank=rank, match=match, action=action, **fields)


class World:
    """The Gateway infra/edge, put together piece by piece; `commit` brings its resources up to date."""

    def __init__(self, *listeners: ir.Listener, sharding: Sharding = Sharding()) -> None:
        graph = self.graph = Graph()
        self.parents = graph.source("parents")
        self.bound = graph.source("bound")
        self.resolved = graph.source("resolved")
        self.reached = graph.source("clusters")
        self.located = graph.source("endpoints")
        self.stored = graph.source("secrets")
        self.placements = graph.source("placements")
        self.refused = graph.source("refused")
        self.filters = graph.source("listener filters")
        self.observations = graph.source("observations")
        self.tracers = graph.source("tracers")
        self.spans = graph.source("spans")
        self.counted = graph.source("counted")
        self.presented = graph.source("client certificates")
        self.bundles = graph.source("authorities")
        cluster_rows = graph.derived("cluster resources", self.reached, cluster.encode)
        endpoint_rows = graph.derived("endpoint resources", self.located, endpoint.encode)
        presenting_rows = graph.derived("presenting", self.reached, cluster.presenting)
        by_gateway = (self.presented, presenting_rows, cluster_rows)
        unusable = graph.derived("unusable", self.refused, cluster.unusable, *by_gateway)
        served = graph.group("served", (self.bound, hosts.served))
        said = graph.derived("spans said", self.spans, spans.encode)
        self.encoded = graph.derived("encoded", served, route.encode, self.resolved, unusable, said, self.counted)
        named = server_names.declare(graph, self.parents)
        hosted = graph.group(
            "hosted",
            (self.encoded, hosts.of_routes),
            (self.parents, hosts.of_listeners),
            (named.answers, misdirected.of_answers),
        )
        self.hosts = graph.derived("hosts", hosted, hosts.assemble, hosted, self.filters)
        self.divided = shards.declare(graph, self.parents, self.hosts, sharding)
        self.tables = graph.derived(
            "tables",
            graph.group("tabled", (self.parents, route_table.of_listeners), (named.alone, misdirected.of_tables)),
            route_table.encode,
            self.placements,
            self.divided.counts,
        )
        placed = graph.group("placed", (self.bound, stream_routes.served))
        first = graph.derived("first", placed, stream_routes.first)
        self.streams = graph.derived("streams", first, streams.encode, self.resolved, unusable, self.observations)
        encoded_chains = graph.derived("chains", self.parents, chains.encode, self.placements, self.observations)
        ported = graph.group(
            "ported",
            (self.parents, listener.of_gateway),
            (encoded_chains, chains.of_port),
            (named.alone, misdirected.of_port),
            (self.streams, streams.of_port),
        )
        used = graph.group(
            "used",
            (self.hosts, hosts.clusters_used, hosts.clusters_changed),
            (self.tracers, spans.clusters_used),
            (self.streams, streams.clusters_used),
        )
        needed = graph.derived("needed", used, secret.of_cluster, self.reached, self.presented)
        shown = graph.group("shown", (self.parents, secret.of_gateway), (needed, secret.of_clusters))
        encode_secret = partial(secret.encode, system="/etc/authorities.pem")
        self.of_type = {
            ResourceType.LISTENER: graph.derived(
                "listeners",
                ported,
                partial(misdirected.or_listener, listener.encode),
                self.placements,
                self.observations,
            ),
            ResourceType.SECRET: graph.derived("secret resources", shown, encode_secret, self.stored, self.bundles),
            ResourceType.CLUSTER: graph.derived(
                "clusters used", used, partial(misdirected.or_cluster, cluster.of_gateway), *by_gateway
            ),
            ResourceType.ENDPOINT: graph.derived("endpoints used", used, endpoint.of_gateway, endpoint_rows),
        }
        self.listeners = listeners
        self.parents.put(EDGE, ir.Parent(EDGE, listeners))

    def route(
        self,
        name: str,
        *routes: ir.Route,
        hostnames: tuple[Hostname, ...] = ("*",),
        kind: str = "HTTPRoute",
        on: str = "",
        born: str = OLD.created,
    ) -> "World":
        """Attach a route of the namespace shop to the listener named `on`, or else to the first."""
        listener = next(it for it in self.listeners if on in ("", it.key.name))
        ref = Ref(kind, "shop", name)
        age = ir.Age(born, f"shop/{name}", kind)
        written = tuple(it if isinstance(it, tuple) else ("" if it == "*" else it, it) for it in hostnames)
        bond = ir.Bond(ParentReference(name="edge"), (ir.Attachment(listener, written),))
        self.bound.put(ref, ir.Bound(1, age, (bond,)))
        self.resolved.put(ref, ir.Resolved(routes))
        return self

    def stream(
        self,
        name: str,
        kind: str,
        *services: str,
        hostnames: tuple[Hostname, ...] = ("*",),
        on: str = "",
        born: str = "a",
    ) -> "World":
        """Attach a TLSRoute, TCPRoute or UDPRoute to the listener named `on`, or else to the first."""
        self.route(name, hostnames=hostnames, kind=kind, on=on, born=born)
        protocol = "udp" if kind == "UDPRoute" else "tcp"
        backends = tuple(
            ir.Backend(None if it.cluster is None else it.cluster._replace(protocol=protocol), it.weight)
            for it in to(*services).backends
        )
        stream = ir.Stream(backends)
        self.resolved.put(Ref(kind, "shop", name), ir.Resolved((), stream=stream, sealed=stream))
        return self

    def service(
        self, name: str, *addresses: tuple[str, int], port: int = 80, protocol: str = "http1", **fields: Any
    ) -> "World":
        """Reach a port of a Service of the namespace shop under these addresses."""
        key = ir.ClusterKey("shop", name, port, protocol)
        self.reached.put(cluster_name(key), ir.Cluster(cluster_name(key), key, **fields))
        self.located.put(cluster_name(key), ir.Endpoints(cluster_name(key), addresses))
        return self

    def secret(self, stored: Secret) -> "World":
        """Store a Secret."""
        self.stored.put(stored.metadata.key, stored)
        return self

    def place(self, placement: ir.Placement) -> "World":
        """Say where the Gateway's Envoys listen."""
        self.placements.put(EDGE, placement)
        return self

    def refuse(self, name: str, version: str) -> "World":
        """Say that an Envoy refused this version of a cluster."""
        self.refused.put((EDGE, name), Refused(version, "no"))
        return self

    def commit(self) -> "World":
        """Bring everything up to date."""
        self.graph.commit()
        return self

    def resources(self) -> list[tuple[ResourceType, Resource]]:
        """Everything but route tables."""
        plain = [(kind, row) for kind, table in self.of_type.items() for _, row in sorted(table.items())]
        return [*plain, *((ResourceType.SCOPE, row) for _, row in self.divided.all_scopes())]

    def route_tables(self) -> list[tuple[RouteTable, list[VirtualHost]]]:
        """Each table with its virtual hosts by name."""
        return [
            (head, [host for key, host in sorted(self.hosts.items()) if head.name in self.divided.places(key)])
            for _, heads in self.tables.items()
            for head in heads
        ]
