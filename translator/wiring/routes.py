"""Routes: what their rules refer to, and which listeners they are attached to."""

from typing import NamedTuple

from translator import ir
from translator.attach import conflicts, parents, policies, routes
from translator.incremental import Graph, Table
from translator.value import Ref
from translator.wiring.listeners import Listeners
from translator.wiring.sources import Sources


class Routes(NamedTuple):
    """The tables of this room."""

    resolved: Table[Ref, ir.Resolved]
    rejected: Table[Ref, ir.Refusal]
    accepted: Table[Ref, ir.Bound]


def declare(graph: Graph, sources: Sources, listeners: Listeners) -> Routes:
    """Declare the tables of routes."""
    objects = sources.objects
    targeted = graph.group("policies", (objects["BackendTLSPolicy"], policies.by_service))
    resolved = graph.derived(
        "resolved", sources.routes, routes.resolve, objects["Service"], listeners.granted, targeted
    )
    rejected = graph.derived("rejected", resolved, routes.rejected)
    bound = graph.derived("bound", sources.routes, parents.bind, listeners.parents, objects["Namespace"])
    grpc = graph.group("grpc routes", (bound, conflicts.grpc_by_listener))
    http = graph.group("http routes", (bound, conflicts.http_by_listener))
    losers = graph.derived("cross-kind conflicts", grpc, conflicts.losers, http, rejected)
    accepted = graph.derived("accepted", bound, conflicts.settle, losers)
    return Routes(resolved, rejected, accepted)
