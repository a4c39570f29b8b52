"""Conditions that are not as they should be, each distinct trouble once and at the field at fault."""

from collections.abc import Container, Iterator, Sequence
from typing import TypeAlias

from translator.api import gateway, routes
from translator.api.kinds import Object
from translator.attach.conditions import Reason, Type
from translator.attach.selectors import NAMESPACE_NAME_LABEL
from translator.ir import Refusal
from translator.status import (
    Condition,
    GatewayClassStatus,
    GatewayStatus,
    ListenerSetStatus,
    PolicyStatus,
    RouteStatus,
    Status,
    amiss,
)
from translator.value import Key, Ref
from xds_server.checking.faults import Fault, faults
from xds_server.checking.finding import Trouble
from xds_server.checking.world import World
from xds_server.files import Severity

Said: TypeAlias = tuple[str, Condition]
"""A condition with the field that it is about."""

BY_PARENT = frozenset(
    {Reason.NOT_ALLOWED_BY_LISTENERS, Reason.NO_MATCHING_LISTENER_HOSTNAME, Reason.NO_MATCHING_PARENT}
)
"""Reasons that a parent refuses a route for: of a parent that is not there, nothing can be said."""

HARMLESS = frozenset({Reason.OVERLAPPING_HOSTNAMES, Reason.OVERLAPPING_CERTIFICATES})
"""Reasons of conditions that tell of a risk, while all that was asked for is done."""


def troubles(ref: Ref, value: Object, status: Status, world: World, missing: Container[Ref]) -> Iterator[Trouble]:
    """Yield what an object's conditions tell of: as faults of fields where they can be found, else as they are.

    Left out is what follows from something else that is told: Programmed where another condition is amiss, what a
    Gateway says of its class, and what a rule says of a field whose reference is refused.
    """
    said = [it for it in _placed(ref, value, status, missing) if amiss(it[1])]
    if not said:
        return
    found = tuple(dict.fromkeys(faults(ref, value, world)))
    told = found
    if isinstance(value, routes.Route):
        told = tuple({fault.field: fault for fault in reversed(found)}.values())[::-1]
    for field, refusal in (*told, *_unexplained(said, found)):
        message = refusal.message + _hint(ref, value, refusal.reason, world)
        severity = Severity.WARNING if refusal.reason in HARMLESS else Severity.ERROR
        yield Trouble(ref, field, refusal.reason, message, severity)


def _unexplained(said: Sequence[Said], found: Sequence[Fault]) -> Iterator[Fault]:
    """Yield the conditions that no fault explains, each distinct one at the first field that it is said of."""
    consequence = len({condition.type for _, condition in said}) > 1
    fields: dict[Refusal, str] = {}
    for field, condition in said:
        explained = any(fault.refusal.message in condition.message for fault in found)
        follows = condition.reason == Reason.PENDING or (consequence and condition.type == Type.PROGRAMMED)
        if not explained and not follows:
            fields.setdefault(Refusal(condition.reason, condition.message), field)
    return (Fault(field, refusal) for refusal, field in fields.items())


def _placed(ref: Ref, value: Object, status: Status, missing: Container[Ref]) -> Iterator[Said]:
    """Yield every condition with the field that it is about."""
    match status:
        case RouteStatus(parents=entries):
            refs = _parent_refs(value)
            for entry in entries:
                parent = entry.parent_ref
                target = Ref(parent.kind, parent.namespace or ref.namespace, parent.name)
                field = f"spec.parentRefs[{refs.index(parent)}]" if parent in refs else "spec.useDefaultGateways"
                for condition in entry.conditions:
                    hostname = condition.reason == Reason.NO_MATCHING_LISTENER_HOSTNAME
                    if condition.reason not in BY_PARENT or target not in missing:
                        yield "spec.hostnames" if hostname else field, condition
        case PolicyStatus(ancestors=entries):
            for index, entry in enumerate(entries):
                yield from ((f"spec.targetRefs[{index}]", condition) for condition in entry.conditions)
        case GatewayStatus() | ListenerSetStatus():
            whole = "spec.parentRef" if isinstance(value, gateway.ListenerSet) else ""
            yield from ((whole, condition) for condition in status.conditions)
            for index, listener in enumerate(status.listeners):
                yield from ((f"spec.listeners[{index}]", condition) for condition in listener.conditions)
        case GatewayClassStatus():
            yield from (("", condition) for condition in status.conditions)


def _parent_refs(value: Object) -> tuple[routes.ParentReference, ...]:
    return value.spec.parent_refs if isinstance(value, routes.Route) else ()


def _hint(ref: Ref, value: Object, reason: str, world: World) -> str:
    """Add what might be in files that were not given."""
    if reason == Reason.REF_NOT_PERMITTED:
        return "; add a ReferenceGrant there, or give the one that exists with these files"
    if reason == Reason.NOT_ALLOWED_BY_LISTENERS and world.namespaces.get(Key("", ref.namespace)) is None:
        parents = (Key(it.namespace or ref.namespace, it.name) for it in _parent_refs(value))
        if any(_selects(world.gateways.get(it)) for it in parents):
            label = NAMESPACE_NAME_LABEL
            return f"; Namespace {ref.namespace} is not among the files, so it has no label but {label}"
    return ""


def _selects(parent: gateway.Gateway | None) -> bool:
    """Whether a listener admits namespaces by their labels."""
    listeners = () if parent is None else parent.spec.listeners
    return any(it.allowed_routes.namespaces.from_ == "Selector" for it in listeners)
