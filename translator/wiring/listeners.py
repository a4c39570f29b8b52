"""Listeners: classes, grants, certificates, and what the listeners of Gateways and their ListenerSets come to."""

from functools import partial
from typing import Any, NamedTuple

from translator import ir
from translator.attach import certificates, claims, classes, grants, holders, infrastructure, listeners, parents
from translator.incremental import Graph, Table
from translator.value import Key, Ref
from translator.wiring.sources import Sources


class Listeners(NamedTuple):
    """The tables of this room."""

    owned: Table[Key, classes.Owned]
    granted: Table[str, grants.Grants]
    checked: Table[Key, certificates.Certificate | ir.Refusal]
    reported: Table[Key, listeners.GatewayListeners]
    """Gateways of ours."""
    sets: Table[Key, listeners.Listeners]
    """ListenerSets that name one of these as their parent."""
    infrastructures: Table[Key, ir.Infrastructure | ir.Held]
    parents: Table[Ref, ir.Parent]
    defaults: Table[str, parents.Defaults]
    shared: Table[parents.Sharing, bool]
    taken: Table[tuple[parents.Sharing, str], Any]


class Claims(NamedTuple):
    """Who has a port or a hostname of a Gateway."""

    speeches: Table[claims.Place, claims.Speech]
    owners: Table[claims.Address, ir.ListenerKey]
    covering: Table[claims.Address, frozenset[Ref]]


def declare(graph: Graph, sources: Sources, controller_name: str) -> Listeners:
    """Declare the tables of listeners."""
    objects = sources.objects
    parameters = objects["EnvoyParameters"]
    owned = graph.derived("classes", objects["GatewayClass"], partial(classes.owned, controller_name), parameters)
    granted = graph.group("grants", (objects["ReferenceGrant"], grants.by_namespace))
    kinds = ("Gateway", "ListenerSet")
    wanted = graph.group(
        "certificates wanted", *((objects[kind], partial(certificates.wanted, kind)) for kind in kinds)
    )
    checked: Table[Key, certificates.Certificate | ir.Refusal] = graph.derived(
        "certificates", wanted, certificates.check, objects["Secret"]
    )
    ours = graph.derived("parent gateways", objects["Gateway"], holders.parent_gateway, owned, parameters)
    held = graph.derived(
        "listener sets held", objects["ListenerSet"], holders.of_listener_set, ours, objects["Namespace"]
    )
    claimed = _claims(graph, sources, held)
    reads = (checked, granted, sources.placements, *claimed)
    reported = graph.derived("listeners", objects["Gateway"], listeners.of_gateway, ours, *reads)
    sets = graph.derived("listener sets", held, listeners.of_listener_set, *reads)
    exposing = graph.group("ports exposing", (reported, infrastructure.ports), (sets, infrastructure.ports))
    exposed = graph.group("ports exposed", (exposing, infrastructure.by_gateway))
    infrastructures: Table[Key, ir.Infrastructure | ir.Held] = graph.derived(
        "infrastructure", reported, infrastructure.of_gateway, objects["Gateway"], owned, parameters, exposed
    )
    narrowed = graph.group(
        "parents by kind",
        (reported, partial(listeners.parent_of_kind, "Gateway")),
        (sets, partial(listeners.parent_of_kind, "ListenerSet")),
    )
    found = graph.derived("parents", narrowed, listeners.parent)
    sharing = graph.group("listeners sharing a port", (found, parents.by_sharing))
    return Listeners(
        owned=owned,
        granted=granted,
        checked=checked,
        reported=reported,
        sets=sets,
        infrastructures=infrastructures,
        parents=found,
        defaults=graph.group("default gateways", (objects["Gateway"], parents.by_scope)),
        shared=graph.derived("shared ports", sharing, parents.is_shared),
        taken=graph.group("hostnames taken", (found, parents.by_hostname)),
    )


def _claims(graph: Graph, sources: Sources, held: Table[Key, holders.Holder]) -> Claims:
    gateways = sources.objects["Gateway"]
    ports = graph.group("ports claimed", (gateways, claims.ports_of_gateway), (held, claims.ports_of_holder))
    addresses = graph.group(
        "hostnames claimed", (gateways, claims.addresses_of_gateway), (held, claims.addresses_of_holder)
    )
    below = graph.group("hostnames below", (gateways, claims.below_gateway), (held, claims.below_holder))
    speeches = graph.derived("speech of ports", ports, claims.speech)
    return Claims(
        speeches=speeches,
        owners=graph.derived("owners of hostnames", addresses, claims.owner, speeches),
        covering=graph.derived("hostnames covered", below, claims.covered),
    )
