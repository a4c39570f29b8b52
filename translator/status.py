"""The status that objects are given: conditions with the specification's Types and Reasons, and what goes with them."""

from typing import NamedTuple, TypeAlias

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
