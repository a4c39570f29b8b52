"""Attachment: which listeners a route's parentRefs lead to, and which of them admit the route.

Source: gateway-api v1.7.0, apis/v1/shared_types.go (ParentReference, RouteReason*), gateway_types.go (AllowedRoutes,
attachedRoutes, listener isolation).
"""

from collections.abc import Iterable

from translator import ir
from translator.api.core import Namespace
from translator.api.gateway import GATEWAY_GROUP, FromNamespaces
from translator.api.meta import LabelExpression, LabelSelector
from translator.api.routes import ParentReference, Route
from translator.attach import hostnames
from translator.attach.ages import age
from translator.attach.conditions import Reason
from translator.value import Key, Lookup, Ref

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"


def bind(
    ref: Ref, route: Route, parents: Lookup[Key, ir.Parent], namespaces: Lookup[Key, Namespace]
) -> ir.Bound | None:
    """Attach a route to those of its parents that are Gateways of ours; None where there are none."""
    bonds = []
    for parent_ref in route.spec.parent_refs:
        parent = _parent(ref, parent_ref, parents)
        if parent is not None:
            bonds.append(_bond(ref, route, parent_ref, parent, namespaces))
    return ir.Bound(route.metadata.generation, age(ref, route), tuple(bonds)) if bonds else None


def attached_to(ref: Ref, bound: ir.Bound, rejected: Lookup[Ref, ir.Refusal]) -> tuple[ir.ListenerKey, ...] | None:
    """Return the listeners that count the route: those it is attached to, where its rules make it Accepted."""
    if rejected.get(ref) is not None:
        return None
    return tuple(dict.fromkeys(it.listener.key for bond in bound.bonds for it in bond.attachments)) or None


def by_listener(ref: Ref, listeners: tuple[ir.ListenerKey, ...]) -> Iterable[tuple[ir.ListenerKey, Ref, bool]]:
    """Put a route under each listener that counts it."""
    for key in listeners:
        yield key, ref, True


def count(_: ir.ListenerKey, attached: tuple[tuple[Ref, bool], ...]) -> int:
    """Return a listener's attachedRoutes."""
    return len(attached)


def _parent(ref: Ref, parent_ref: ParentReference, parents: Lookup[Key, ir.Parent]) -> ir.Parent | None:
    if (parent_ref.group, parent_ref.kind) != (GATEWAY_GROUP, "Gateway"):
        return None
    return parents.get(Key(parent_ref.namespace or ref.namespace, parent_ref.name))


def _bond(
    ref: Ref, route: Route, parent_ref: ParentReference, parent: ir.Parent, namespaces: Lookup[Key, Namespace]
) -> ir.Bond:
    """Ask the listeners in the order of the reasons: section and port, kind, namespace, hostname."""
    gateway = f"Gateway {parent.gateway}"
    listeners = [it for it in parent.listeners if _selected(parent_ref, it)]
    if not listeners:
        return _refuse(parent_ref, Reason.NO_MATCHING_PARENT, f"{gateway} has no listener {_wanted(parent_ref)}")
    named = ", ".join(it.key.name for it in listeners)
    listeners = [it for it in listeners if ref.kind in it.kinds]
    if not listeners:
        message = f"no {ref.kind} is admitted by {gateway}, listener {named}: see its protocol and allowedRoutes.kinds"
        return _refuse(parent_ref, Reason.NOT_ALLOWED_BY_LISTENERS, message)
    listeners = [it for it in listeners if _admits(it, ref.namespace, namespaces)]
    if not listeners:
        message = (
            f"routes of namespace {ref.namespace} are not admitted by {gateway}, listener {named}: "
            "see its allowedRoutes.namespaces"
        )
        return _refuse(parent_ref, Reason.NOT_ALLOWED_BY_LISTENERS, message)
    attachments = [_attach(it, route.spec.hostnames, parent) for it in listeners]
    matching = tuple(it for it in attachments if it is not None)
    if not matching:
        message = (
            f"none of {', '.join(route.spec.hostnames)} is a hostname of {gateway}, "
            f"listener {', '.join(f'{it.key.name} ({it.hostname})' for it in listeners)}"
        )
        return _refuse(parent_ref, Reason.NO_MATCHING_LISTENER_HOSTNAME, message)
    return ir.Bond(parent_ref, matching)


def _refuse(parent_ref: ParentReference, reason: Reason, message: str) -> ir.Bond:
    return ir.Bond(parent_ref, refusal=ir.Refusal(reason, message))


def _selected(parent_ref: ParentReference, listener: ir.Listener) -> bool:
    return parent_ref.section_name in (None, "", listener.key.name) and parent_ref.port in (None, listener.port)


def _wanted(parent_ref: ParentReference) -> str:
    name = f"named {parent_ref.section_name}" if parent_ref.section_name else "that can be attached to"
    return f"{name} on port {parent_ref.port}" if parent_ref.port is not None else name


def _admits(listener: ir.Listener, namespace: str, namespaces: Lookup[Key, Namespace]) -> bool:
    return admits(listener.namespaces, listener.key.parent.namespace, namespace, namespaces)


def admits(allowed: FromNamespaces, home: str, namespace: str, namespaces: Lookup[Key, Namespace]) -> bool:
    """Say whether objects of `namespace` are admitted by an object of namespace `home`."""
    match allowed.from_:
        case "All":
            return True
        case "Same":
            return namespace == home
        case "Selector" if allowed.selector is not None:
            found = namespaces.get(Key("", namespace))
            labels = {} if found is None else found.metadata.labels
            return _selects(allowed.selector, {**labels, NAMESPACE_NAME_LABEL: namespace})
        case _:
            return False


def _selects(selector: LabelSelector, labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(it, labels) for it in selector.match_expressions
    )


def _holds(expression: LabelExpression, labels: dict[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False


def _attach(listener: ir.Listener, wanted: tuple[str, ...], parent: ir.Parent) -> ir.Attachment | None:
    """Attach by hostname: None where the listener's and the route's have nothing in common."""
    common = []
    for written in wanted or ("",):
        hostname = hostnames.normal(written)
        domain = hostnames.intersection(listener.hostname, hostname)
        if domain is not None:
            common.append((hostname if written else "", domain))
    if not common:
        return None
    return ir.Attachment(listener, tuple(_isolated(listener, common, parent)))


def _isolated(listener: ir.Listener, hosts: list[tuple[str, str]], parent: ir.Parent) -> Iterable[tuple[str, str]]:
    """Leave out the domains that another listener of the same port and protocol is more specific for."""
    if not listener.serves:
        return ()
    neighbours = {
        it.hostname
        for it in parent.listeners
        if it.serves and (it.port, it.protocol) == (listener.port, listener.protocol)
    }
    return (host for host in hosts if hostnames.most_specific(neighbours, host[1]) == listener.hostname)
