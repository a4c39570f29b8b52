"""The status that objects are given: conditions with the specification's Types and Reasons, and what goes with them."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias, assert_never

import msgspec

from translator.api.routes import ParentReference
from translator.value import Ref, Value


class Condition(Value):
    """metav1.Condition without lastTransitionTime, which belongs to whoever writes it."""

    type: str
    status: bool | None
    """None is Unknown."""
    reason: str
    message: str
    observed_generation: int


class GatewayClassStatus(Value):
    """Status of a GatewayClass."""

    conditions: tuple[Condition, ...]
    supported_features: tuple[str, ...] = ()


class ListenerStatus(Value):
    """Status of one listener."""

    name: str
    supported_kinds: tuple[tuple[str, str], ...]
    """(group, kind) pairs."""
    attached_routes: int
    conditions: tuple[Condition, ...]


class GatewayStatus(Value):
    """Status of a Gateway."""

    conditions: tuple[Condition, ...]
    listeners: tuple[ListenerStatus, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """(type, value) pairs."""
    routabilities: tuple[str, ...] = ()
    """Of each address, where it was asked for; the standard channel has no such field."""
    attached_listener_sets: int | None = None


class ListenerSetStatus(Value):
    """Status of a ListenerSet."""

    conditions: tuple[Condition, ...]
    listeners: tuple[ListenerStatus, ...] = ()


class ParentStatus(Value):
    """Status of a route, or a policy, with regard to one parent."""

    parent_ref: ParentReference
    conditions: tuple[Condition, ...]


class RouteStatus(Value):
    """Our entries in a route's status.parents."""

    parents: tuple[ParentStatus, ...]


class PolicyStatus(Value):
    """Our entries in a policy's status.ancestors."""

    ancestors: tuple[ParentStatus, ...]


Status: TypeAlias = GatewayClassStatus | GatewayStatus | ListenerSetStatus | RouteStatus | PolicyStatus


class StatusChange(NamedTuple):
    """An object's status as it should be now; None where we have nothing (more) to say of it."""

    ref: Ref
    status: Status | None


NEGATIVE = frozenset(
    {
        "Conflicted",
        "PartiallyInvalid",
        "OverlappingTLSConfig",
        "InsecureFrontendValidationMode",
        "gatehouse.dev/Refused",
    }
)
"""Condition types that report trouble when they are true; all others do when they are not."""


LONGEST_MESSAGE = 32768
"""Characters that the schemas admit."""


def amiss(condition: Condition) -> bool:
    """Whether a condition tells of something that is not as it should be."""
    return condition.status is not (condition.type not in NEGATIVE)


def conditions_of(status: Status) -> Iterator[tuple[str, Condition]]:
    """Every condition of a status with the part of the object it speaks of: a listener, a parent, or nothing."""
    match status:
        case RouteStatus(parents=entries) | PolicyStatus(ancestors=entries):
            for entry in entries:
                section = f"/{entry.parent_ref.section_name}" if entry.parent_ref.section_name else ""
                for condition in entry.conditions:
                    yield f"{entry.parent_ref.kind} {entry.parent_ref.name}{section}", condition
        case GatewayStatus() | ListenerSetStatus():
            yield from (("", condition) for condition in status.conditions)
            for listener in status.listeners:
                yield from ((f"listener {listener.name}", condition) for condition in listener.conditions)
        case GatewayClassStatus():
            yield from (("", condition) for condition in status.conditions)
        case _:
            assert_never(status)


def to_document(status: Status, controller_name: str) -> dict[str, Any]:
    """Write a status as Kubernetes does; conditions lack the lastTransitionTime, which only a writer knows."""
    match status:
        case GatewayClassStatus():
            features = [{"name": name} for name in status.supported_features]
            return {"conditions": _conditions(status.conditions), "supportedFeatures": features}
        case GatewayStatus():
            document: dict[str, Any] = {
                "addresses": list(_addresses(status)),
                "conditions": _conditions(status.conditions),
                "listeners": _listeners(status.listeners),
            }
            if status.attached_listener_sets is not None:
                document["attachedListenerSets"] = status.attached_listener_sets
            return document
        case ListenerSetStatus():
            return {"conditions": _conditions(status.conditions), "listeners": _listeners(status.listeners)}
        case RouteStatus():
            return {"parents": [_parent("parentRef", entry, controller_name) for entry in status.parents]}
        case PolicyStatus():
            return {"ancestors": [_parent("ancestorRef", entry, controller_name) for entry in status.ancestors]}
        case _:
            assert_never(status)


def _addresses(status: GatewayStatus) -> Iterator[dict[str, str]]:
    for index, (type_, value) in enumerate(status.addresses):
        known = {"routability": status.routabilities[index]} if status.routabilities else {}
        yield {"type": type_, "value": value, **known}


def _conditions(conditions: tuple[Condition, ...]) -> list[dict[str, Any]]:
    words = {True: "True", False: "False", None: "Unknown"}
    return [
        {
            "type": condition.type,
            "status": words[condition.status],
            "reason": condition.reason,
            "message": condition.message[:LONGEST_MESSAGE],
            "observedGeneration": condition.observed_generation,
        }
        for condition in conditions
    ]


def _listeners(listeners: tuple[ListenerStatus, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": listener.name,
            "supportedKinds": [{"group": group, "kind": kind} for group, kind in listener.supported_kinds],
            "attachedRoutes": listener.attached_routes,
            "conditions": _conditions(listener.conditions),
        }
        for listener in listeners
    ]


def _parent(field: str, entry: ParentStatus, controller_name: str) -> dict[str, Any]:
    reference = {name: part for name, part in msgspec.to_builtins(entry.parent_ref).items() if part is not None}
    return {
        field: reference,
        "controllerName": controller_name,
        "conditions": _conditions(entry.conditions),
    }
