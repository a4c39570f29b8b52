"""Holders: what has listeners, be it a Gateway or a ListenerSet, and which ListenerSets a Gateway admits (GEP-1713)."""

from translator.api.core import Namespace
from translator.api.gateway import GATEWAY_GROUP, FromNamespaces, Gateway, Listener, ListenerSet
from translator.api.parameters import EnvoyParameters
from translator.attach import parameters as parameters_refs
from translator.attach import unsupported
from translator.attach.classes import Owned
from translator.attach.conditions import Reason
from translator.attach.selectors import admits
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value

NOBODY = FromNamespaces("None")


class ParentGateway(Value):
    """A Gateway of ours as the ListenerSets that name it see it."""

    allowed: FromNamespaces
    refusal: Refusal | None = None
    """Why none of it is served; reason Pending where that is not the Gateway's fault."""


class Holder(Value):
    """A Gateway of ours, or a ListenerSet that names one as its parent, with its listeners as written."""

    ref: Ref
    gateway: Key
    generation: int
    listeners: tuple[Listener, ...]
    created: str = ""
    refusal: Refusal | None = None
    """Why nothing of it is served."""
    attached: bool = True
    """False where the Gateway does not allow it: it is no part of the Gateway then."""


def parent_gateway(
    key: Key, gateway: Gateway, owned: Lookup[Key, Owned], parameters: Lookup[Key, EnvoyParameters]
) -> ParentGateway | None:
    """Say what a Gateway is to its ListenerSets; None where its class is not ours, for then it is not ours either."""
    spec = gateway.spec
    gateway_class = owned.get(Key("", spec.gateway_class_name))
    if gateway_class is None:
        return None
    refusal = (
        _class_refused(spec.gateway_class_name, gateway_class)
        or _parameters_refused(key, gateway, parameters)
        or unsupported.of_gateway(gateway)
    )
    allowed = NOBODY if spec.allowed_listeners is None else spec.allowed_listeners.namespaces
    return ParentGateway(allowed, refusal)


def of_gateway(key: Key, gateway: Gateway, parent: ParentGateway) -> Holder:
    """Take a Gateway for what it is to its own listeners."""
    return Holder(
        ref=Ref("Gateway", *key),
        gateway=key,
        generation=gateway.metadata.generation,
        listeners=gateway.spec.listeners,
        refusal=parent.refusal,
    )


def of_listener_set(
    key: Key, listener_set: ListenerSet, gateways: Lookup[Key, ParentGateway], namespaces: Lookup[Key, Namespace]
) -> Holder | None:
    """Say whether a ListenerSet is attached to the Gateway that it names; None where that is none of ours."""
    wanted = listener_set.spec.parent_ref
    if (wanted.group, wanted.kind) != (GATEWAY_GROUP, "Gateway"):
        return None
    gateway = Key(wanted.namespace or key.namespace, wanted.name)
    parent = gateways.get(gateway)
    if parent is None:
        return None
    attached = admits(parent.allowed, gateway.namespace, key.namespace, namespaces)
    return Holder(
        ref=Ref("ListenerSet", *key),
        gateway=gateway,
        generation=listener_set.metadata.generation,
        listeners=listener_set.spec.listeners,
        created=listener_set.metadata.creation_timestamp,
        refusal=_parent_refused(gateway, parent) if attached else _not_allowed(key, gateway),
        attached=attached,
    )


def _not_allowed(key: Key, gateway: Key) -> Refusal:
    message = f"Gateway {gateway} does not allow ListenerSets of namespace {key.namespace}: see allowedListeners"
    return Refusal(Reason.NOT_ALLOWED, message)


def _parent_refused(gateway: Key, parent: ParentGateway) -> Refusal | None:
    if parent.refusal is None:
        return None
    pending = parent.refusal.reason == Reason.PENDING
    message = f"Gateway {gateway} is not accepted: {parent.refusal.message}"
    return Refusal(Reason.PENDING if pending else Reason.PARENT_NOT_ACCEPTED, message)


def _class_refused(name: str, gateway_class: Owned) -> Refusal | None:
    if gateway_class.refusal is None:
        return None
    message = f"GatewayClass {name} is not accepted: {gateway_class.refusal.message}"
    return Refusal(Reason.PENDING, message)


def _parameters_refused(key: Key, gateway: Gateway, parameters: Lookup[Key, EnvoyParameters]) -> Refusal | None:
    chosen = parameters_refs.of_gateway(key, gateway, parameters)
    return chosen if isinstance(chosen, Refusal) else None
