"""Statuses: what every object of ours is told."""

from functools import partial
from typing import Any, NamedTuple

from translator.attach import (
    listener_set_status,
    listener_status,
    parents,
    policies,
    telemetry,
    traffic,
    usage,
    xbackends,
)
from translator.attach import status as reports
from translator.features import SUPPORTED_FEATURES
from translator.incremental import Graph, Table
from translator.status import Status
from translator.value import Key, Ref
from translator.wiring.listeners import Listeners
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources
from translator.wiring.telemetry import Telemetry
from translator.wiring.verdicts import Verdicts


class Statuses(NamedTuple):
    """The tables of this room."""

    objects: dict[str, Table[Key, Status]]
    """By kind."""
    routes: Table[Ref, Status]


def declare(
    graph: Graph,
    sources: Sources,
    listeners: Listeners,
    routes: Routes,
    observed: Telemetry,
    verdicts: Verdicts,
    awaits_envoys: bool,
) -> Statuses:
    """Declare the tables of statuses."""
    objects = sources.objects
    attached_to = graph.derived("attached to", routes.accepted, parents.attached_to, routes.rejected)
    attached = graph.group("attached", (attached_to, parents.by_listener))
    counted = graph.derived("attached routes", attached, parents.count)
    sets = graph.group("listener sets attached", (listeners.sets, listener_set_status.accepted))
    attached_sets = graph.derived("attached listener sets", sets, listener_set_status.count)
    obstacles = graph.derived(
        "gateway obstacles",
        listeners.reported,
        partial(reports.obstacle, awaits_envoys=awaits_envoys),
        sources.placements,
    )
    policed = graph.group(
        "services with policies",
        *((objects[kind], partial(usage.by_target, kind)) for kind in ("BackendTLSPolicy", "XBackendTrafficPolicy")),
    )
    uses = graph.derived("backends used", routes.accepted, usage.of_route, sources.routes, listeners.granted, policed)
    users, xbackend_users = (
        _users(graph, kind, (uses, spread), (observed.collectors, partial(telemetry.by_backend, kind)))
        for kind, spread in (("Service", usage.by_service), ("XBackend", usage.by_xbackend))
    )
    reported, told_sets = (
        graph.derived(f"{kind} listeners told", table, partial(listener_status.with_filters, kind), routes.filtered)
        for kind, table in (("Gateway", listeners.reported), ("ListenerSet", listeners.sets))
    )
    by_kind: dict[str, Table[Key, Status]] = {
        "GatewayClass": graph.derived(
            "class status", objects["GatewayClass"], partial(reports.of_class, SUPPORTED_FEATURES), listeners.owned
        ),
        "Gateway": graph.derived(
            "gateway status",
            reported,
            partial(reports.of_gateway, awaits_envoys=awaits_envoys),
            counted,
            attached_sets,
            sources.placements,
            verdicts.unserved,
            verdicts.blamed_listeners,
            sources.progress,
        ),
        "ListenerSet": graph.derived(
            "listener set status",
            told_sets,
            partial(listener_set_status.of_listener_set, awaits_envoys=awaits_envoys),
            counted,
            obstacles,
            verdicts.unserved,
            verdicts.blamed_listeners,
            sources.set_progress,
        ),
        "BackendTLSPolicy": graph.derived(
            "policy status",
            objects["BackendTLSPolicy"],
            policies.of_policy,
            routes.judged,
            routes.claimed,
            objects["Service"],
            users,
        ),
        "XBackend": graph.derived(
            "xbackend status", objects["XBackend"], xbackends.of_backend, routes.backings, xbackend_users
        ),
        "XBackendTrafficPolicy": graph.derived(
            "traffic policy status",
            objects["XBackendTrafficPolicy"],
            traffic.of_policy,
            routes.traffic_judged,
            routes.traffic_claimed,
            objects["Service"],
            objects["XBackend"],
            users,
            xbackend_users,
        ),
        "XTelemetryPolicy": graph.derived(
            "telemetry status",
            objects["XTelemetryPolicy"],
            telemetry.of_policy,
            observed.tracings,
            observed.claimed,
            objects["Gateway"],
            listeners.reported,
        ),
    }
    of_routes: Table[Ref, Status] = graph.derived(
        "route status", routes.accepted, reports.of_route, routes.resolved, verdicts.blamed_routes, routes.first
    )
    return Statuses(by_kind, of_routes)


def _users(graph: Graph, kind: str, *inputs: tuple[Table[Any, Any], Any]) -> Table[Key, tuple[Key, ...]]:
    """Declare which Gateways use backends of a kind, however many routes do."""
    using = graph.group(f"{kind} users", *inputs)
    gateways = graph.group(f"{kind} users by backend", (using, usage.by_backend))
    return graph.derived(f"gateways using {kind}", gateways, usage.gateways)
