"""Listeners: classes, grants, certificates, and what a Gateway's listeners come to."""

from functools import partial
from typing import NamedTuple

from translator import ir
from translator.attach import certificates, classes, grants, infrastructure, listeners
from translator.incremental import Graph, Table
from translator.value import Key
from translator.wiring.sources import Sources


class Listeners(NamedTuple):
    """The tables of this room."""

    owned: Table[Key, classes.Owned]
    granted: Table[str, grants.Grants]
    checked: Table[Key, certificates.Certificate | ir.Refusal]
    reported: Table[Key, listeners.GatewayListeners]
    infrastructures: Table[Key, ir.Infrastructure | ir.Held]
    parents: Table[Key, ir.Parent]


def declare(graph: Graph, sources: Sources, controller_name: str) -> Listeners:
    """Declare the tables of listeners."""
    objects = sources.objects
    parameters = objects["EnvoyParameters"]
    owned = graph.derived("classes", objects["GatewayClass"], partial(classes.owned, controller_name), parameters)
    granted = graph.group("grants", (objects["ReferenceGrant"], grants.by_namespace))
    wanted = graph.group("certificates wanted", (objects["Gateway"], certificates.wanted))
    checked: Table[Key, certificates.Certificate | ir.Refusal] = graph.derived(
        "certificates", wanted, certificates.check, objects["Secret"]
    )
    reported = graph.derived(
        "listeners", objects["Gateway"], listeners.resolve, owned, checked, granted, sources.placements, parameters
    )
    infrastructures: Table[Key, ir.Infrastructure | ir.Held] = graph.derived(
        "infrastructure", reported, infrastructure.of_gateway, objects["Gateway"], owned, parameters
    )
    parents = graph.derived("parents", reported, listeners.parent)
    return Listeners(owned, granted, checked, reported, infrastructures, parents)
