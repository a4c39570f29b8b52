"""Clusters: which ones routes name, how each is reached, and where its endpoints are."""

from functools import partial
from typing import NamedTuple

from translator import ir
from translator.attach import clusters, endpoints
from translator.incremental import Graph, Table
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources


class Clusters(NamedTuple):
    """The tables of this room."""

    named: Table[str, clusters.Named]
    reached: Table[str, ir.Cluster]
    located: Table[str, ir.Endpoints]


def declare(graph: Graph, sources: Sources, routes: Routes, dns_services: bool) -> Clusters:
    """Declare the tables of clusters."""
    objects = sources.objects
    slices = graph.group("slices", (objects["EndpointSlice"], endpoints.by_service))
    named = graph.group("clusters named", (routes.resolved, clusters.named))
    sliced = graph.derived("services with slices", slices, endpoints.exists)
    reached = graph.derived("clusters", named, partial(clusters.reach, dns_services), objects["Service"], sliced)
    located = graph.derived("endpoints", reached, endpoints.locate, objects["Service"], slices)
    return Clusters(named, reached, located)
