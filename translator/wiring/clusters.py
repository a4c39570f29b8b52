"""Clusters: which ones routes name, how each is reached, and where its endpoints are."""

from functools import partial
from typing import NamedTuple

from translator import ir
from translator.attach import backend_tls, clusters, endpoints, listener_filters, pools, telemetry
from translator.incremental import Graph, Table
from translator.value import Ref
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources
from translator.wiring.telemetry import Telemetry


class Clusters(NamedTuple):
    """The tables of this room."""

    named: Table[str, clusters.Named]
    reached: Table[str, ir.Cluster]
    located: Table[str, ir.Endpoints]
    pools: Table[Ref, ir.Pool]


def declare(graph: Graph, sources: Sources, routes: Routes, observed: Telemetry, dns_services: bool) -> Clusters:
    """Declare the tables of clusters."""
    objects = sources.objects
    slices = graph.group("slices", (objects["EndpointSlice"], endpoints.by_service))
    named = graph.group(
        "clusters named",
        (routes.resolved, clusters.named),
        (observed.tracers, telemetry.named),
        (routes.filtered, listener_filters.named),
    )
    sliced = graph.derived("services with slices", slices, endpoints.exists)
    reads = (objects["Service"], sliced, routes.backings, routes.handled)
    found = graph.derived("backends reached", named, partial(clusters.reach, dns_services), *reads)
    reached = graph.derived("clusters", found, backend_tls.secured, objects["Service"], routes.targeted, routes.judged)
    located = graph.derived("endpoints", reached, endpoints.locate, objects["Service"], slices, routes.backings)
    gathered = graph.derived("pools", routes.resolved, pools.gather, reached, located)
    return Clusters(named, reached, located, gathered)
