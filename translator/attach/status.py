"""Status: what objects are told in conditions about themselves.

What an Envoy refused shows; what it has not said yet is taken for accepted, unless somebody waits for its word.
"""

from collections.abc import Iterable, Mapping

from translator import ir
from translator.api.gateway import GatewayClass
from translator.attach import streams
from translator.attach.addresses import Assigned, assign, assigned_condition
from translator.attach.classes import Owned
from translator.attach.conditions import Reason, Type, condition, positive, refused
from translator.attach.listener_status import (
    acknowledged,
    assumed,
    envoys_words,
    messages,
    not_served,
    of_listeners,
    said_of,
)
from translator.attach.listeners import GatewayListeners
from translator.status import Condition, GatewayClassStatus, GatewayStatus, ParentStatus, RouteStatus
from translator.value import Key, Lookup, Ref
from translator.xds.resource import Unserved
from translator.xds.verdicts import Words

SUPPORTED_VERSION = "v1.7"
NOWHERE = ir.Placement()
"""Where the Envoys of a Gateway are before anybody placed them."""


def of_class(
    supported_features: tuple[str, ...], key: Key, gateway_class: GatewayClass, owned: Lookup[Key, Owned]
) -> GatewayClassStatus | None:
    """Say of a class of ours whether its Gateways are served, and what they may ask for."""
    ours = owned.get(key)
    if ours is None:
        return None
    generation = gateway_class.metadata.generation
    version = f"Gateway API {SUPPORTED_VERSION} is supported"
    return GatewayClassStatus(
        conditions=(
            positive(
                Type.ACCEPTED, Reason.ACCEPTED, _some(ours.refusal), "Gateways of this class are served", generation
            ),
            condition(Type.SUPPORTED_VERSION, True, Reason.SUPPORTED_VERSION, version, generation),
        ),
        supported_features=supported_features,
    )


# ---- Gateway --------------------------------------------------------------------------------------------------------


def of_gateway(
    key: Key,
    gateway: GatewayListeners,
    counted: Lookup[ir.ListenerKey, int],
    attached: Lookup[Key, int],
    placements: Lookup[Key, ir.Placement],
    unserved: Lookup[tuple[Key, str], Unserved],
    blamed: Lookup[ir.ListenerKey, Words],
    progress: Lookup[Key, ir.Progress],
    awaits_envoys: bool = False,
) -> GatewayStatus:
    """Report on a Gateway of ours and on each of its own listeners; of its ListenerSets it only counts the attached.

    `unserved` has Envoy's words on the ports that it refused, `blamed` those on all else. With `awaits_envoys` the
    Gateway is Programmed once it was placed and `progress` says that its Envoys have acknowledged it; what they had
    acknowledged of an earlier generation stays said of that generation meanwhile.
    """
    placement = placements.get(key) or (NOWHERE if awaits_envoys else None)
    addresses = tuple(("IPAddress", it) for it in gateway.requested) if placement is None else placement.addresses
    assigned = assign(gateway.asked, placement) if gateway.asked and placement is not None else None
    words = envoys_words(Ref("Gateway", *key), gateway, unserved, blamed)
    done = progress.get(key) if awaits_envoys else assumed(gateway)
    return GatewayStatus(
        conditions=(
            _gateway_accepted(gateway),
            _gateway_programmed(gateway, placement, words, done),
            _gateway_resolved_refs(gateway),
            *_default_gateway(gateway),
            *(() if assigned is None else (assigned_condition(assigned, gateway.generation),)),
            *_insecure_frontend(gateway),
        ),
        listeners=of_listeners(Ref("Gateway", *key), gateway, counted, words, done),
        addresses=addresses if assigned is None else assigned.addresses,
        routabilities=() if assigned is None else assigned.routabilities,
        attached_listener_sets=(attached.get(key) or 0) if gateway.allows_listener_sets else None,
    )


def obstacle(
    key: Key, gateway: GatewayListeners, placements: Lookup[Key, ir.Placement], awaits_envoys: bool = False
) -> ir.Refusal | None:
    """Say what keeps all of a Gateway from being Programmed, its ListenerSets too; that it is refused they know."""
    placement = placements.get(key) or (NOWHERE if awaits_envoys else None)
    return None if placement is None else placement.refusal or _address_refused(gateway, placement)


def _gateway_accepted(gateway: GatewayListeners) -> Condition:
    """A Gateway is Accepted while one listener is; ListenersNotValid if one cannot be served, whatever the reason."""
    generation = gateway.generation
    if gateway.refusal is not None:
        status = None if gateway.refusal.reason == Reason.PENDING else False
        return condition(Type.ACCEPTED, status, gateway.refusal.reason, gateway.refusal.message, generation)
    broken = not_served(gateway)
    if broken:
        accepted = any(it.accepted for it in gateway.reports)
        return condition(Type.ACCEPTED, accepted, Reason.LISTENERS_NOT_VALID, broken, generation)
    return condition(Type.ACCEPTED, True, Reason.ACCEPTED, "the Gateway is valid", generation)


def _default_gateway(gateway: GatewayListeners) -> Iterable[Condition]:
    """A default Gateway says so; one that is none says nothing of it (GEP-3793)."""
    if gateway.default_scope:
        message = f"routes with useDefaultGateways: {gateway.default_scope} attach to the Gateway's own listeners"
        yield condition(Type.DEFAULT_GATEWAY, True, Reason.DEFAULT_GATEWAY, message, gateway.generation)


def _insecure_frontend(gateway: GatewayListeners) -> Iterable[Condition]:
    """A Gateway that lets in clients without a valid certificate though one is asked for says so, and else nothing."""
    if gateway.insecure:
        type_, reason = Type.INSECURE_FRONTEND_VALIDATION_MODE, Reason.CONFIGURATION_CHANGED
        yield condition(type_, True, reason, gateway.insecure, gateway.generation)


def _gateway_programmed(
    gateway: GatewayListeners, placement: ir.Placement | None, words: Mapping[str, str], done: ir.Progress | None
) -> Condition:
    generation = gateway.generation
    if gateway.refusal is not None and gateway.refusal.reason == Reason.PENDING:
        return condition(Type.PROGRAMMED, None, Reason.PENDING, gateway.refusal.message, generation)
    if gateway.refusal is not None:
        message = f"the Gateway is not accepted: {gateway.refusal.message}"
        return condition(Type.PROGRAMMED, False, Reason.INVALID, message, generation)
    if gateway.reports and not gateway.served:
        message = "no listener can be served; see their conditions"
        return condition(Type.PROGRAMMED, False, Reason.INVALID, message, generation)
    if said := said_of(words):
        return condition(Type.PROGRAMMED, False, Reason.INVALID, said, generation)
    refusal = None if placement is None else placement.refusal or _address_refused(gateway, placement)
    if refusal is not None:
        return refused(Type.PROGRAMMED, (refusal,), generation)
    return acknowledged(generation, done)


def _address_refused(gateway: GatewayListeners, placement: ir.Placement) -> ir.Refusal | None:
    if gateway.asked:
        return _unassigned(assign(gateway.asked, placement))
    has = [value for _, value in placement.addresses]
    lacks = [value for value in gateway.requested if value not in has]
    if lacks:
        at = f"the Gateway is at {', '.join(has)}; ask for that or for none" if has else "nobody has assigned it"
        return ir.Refusal(Reason.ADDRESS_NOT_USABLE, f"address {', '.join(lacks)} cannot be used: {at}")
    return None if has else ir.Refusal(Reason.ADDRESS_NOT_ASSIGNED, "no address has been assigned yet")


def _unassigned(assigned: Assigned) -> ir.Refusal | None:
    """A Gateway is Programmed with the addresses that can be had, as long as there is one."""
    if assigned.addresses:
        return None
    return ir.Refusal(Reason.ADDRESS_NOT_ASSIGNED, f"not assigned: {', '.join(assigned.lacking)}")


def _gateway_resolved_refs(gateway: GatewayListeners) -> Condition:
    unresolved = [it for it in gateway.reports if it.unresolved]
    refusals = gateway.unresolved
    if unresolved:
        message = "; ".join(f"listener {it.name}: {messages(it.unresolved)}" for it in unresolved)
        refusals = (*refusals, ir.Refusal(Reason.LISTENERS_NOT_RESOLVED, message))
    return positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, refusals, "all references resolve", gateway.generation)


# ---- routes ---------------------------------------------------------------------------------------------------------


def of_route(
    ref: Ref,
    bound: ir.Bound,
    resolved: Lookup[Ref, ir.Resolved],
    blamed: Lookup[Ref, Words],
    first: Lookup[ir.StreamKey, streams.First],
) -> RouteStatus | None:
    """Report to a route on each parent of ours; its references are reported whether it is accepted or not.

    `blamed` has the words of Envoys that refused what it became, `first` the routes that have what it would have.
    """
    if not bound.bonds:
        return None
    rules, words = resolved.get(ref), blamed.get(ref) or ()
    return RouteStatus(
        tuple(
            ParentStatus(
                bond.parent_ref,
                tuple(_of_bond(bond, rules, words, streams.behind(ref, bond, first), bound.generation)),
            )
            for bond in bound.bonds
        )
    )


def _of_bond(
    bond: ir.Bond, rules: ir.Resolved | None, words: Words, behind: str, generation: int
) -> Iterable[Condition]:
    invalid = () if rules is None else rules.invalid
    wholly_invalid = invalid if rules is not None and not rules.valid else ()
    refusals = _some(bond.refusal) or wholly_invalid
    accepted = "; ".join(filter(None, ("the route is accepted", behind)))
    yield positive(Type.ACCEPTED, Reason.ACCEPTED, refusals, accepted, generation)
    unresolved = () if rules is None else streams.unresolved(rules, bond)
    yield positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, unresolved, "all references resolve", generation)
    if invalid and not refusals:
        message = f"Dropped Rule: {messages(invalid)}"
        yield condition(Type.PARTIALLY_INVALID, True, invalid[0].reason, message, generation)
    gateways = {it.listener.gateway for it in bond.attachments}
    if said := dict.fromkeys(told for (_, gateway, *_), told in words if gateway in gateways):
        message = f"Envoy refuses {'; '.join(said)}"
        yield condition(Type.REFUSED, True, Reason.REFUSED_BY_ENVOY, message, generation)


# ---- in common ------------------------------------------------------------------------------------------------------


def _some(refusal: ir.Refusal | None) -> tuple[ir.Refusal, ...]:
    return () if refusal is None else (refusal,)
