"""What each Gateway's Envoys are given: listeners, route tables, virtual hosts, clusters, endpoints and secrets."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from translator import ir
from translator.incremental import Graph, Table
from translator.value import Key
from translator.wiring import server_names, shards
from translator.wiring.clusters import Clusters
from translator.wiring.listeners import Listeners
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources
from translator.wiring.telemetry import Telemetry
from translator.xds import (
    chains,
    cluster,
    endpoint,
    hosts,
    listener,
    listener_filters,
    misdirected,
    pool,
    route,
    route_table,
    secret,
    spans,
    streams,
)
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost
from translator.xds.shards import Sharding


class Envoy(NamedTuple):
    """The tables of this room."""

    hosted: Table[ir.HostKey, hosts.Members]
    hosts: Table[ir.HostKey, VirtualHost]
    tabled: Table[tuple[Key, str], route_table.Tabled]
    tables: Table[tuple[Key, str], tuple[RouteTable, ...]]
    divided: shards.Shards
    shown: Table[tuple[Key, str], secret.Shown]
    """What names the secrets of a Gateway."""
    ported: Table[tuple[Key, str], Sequence[tuple[Any, Any]]]
    """Who is served by an Envoy listener, and with what."""
    resources: dict[ResourceType, Table[tuple[Key, str], Resource]]
    """What is sent as it is, by Gateway and name, in the order of make before break: all but routes and scopes."""


def declare(
    graph: Graph,
    sources: Sources,
    listeners: Listeners,
    routes: Routes,
    observed: Telemetry,
    clusters: Clusters,
    system_authorities: str,
    sharding: Sharding,
) -> Envoy:
    """Declare the tables of Envoy's resources."""
    refused = sources.refused
    named = server_names.declare(graph, listeners.parents)
    cluster_rows = graph.derived("cluster resources", clusters.reached, cluster.encode)
    endpoint_rows = graph.derived("endpoint resources", clusters.located, endpoint.encode)
    presenting_rows = graph.derived("cluster resources with a certificate", clusters.reached, cluster.presenting)
    by_gateway = (listeners.presented, presenting_rows, cluster_rows)
    unusable = graph.derived("unusable clusters", refused[ResourceType.CLUSTER], cluster.unusable, *by_gateway)
    served = graph.group("served", (routes.accepted, hosts.served))
    said = graph.derived("encoded spans", observed.spans, spans.encode)
    encoded = graph.derived("encoded routes", served, route.encode, routes.resolved, unusable, said, observed.counted)
    hosted = graph.group(
        "hosts",
        (encoded, hosts.of_routes),
        (listeners.parents, hosts.of_listeners),
        (named.answers, misdirected.of_answers),
    )
    filters = graph.derived(
        "encoded listener filters", routes.filtered, listener_filters.encode, listeners.parents, unusable
    )
    host_rows = graph.derived("virtual hosts", hosted, hosts.assemble, hosted, filters)
    divided = shards.declare(graph, listeners.parents, host_rows, sharding)
    tabled = graph.group("tables", (listeners.parents, route_table.of_listeners), (named.alone, misdirected.of_tables))
    tables = graph.derived("route tables", tabled, route_table.encode, sources.placements, divided.counts)
    pool_rows = graph.derived("pool resources", clusters.pools, pool.encode)
    pool_endpoints = graph.derived("pool endpoints", clusters.pools, pool.locate)
    encoded_streams = graph.derived(
        "encoded streams", routes.first, streams.encode, routes.resolved, unusable, observed.observations
    )
    encoded_chains = graph.derived(
        "encoded chains", listeners.parents, chains.encode, sources.placements, observed.observations
    )
    ported = graph.group(
        "ports",
        (listeners.parents, listener.of_gateway),
        (encoded_chains, chains.of_port),
        (named.alone, misdirected.of_port),
        (encoded_streams, streams.of_port),
    )
    listener_rows = graph.derived(
        "envoy listeners",
        ported,
        partial(misdirected.or_listener, listener.encode),
        sources.placements,
        observed.observations,
    )
    used = graph.group(
        "clusters used",
        (host_rows, hosts.clusters_used, hosts.clusters_changed),
        (encoded_streams, streams.clusters_used),
        (observed.tracers, spans.clusters_used),
    )
    needed = graph.derived("secrets of clusters", used, secret.of_cluster, clusters.reached, listeners.presented)
    shown = graph.group("secrets shown", (listeners.parents, secret.of_gateway), (needed, secret.of_clusters))
    secret_rows = graph.derived(
        "secret resources",
        shown,
        partial(secret.encode, system=system_authorities),
        sources.objects["Secret"],
        listeners.bundles,
    )
    return Envoy(
        hosted=hosted,
        hosts=host_rows,
        tabled=tabled,
        tables=tables,
        divided=divided,
        ported=ported,
        shown=shown,
        resources={
            ResourceType.CLUSTER: graph.derived(
                "clusters of gateways",
                used,
                partial(pool.or_backend, partial(misdirected.or_cluster, cluster.of_gateway)),
                pool_rows,
                *by_gateway,
            ),
            ResourceType.ENDPOINT: graph.derived(
                "endpoints of gateways",
                used,
                partial(pool.or_backend, endpoint.of_gateway),
                pool_endpoints,
                endpoint_rows,
            ),
            ResourceType.SECRET: secret_rows,
            ResourceType.LISTENER: listener_rows,
        },
    )
