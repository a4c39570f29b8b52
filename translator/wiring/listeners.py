"""Listeners: classes, grants, certificates, and what the listeners of Gateways and their ListenerSets come to."""

from functools import partial
from typing import Any, NamedTuple

from translator import ir
from translator.attach import (
    authorities,
    backend_tls,
    certificates,
    claims,
    classes,
    frontend,
    grants,
    holders,
    infrastructure,
    listeners,
    parents,
    set_progress,
)
from translator.incremental import Graph, Table
from translator.value import Key, Ref
from translator.wiring.sources import Sources


class Listeners(NamedTuple):
    """The tables of this room."""

    owned: Table[Key, classes.Owned]
    granted: Table[str, grants.Grants]
    checked: Table[Key, certificates.Certificate | ir.Refusal]
    bundles: Table[Ref, authorities.Bundle | ir.Refusal]
    """CA certificates, of clients and of backends."""
    presented: Table[Key, Key]
    """The Secrets whose certificates Gateways show to backends."""
    reported: Table[Key, listeners.GatewayListeners]
    """Gateways of ours."""
    sets: Table[Key, listeners.Listeners]
    """ListenerSets that name one of these as their parent."""
    infrastructures: Table[Key, ir.Infrastructure | ir.Held]
    marks: Table[Key, int]
    """What there is of a Gateway's ListenerSets, as replicas compare it."""
    awaiting: Table[Key, Any]
    """The ListenerSets of a Gateway that its Envoys have yet to acknowledge."""
    parents: Table[Ref, ir.Parent]
    defaults: Table[str, parents.Defaults]
    shared: Table[parents.Sharing, bool]
    taken: Table[tuple[parents.Sharing, str], Any]


class Claims(NamedTuple):
    """Who has a port or a hostname of a Gateway."""

    speeches: Table[claims.Place, claims.Speech]
    owners: Table[claims.Address, claims.Owner]
    covering: Table[claims.Address, frozenset[Ref]]


def declare(graph: Graph, sources: Sources, controller_name: str) -> Listeners:
    """Declare the tables of listeners."""
    objects = sources.objects
    parameters = objects["EnvoyParameters"]
    owned = graph.derived("classes", objects["GatewayClass"], partial(classes.owned, controller_name), parameters)
    granted = graph.group("grants", (objects["ReferenceGrant"], grants.by_namespace))
    kinds = ("Gateway", "ListenerSet")
    wanted = graph.group(
        "certificates wanted",
        *((objects[kind], partial(certificates.wanted, kind)) for kind in kinds),
        (objects["Gateway"], backend_tls.wanted),
    )
    checked: Table[Key, certificates.Certificate | ir.Refusal] = graph.derived(
        "certificates", wanted, certificates.check, objects["Secret"]
    )
    bundles = _bundles(graph, sources)
    frontends = graph.derived("frontends", objects["Gateway"], frontend.of_gateway, bundles, granted)
    shown: Table[Key, Key | ir.Refusal] = graph.derived(
        "client certificates", objects["Gateway"], backend_tls.client_certificate, checked, granted
    )
    ours = graph.derived("parent gateways", objects["Gateway"], holders.parent_gateway, owned, parameters)
    held = graph.derived(
        "listener sets held", objects["ListenerSet"], holders.of_listener_set, ours, objects["Namespace"]
    )
    claimed = _claims(graph, sources, held)
    reads = (checked, granted, frontends, sources.placements, *claimed)
    reported = graph.derived("listeners", objects["Gateway"], listeners.of_gateway, ours, shown, *reads)
    sets = graph.derived("listener sets", held, listeners.of_listener_set, *reads)
    exposing = graph.group("ports exposing", (reported, infrastructure.ports), (sets, infrastructure.ports))
    exposed = graph.group("ports exposed", (exposing, infrastructure.by_gateway))
    infrastructures: Table[Key, ir.Infrastructure | ir.Held] = graph.derived(
        "infrastructure", reported, infrastructure.of_gateway, objects["Gateway"], owned, parameters, exposed
    )
    served = graph.group("listener sets served", (sets, set_progress.served))
    awaited = graph.derived("listener sets awaited", sets, set_progress.awaiting, sources.set_progress)
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
        bundles=bundles,
        presented=graph.derived("client certificates shown", shown, backend_tls.presented),
        reported=reported,
        sets=sets,
        infrastructures=infrastructures,
        marks=graph.derived("marks of listener sets", served, set_progress.mark),
        awaiting=graph.group("listener sets awaiting", (awaited, set_progress.by_gateway)),
        parents=found,
        defaults=graph.group("default gateways", (objects["Gateway"], parents.by_scope)),
        shared=graph.derived("shared ports", sharing, parents.is_shared),
        taken=graph.group("hostnames taken", (found, parents.by_hostname)),
    )


def _bundles(graph: Graph, sources: Sources) -> Table[Ref, authorities.Bundle | ir.Refusal]:
    objects = sources.objects
    wanted = graph.group(
        "authorities wanted",
        (objects["BackendTLSPolicy"], authorities.of_policy),
        (objects["XBackend"], authorities.of_xbackend),
        (objects["Gateway"], authorities.of_gateway),
    )
    held = (objects[kind] for kind in authorities.GROUPS)
    return graph.derived("authorities", wanted, authorities.check, *held)


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
