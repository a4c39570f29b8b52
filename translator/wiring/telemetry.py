"""Telemetry: which policy holds for a Gateway, and what it asks for."""

from typing import NamedTuple

from translator import ir
from translator.attach import observation, telemetry
from translator.incremental import Graph, Table
from translator.value import Key, Ref
from translator.wiring.listeners import Listeners
from translator.wiring.routes import Routes
from translator.wiring.sources import Sources


class Telemetry(NamedTuple):
    """The tables of this room."""

    tracings: Table[Key, telemetry.Tracing]
    """What each policy asks for."""
    claimed: Table[Key, telemetry.Claims]
    """The policies of each Gateway."""
    collectors: Table[Key, Ref]
    """The backend that is to receive the spans of each Gateway."""
    tracers: Table[Key, ir.Tracer]
    observations: Table[Key, ir.Observation]
    spans: Table[Key, ir.Spans]
    counted: Table[Key, bool]
    """Gateways whose requests are counted by route."""


def declare(graph: Graph, sources: Sources, listeners: Listeners, routes: Routes) -> Telemetry:
    """Declare the tables of telemetry."""
    policies = sources.objects["XTelemetryPolicy"]
    reads = (sources.objects["Service"], listeners.granted, routes.targeted, routes.backings)
    tracings = graph.derived("telemetry", policies, telemetry.resolve, *reads)
    claimed = graph.group("telemetry of gateways", (policies, telemetry.by_gateway))
    collectors = graph.derived(
        "collectors", claimed, telemetry.collector, listeners.reported, policies, listeners.granted
    )
    tracers = graph.derived("tracers", claimed, telemetry.tracer, listeners.reported, tracings)
    spans = graph.derived("spans", claimed, telemetry.spans, tracings)
    observations = graph.derived(
        "observations", listeners.reported, observation.of_gateway, tracers, listeners.infrastructures
    )
    counted = graph.derived("counted routes", listeners.infrastructures, observation.counted)
    return Telemetry(tracings, claimed, collectors, tracers, observations, spans, counted)
