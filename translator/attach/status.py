"""Status: what objects are told in conditions about themselves, judged as if Envoy had accepted everything."""

from collections.abc import Iterable

from translator import ir
from translator.api.gateway import GATEWAY_GROUP, AllowedListeners, Gateway, GatewayClass, ListenerSet
from translator.attach.classes import Owned
from translator.attach.conditions import Reason, Type, condition, refused
from translator.attach.listeners import GatewayListeners, ListenerReport
from translator.status import (
    Condition,
    GatewayClassStatus,
    GatewayStatus,
    ListenerSetStatus,
    ListenerStatus,
    ParentStatus,
    RouteStatus,
)
from translator.value import Key, Lookup, Ref
from translator.xds.names import listener_name

SUPPORTED_VERSION = "v1.7"


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
            _positive(
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
    placements: Lookup[Key, ir.Placement],
    unserved: Lookup[tuple[Key, str], str],
) -> GatewayStatus:
    """Report on a Gateway of ours and on each of its listeners; `unserved` has Envoy's words of those it refused."""
    placement = placements.get(key)
    addresses = tuple(("IPAddress", it) for it in gateway.requested) if placement is None else placement.addresses
    return GatewayStatus(
        conditions=(
            _gateway_accepted(gateway),
            _gateway_programmed(key, gateway, placement, unserved),
            _gateway_resolved_refs(gateway),
        ),
        listeners=tuple(_of_listener(key, gateway, report, counted, unserved) for report in gateway.reports),
        addresses=addresses,
    )


def _gateway_accepted(gateway: GatewayListeners) -> Condition:
    """A Gateway is Accepted while one listener is; ListenersNotValid if one cannot be served, whatever the reason."""
    generation = gateway.generation
    if gateway.refusal is not None:
        status = None if gateway.refusal.reason == Reason.PENDING else False
        return condition(Type.ACCEPTED, status, gateway.refusal.reason, gateway.refusal.message, generation)
    broken = [it for it in gateway.reports if not _served(it)]
    if broken:
        accepted = any(it.accepted for it in gateway.reports)
        return condition(Type.ACCEPTED, accepted, Reason.LISTENERS_NOT_VALID, _not_valid(gateway, broken), generation)
    message = "; ".join(("the Gateway is valid", *gateway.notes))
    return condition(Type.ACCEPTED, True, Reason.ACCEPTED, message, generation)


def _not_valid(gateway: GatewayListeners, broken: list[ListenerReport]) -> str:
    said = [f"listener {it.name}: {_messages(_faults(it))}" for it in broken]
    served = [it.name for it in gateway.reports if _served(it)]
    return "; ".join((*said, f"served: {', '.join(served) or 'none'}", *gateway.notes))


def _gateway_programmed(
    key: Key, gateway: GatewayListeners, placement: ir.Placement | None, unserved: Lookup[tuple[Key, str], str]
) -> Condition:
    generation = gateway.generation
    if gateway.refusal is not None and gateway.refusal.reason == Reason.PENDING:
        return condition(Type.PROGRAMMED, None, Reason.PENDING, gateway.refusal.message, generation)
    if gateway.refusal is not None:
        message = f"the Gateway is not accepted: {gateway.refusal.message}"
        return condition(Type.PROGRAMMED, False, Reason.INVALID, message, generation)
    if not any(_served(it) for it in gateway.reports):
        message = "no listener can be served; see their conditions"
        return condition(Type.PROGRAMMED, False, Reason.INVALID, message, generation)
    if said := [
        f"listener {it.name}: {words}" for it in gateway.reports if (words := _envoys_words(key, it, unserved))
    ]:
        return condition(Type.PROGRAMMED, False, Reason.INVALID, "; ".join(said), generation)
    refusal = None if placement is None else _address_refused(gateway, placement)
    message = "the Envoys of the Gateway have its configuration"
    return _positive(Type.PROGRAMMED, Reason.PROGRAMMED, _some(refusal), message, generation)


def _address_refused(gateway: GatewayListeners, placement: ir.Placement) -> ir.Refusal | None:
    if not placement.addresses:
        return ir.Refusal(Reason.ADDRESS_NOT_ASSIGNED, "no address has been assigned yet")
    has = [value for _, value in placement.addresses]
    lacks = [value for value in gateway.requested if value not in has]
    if not lacks:
        return None
    message = f"address {', '.join(lacks)} cannot be used: the Gateway is at {', '.join(has)}; ask for that or for none"
    return ir.Refusal(Reason.ADDRESS_NOT_USABLE, message)


def _gateway_resolved_refs(gateway: GatewayListeners) -> Condition:
    unresolved = [it for it in gateway.reports if it.unresolved]
    refusals = gateway.unresolved
    if unresolved:
        message = "; ".join(f"listener {it.name}: {_messages(it.unresolved)}" for it in unresolved)
        refusals = (*refusals, ir.Refusal(Reason.LISTENERS_NOT_RESOLVED, message))
    return _positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, refusals, "all references resolve", gateway.generation)


# ---- listeners ------------------------------------------------------------------------------------------------------


def _of_listener(
    key: Key,
    gateway: GatewayListeners,
    report: ListenerReport,
    counted: Lookup[ir.ListenerKey, int],
    unserved: Lookup[tuple[Key, str], str],
) -> ListenerStatus:
    generation = gateway.generation
    conflict = _some(report.conflict)
    conditions = [
        _positive(Type.ACCEPTED, Reason.ACCEPTED, (*conflict, *report.refusals), "the listener is valid", generation),
        _listener_programmed(gateway, report, _envoys_words(key, report, unserved)),
        _positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, report.unresolved, "all references resolve", generation),
        refused(Type.CONFLICTED, conflict, generation, status=True)
        if conflict
        else condition(Type.CONFLICTED, False, Reason.NO_CONFLICTS, "the listener is distinct", generation),
    ]
    if report.overlap is not None:
        conditions.append(refused(Type.OVERLAPPING_TLS_CONFIG, (report.overlap,), generation, status=True))
    return ListenerStatus(
        name=report.name,
        supported_kinds=tuple((GATEWAY_GROUP, kind) for kind in report.supported_kinds),
        attached_routes=counted.get(ir.ListenerKey(Ref("Gateway", *key), report.name)) or 0,
        conditions=tuple(conditions),
    )


def _listener_programmed(gateway: GatewayListeners, report: ListenerReport, words: str) -> Condition:
    generation = gateway.generation
    if words:
        return condition(Type.PROGRAMMED, False, Reason.INVALID, words, generation)
    if report.conflict is not None:
        return refused(Type.PROGRAMMED, (report.conflict,), generation)
    if _served(report):
        message = "the Envoys of the Gateway have its configuration"
        return condition(Type.PROGRAMMED, True, Reason.PROGRAMMED, message, generation)
    if gateway.refusal is not None:
        pending = gateway.refusal.reason == Reason.PENDING
        message = f"the Gateway is not accepted: {gateway.refusal.message}"
        reason = Reason.PENDING if pending else Reason.INVALID
        return condition(Type.PROGRAMMED, None if pending else False, reason, message, generation)
    return condition(Type.PROGRAMMED, False, Reason.INVALID, _messages(_faults(report)), generation)


def _envoys_words(key: Key, report: ListenerReport, unserved: Lookup[tuple[Key, str], str]) -> str:
    """Return why an Envoy does not serve a listener's port, or nothing."""
    if report.listener is None or not report.listener.serves:
        return ""
    words = unserved.get((key, listener_name(report.listener.protocol, report.listener.port)))
    return f"Envoy refuses port {report.listener.port}: {words}" if words else ""


def _served(report: ListenerReport) -> bool:
    return report.listener is not None and report.listener.serves


def _faults(report: ListenerReport) -> tuple[ir.Refusal, ...]:
    """What keeps a listener from being served: references matter only where nothing else does."""
    return (*_some(report.conflict), *report.refusals) or report.unresolved


# ---- ListenerSet ----------------------------------------------------------------------------------------------------


def of_listener_set(
    key: Key, listener_set: ListenerSet, gateways: Lookup[Key, Gateway], owned: Lookup[Key, Owned]
) -> ListenerSetStatus | None:
    """Say of a ListenerSet on a Gateway of ours that it is not served, and whether it would be allowed."""
    parent = listener_set.spec.parent_ref
    if (parent.group, parent.kind) != (GATEWAY_GROUP, "Gateway"):
        return None
    gateway_key = Key(parent.namespace or key.namespace, parent.name)
    gateway = gateways.get(gateway_key)
    if gateway is None or owned.get(Key("", gateway.spec.gateway_class_name)) is None:
        return None
    if _may_attach(key, gateway_key, gateway.spec.allowed_listeners):
        message = f"the listeners of ListenerSets are not served yet; move them into Gateway {gateway_key}"
        refusal = ir.Refusal(Reason.LISTENERS_NOT_VALID, message)
    else:
        message = (
            f"Gateway {gateway_key} does not allow ListenerSets of namespace {key.namespace}: see allowedListeners"
        )
        refusal = ir.Refusal(Reason.NOT_ALLOWED, message)
    generation = listener_set.metadata.generation
    return ListenerSetStatus(tuple(refused(it, (refusal,), generation) for it in (Type.ACCEPTED, Type.PROGRAMMED)))


def _may_attach(key: Key, gateway: Key, allowed: AllowedListeners | None) -> bool:
    """Say whether it might be allowed; labels are not looked at, for nothing would come of it."""
    from_ = "None" if allowed is None else allowed.namespaces.from_
    return from_ in ("All", "Selector") or (from_ == "Same" and key.namespace == gateway.namespace)


# ---- routes ---------------------------------------------------------------------------------------------------------


def of_route(ref: Ref, bound: ir.Bound, resolved: Lookup[Ref, ir.Resolved]) -> RouteStatus | None:
    """Report to a route on each parent of ours; its references are reported whether it is accepted or not."""
    if not bound.bonds:
        return None
    rules = resolved.get(ref)
    return RouteStatus(
        tuple(ParentStatus(bond.parent_ref, tuple(_of_bond(bond, rules, bound.generation))) for bond in bound.bonds)
    )


def _of_bond(bond: ir.Bond, rules: ir.Resolved | None, generation: int) -> Iterable[Condition]:
    invalid = () if rules is None else rules.invalid
    wholly_invalid = invalid if rules is not None and not rules.valid else ()
    refusals = _some(bond.refusal) or wholly_invalid
    yield _positive(Type.ACCEPTED, Reason.ACCEPTED, refusals, "the route is accepted", generation)
    unresolved = () if rules is None else rules.refusals
    yield _positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, unresolved, "all references resolve", generation)
    if invalid and not refusals:
        message = f"Dropped Rule: {_messages(invalid)}"
        yield condition(Type.PARTIALLY_INVALID, True, invalid[0].reason, message, generation)


# ---- in common ------------------------------------------------------------------------------------------------------


def _positive(type_: Type, reason: Reason, refusals: tuple[ir.Refusal, ...], good: str, generation: int) -> Condition:
    """A condition that is True unless something was refused."""
    return refused(type_, refusals, generation) if refusals else condition(type_, True, reason, good, generation)


def _some(refusal: ir.Refusal | None) -> tuple[ir.Refusal, ...]:
    return () if refusal is None else (refusal,)


def _messages(refusals: tuple[ir.Refusal, ...]) -> str:
    return "; ".join(dict.fromkeys(it.message for it in refusals))
