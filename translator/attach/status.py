"""Status: what objects are told in conditions about themselves.

What an Envoy refused shows; what it has not said yet is taken for accepted, unless somebody waits for its word.
"""

from collections.abc import Iterable, Mapping

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
    blamed: Lookup[ir.ListenerKey, Words],
    progress: Lookup[Key, ir.Progress],
    awaits_envoys: bool = False,
) -> GatewayStatus:
    """Report on a Gateway of ours and on each of its listeners.

    `unserved` has Envoy's words on the ports that it refused, `blamed` those on all else. With `awaits_envoys` the
    Gateway is Programmed once it was placed and `progress` says that its Envoys have acknowledged it; what they had
    acknowledged of an earlier generation stays said of that generation meanwhile.
    """
    placement = placements.get(key) or (NOWHERE if awaits_envoys else None)
    addresses = tuple(("IPAddress", it) for it in gateway.requested) if placement is None else placement.addresses
    words = {report.name: _envoys_words(key, report, unserved, blamed) for report in gateway.reports}
    done = progress.get(key) if awaits_envoys else _assumed(gateway)
    return GatewayStatus(
        conditions=(
            _gateway_accepted(gateway),
            _gateway_programmed(gateway, placement, words, done),
            _gateway_resolved_refs(gateway),
        ),
        listeners=tuple(_of_listener(key, gateway, it, counted, words[it.name], done) for it in gateway.reports),
        addresses=addresses,
    )


def _assumed(gateway: GatewayListeners) -> ir.Progress:
    return ir.Progress(gateway.generation, gateway.served)


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
    gateway: GatewayListeners, placement: ir.Placement | None, words: Mapping[str, str], done: ir.Progress | None
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
    if said := [f"listener {name}: {told}" for name, told in words.items() if told]:
        return condition(Type.PROGRAMMED, False, Reason.INVALID, "; ".join(said), generation)
    refusal = None if placement is None else placement.refusal or _address_refused(gateway, placement)
    if refusal is not None:
        return refused(Type.PROGRAMMED, (refusal,), generation)
    return _acknowledged(generation, done)


def _acknowledged(generation: int, done: ir.Progress | None) -> Condition:
    if done is None or done.generation > generation:
        message = "no Envoy of the Gateway has acknowledged its configuration yet"
        return condition(Type.PROGRAMMED, False, Reason.PENDING, message, generation)
    message = "the Envoys of the Gateway have its configuration"
    return condition(Type.PROGRAMMED, True, Reason.PROGRAMMED, message, done.generation)


def _address_refused(gateway: GatewayListeners, placement: ir.Placement) -> ir.Refusal | None:
    has = [value for _, value in placement.addresses]
    lacks = [value for value in gateway.requested if value not in has]
    if lacks:
        at = f"the Gateway is at {', '.join(has)}; ask for that or for none" if has else "nobody has assigned it"
        return ir.Refusal(Reason.ADDRESS_NOT_USABLE, f"address {', '.join(lacks)} cannot be used: {at}")
    return None if has else ir.Refusal(Reason.ADDRESS_NOT_ASSIGNED, "no address has been assigned yet")


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
    words: str,
    done: ir.Progress | None,
) -> ListenerStatus:
    generation = gateway.generation
    conflict = _some(report.conflict)
    conditions = [
        _positive(Type.ACCEPTED, Reason.ACCEPTED, (*conflict, *report.refusals), "the listener is valid", generation),
        _listener_programmed(gateway, report, words, done),
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


def _listener_programmed(
    gateway: GatewayListeners, report: ListenerReport, words: str, done: ir.Progress | None
) -> Condition:
    generation = gateway.generation
    if words:
        return condition(Type.PROGRAMMED, False, Reason.INVALID, words, generation)
    if report.conflict is not None:
        return refused(Type.PROGRAMMED, (report.conflict,), generation)
    if _served(report):
        return _acknowledged(generation, done if done is not None and report.name in done.listeners else None)
    if gateway.refusal is not None:
        pending = gateway.refusal.reason == Reason.PENDING
        message = f"the Gateway is not accepted: {gateway.refusal.message}"
        reason = Reason.PENDING if pending else Reason.INVALID
        return condition(Type.PROGRAMMED, None if pending else False, reason, message, generation)
    return condition(Type.PROGRAMMED, False, Reason.INVALID, _messages(_faults(report)), generation)


def _envoys_words(
    key: Key, report: ListenerReport, unserved: Lookup[tuple[Key, str], str], blamed: Lookup[ir.ListenerKey, Words]
) -> str:
    """Return what an Envoy does not serve of a listener, and why; or nothing."""
    listener = report.listener
    if listener is None or not listener.serves:
        return ""
    words = unserved.get((key, listener_name(listener.protocol, listener.port)))
    said = [f"port {listener.port}: {words}"] if words else []
    said += dict.fromkeys(told for _, told in blamed.get(listener.key) or ())
    return f"Envoy refuses {'; '.join(said)}" if said else ""


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


def of_route(
    ref: Ref, bound: ir.Bound, resolved: Lookup[Ref, ir.Resolved], blamed: Lookup[Ref, Words]
) -> RouteStatus | None:
    """Report to a route on each parent of ours; its references are reported whether it is accepted or not.

    `blamed` has the words of Envoys that refused what it became.
    """
    if not bound.bonds:
        return None
    rules, words = resolved.get(ref), blamed.get(ref) or ()
    return RouteStatus(
        tuple(
            ParentStatus(bond.parent_ref, tuple(_of_bond(bond, rules, words, bound.generation))) for bond in bound.bonds
        )
    )


def _of_bond(bond: ir.Bond, rules: ir.Resolved | None, words: Words, generation: int) -> Iterable[Condition]:
    invalid = () if rules is None else rules.invalid
    wholly_invalid = invalid if rules is not None and not rules.valid else ()
    refusals = _some(bond.refusal) or wholly_invalid
    yield _positive(Type.ACCEPTED, Reason.ACCEPTED, refusals, "the route is accepted", generation)
    unresolved = () if rules is None else rules.refusals
    yield _positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, unresolved, "all references resolve", generation)
    if invalid and not refusals:
        message = f"Dropped Rule: {_messages(invalid)}"
        yield condition(Type.PARTIALLY_INVALID, True, invalid[0].reason, message, generation)
    gateways = {it.listener.gateway for it in bond.attachments}
    if said := dict.fromkeys(told for (_, gateway, *_), told in words if gateway in gateways):
        message = f"Envoy refuses {'; '.join(said)}"
        yield condition(Type.REFUSED, True, Reason.REFUSED_BY_ENVOY, message, generation)


# ---- in common ------------------------------------------------------------------------------------------------------


def _positive(type_: Type, reason: Reason, refusals: tuple[ir.Refusal, ...], good: str, generation: int) -> Condition:
    """A condition that is True unless something was refused."""
    return refused(type_, refusals, generation) if refusals else condition(type_, True, reason, good, generation)


def _some(refusal: ir.Refusal | None) -> tuple[ir.Refusal, ...]:
    return () if refusal is None else (refusal,)


def _messages(refusals: tuple[ir.Refusal, ...]) -> str:
    return "; ".join(dict.fromkeys(it.message for it in refusals))
