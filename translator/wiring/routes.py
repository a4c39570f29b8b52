"""Routes: what their rules refer to, and which listeners they are attached to."""

from typing import NamedTuple

from translator import ir
from translator.attach import conflicts, parents, policies, routes, streams
from translator.incremental import Graph, Table
from translator.value import Key, Ref
from translator.wiring.listeners import Listeners
from translator.wiring.sources import Sources


class Routes(NamedTuple):
    """The tables of this room."""

    judged: Table[Key, policies.Judged]
    """BackendTLSPolicies by themselves."""
    claimed: Table[Key, policies.Claims]
    """Which of them target a Service."""
    targeted: Table[Key, policies.Targeting]
    """Which of them hold for it."""
    resolved: Table[Ref, ir.Resolved]
    rejected: Table[Ref, ir.Refusal]
    accepted: Table[Ref, ir.Bound]
    first: Table[ir.StreamKey, streams.First]
    """Whose the connections of TLS, TCP and UDP listeners are."""


def declare(graph: Graph, sources: Sources, listeners: Listeners) -> Routes:
    """Declare the tables of routes."""
    objects = sources.objects
    judged = graph.derived("policies judged", objects["BackendTLSPolicy"], policies.judge, listeners.bundles)
    claimed = graph.group("policies of services", (objects["BackendTLSPolicy"], policies.by_service))
    targeted = graph.derived("policies in force", claimed, policies.settle, judged)
    resolved = graph.derived(
        "resolved", sources.routes, routes.resolve, objects["Service"], listeners.granted, targeted
    )
    rejected = graph.derived("rejected", resolved, routes.rejected)
    bound = graph.derived(
        "bound",
        sources.routes,
        parents.bind,
        listeners.parents,
        objects["Namespace"],
        listeners.defaults,
        listeners.shared,
        listeners.taken,
    )
    grpc = graph.group("grpc routes", (bound, conflicts.grpc_by_listener))
    http = graph.group("http routes", (bound, conflicts.http_by_listener))
    losers = graph.derived("cross-kind conflicts", grpc, conflicts.losers, http, rejected)
    accepted = graph.derived("accepted", bound, conflicts.settle, losers)
    streamed = graph.group("streams", (accepted, streams.served))
    first = graph.derived("first streams", streamed, streams.first)
    return Routes(judged, claimed, targeted, resolved, rejected, accepted, first)
