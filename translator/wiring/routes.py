"""Routes: what their rules refer to, and which listeners they are attached to."""

from functools import partial
from typing import NamedTuple

from translator import ir
from translator.attach import conflicts, listener_filters, parents, policies, routes, streams, traffic, xbackends
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
    backings: Table[Key, xbackends.Backing]
    """XBackends by themselves."""
    traffic_judged: Table[Key, traffic.Handling]
    """XBackendTrafficPolicies by themselves."""
    traffic_claimed: Table[Ref, traffic.Claims]
    """Which of them target a backend."""
    handled: Table[Ref, traffic.Handling]
    """The one that holds for it."""
    filtered: Table[ir.ListenerKey, listener_filters.Filtering]
    """Listeners whose requests pass filters before a route is chosen."""
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
    selecting = graph.group("services by selector", (objects["Service"], xbackends.by_selector))
    backings = graph.derived("backings", objects["XBackend"], xbackends.judge, selecting, listeners.bundles)
    policed = objects["XBackendTrafficPolicy"]
    traffic_judged = graph.derived("traffic policies judged", policed, traffic.judge)
    traffic_claimed = graph.group("traffic policies of backends", (policed, traffic.by_target))
    handled = graph.derived("traffic policies in force", traffic_claimed, traffic.settle, traffic_judged)
    reads = (objects["Service"], listeners.granted, targeted, backings, handled)
    resolved = graph.derived("resolved", sources.routes, routes.resolve, *reads)
    rejected = graph.derived("rejected", resolved, routes.rejected)
    filters = graph.group(
        "listener filters",
        *((objects[kind], partial(listener_filters.written, kind)) for kind in ("Gateway", "ListenerSet")),
    )
    filtered = graph.derived(
        "listener filters resolved",
        filters,
        listener_filters.resolve,
        *(objects["Service"], listeners.granted, targeted, backings),
    )
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
    return Routes(
        judged=judged,
        claimed=claimed,
        targeted=targeted,
        backings=backings,
        traffic_judged=traffic_judged,
        traffic_claimed=traffic_claimed,
        handled=handled,
        filtered=filtered,
        resolved=resolved,
        rejected=rejected,
        accepted=accepted,
        first=first,
    )
