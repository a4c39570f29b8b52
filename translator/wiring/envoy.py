"""What each Gateway's Envoys are given: listeners, route tables, virtual hosts, clusters, endpoints and secrets."""

from functools import partial
from typing import NamedTuple

from translator import ir
from translator.incremental import Graph, Table
from translator.value import Key
from translator.wiring.clusters import Clusters
from translator.wiring.listeners import Listeners
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources
from translator.xds import cluster, endpoint, hosts, listener, misdirected, route, route_table, secret
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost


class Envoy(NamedTuple):
    """The tables of this room."""

    cluster_rows: Table[str, Resource]
    """Clusters as every Gateway would have them, by name."""
    endpoint_rows: Table[str, Resource]
    hosted: Table[ir.HostKey, hosts.Members]
    hosts: Table[ir.HostKey, VirtualHost]
    tabled: Table[tuple[Key, str], tuple[tuple[ir.ListenerKey, bool], ...]]
    tables: Table[tuple[Key, str], RouteTable]
    resources: dict[ResourceType, Table[tuple[Key, str], Resource]]
    """What is sent as it is, by Gateway and name: every type but routes, in the order of make before break."""


def declare(graph: Graph, sources: Sources, listeners: Listeners, routes: Routes, clusters: Clusters) -> Envoy:
    """Declare the tables of Envoy's resources."""
    refused = sources.refused
    cluster_rows = graph.derived("cluster resources", clusters.reached, cluster.encode)
    endpoint_rows = graph.derived("endpoint resources", clusters.located, endpoint.encode)
    unusable = graph.derived("unusable clusters", refused[ResourceType.CLUSTER], cluster.unusable, cluster_rows)
    served = graph.group("served", (routes.accepted, hosts.served))
    encoded = graph.derived("encoded routes", served, route.encode, routes.resolved, unusable)
    hosted = graph.group(
        "hosts",
        (encoded, hosts.of_routes),
        (listeners.parents, hosts.of_listeners),
        (listeners.parents, misdirected.of_hosts),
    )
    host_rows = graph.derived("virtual hosts", hosted, hosts.assemble, hosted)
    tabled = graph.group(
        "tables", (listeners.parents, route_table.of_listeners), (listeners.parents, misdirected.of_tables)
    )
    tables = graph.derived("route tables", tabled, route_table.encode)
    ported = graph.group("ports", (listeners.parents, listener.of_gateway), (listeners.parents, misdirected.of_gateway))
    listener_rows = graph.derived("envoy listeners", ported, listener.encode, sources.placements)
    shown = graph.group("secrets shown", (listeners.parents, secret.of_gateway))
    secret_rows = graph.derived("secret resources", shown, secret.encode, sources.objects["Secret"])
    used = graph.group("clusters used", (host_rows, hosts.clusters_used))
    return Envoy(
        cluster_rows=cluster_rows,
        endpoint_rows=endpoint_rows,
        hosted=hosted,
        hosts=host_rows,
        tabled=tabled,
        tables=tables,
        resources={
            ResourceType.CLUSTER: graph.derived(
                "clusters of gateways", used, partial(misdirected.or_cluster, cluster.of_gateway), cluster_rows
            ),
            ResourceType.ENDPOINT: graph.derived("endpoints of gateways", used, endpoint.of_gateway, endpoint_rows),
            ResourceType.SECRET: secret_rows,
            ResourceType.LISTENER: listener_rows,
        },
    )
