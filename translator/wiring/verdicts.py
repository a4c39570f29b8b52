"""Verdicts: what Envoys said of their resources, laid at the door of the routes and listeners behind them."""

from functools import partial
from typing import Any, NamedTuple

from translator.incremental import Graph, Table
from translator.value import Key
from translator.wiring.clusters import Clusters
from translator.wiring.envoy import Envoy
from translator.wiring.listeners import Listeners
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources
from translator.xds import listener, verdicts
from translator.xds.resource import ResourceType, Unserved


class Verdicts(NamedTuple):
    """The tables of this room."""

    judged: dict[ResourceType, Table[Any, verdicts.Verdict]]
    """By what it was said of."""
    blamed_routes: Table[Any, Any]
    blamed_listeners: Table[Any, Any]
    unserved: Table[tuple[Key, str], Unserved]


def declare(
    graph: Graph, sources: Sources, listeners: Listeners, routes: Routes, clusters: Clusters, envoy: Envoy
) -> Verdicts:
    """Declare the tables of verdicts."""
    of, refused, resources = ResourceType, sources.refused, envoy.resources
    of_cluster = partial(_of_cluster, graph, routes, clusters)
    judged: dict[ResourceType, Table[Any, verdicts.Verdict]] = {
        of.CLUSTER: of_cluster("cluster verdicts", refused[of.CLUSTER], resources[of.CLUSTER]),
        of.ENDPOINT: of_cluster("endpoint verdicts", refused[of.ENDPOINT], resources[of.ENDPOINT]),
        of.SECRET: graph.derived(
            "secret verdicts",
            refused[of.SECRET],
            verdicts.of_secret,
            resources[of.SECRET],
            envoy.shown,
            clusters.named,
            routes.accepted,
        ),
        of.LISTENER: graph.derived(
            "listener verdicts", refused[of.LISTENER], verdicts.of_listener, envoy.resources[of.LISTENER]
        ),
        of.SCOPE: graph.derived(
            "scope verdicts",
            refused[of.SCOPE],
            verdicts.of_scope,
            envoy.tabled,
            envoy.divided.counts,
            envoy.divided.scopes,
        ),
        of.ROUTE: graph.derived(
            "host verdicts",
            sources.refused_hosts,
            verdicts.of_host,
            envoy.tabled,
            envoy.tables,
            envoy.hosts,
            envoy.hosted,
        ),
    }
    elsewhere = of_cluster("verdicts elsewhere", sources.refused_elsewhere, resources[of.CLUSTER])
    said = [*((it.name, table) for it, table in judged.items()), ("elsewhere", elsewhere)]
    return Verdicts(
        judged=judged,
        blamed_routes=graph.group(
            "blamed routes", *((table, partial(verdicts.by_route, name)) for name, table in said)
        ),
        blamed_listeners=graph.group(
            "blamed listeners", *((table, partial(verdicts.by_listener, name)) for name, table in said)
        ),
        unserved=graph.derived("unserved listeners", refused[of.LISTENER], listener.unserved, resources[of.LISTENER]),
    )


def _of_cluster(
    graph: Graph, routes: Routes, clusters: Clusters, name: str, refused: Table[Any, Any], rows: Table[Any, Any]
) -> Table[Any, verdicts.Verdict]:
    return graph.derived(name, refused, verdicts.of_cluster, rows, clusters.named, routes.accepted)
