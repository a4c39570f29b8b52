"""Attachment: which listeners a route's parentRefs lead to, and which of them admit the route.

Source: gateway-api v1.7.0, apis/v1/shared_types.go (ParentReference, RouteReason*), gateway_types.go (AllowedRoutes,
attachedRoutes, listener isolation), GEP-1713 (a route attaches to the listeners of its direct parent alone), GEP-3793
(default Gateways).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from translator import ir
from translator.api.core import Namespace
from translator.api.gateway import GATEWAY_GROUP, Gateway
from translator.api.routes import ParentReference, Route
from translator.attach import hostnames
from translator.attach.ages import age
from translator.attach.conditions import Reason
from translator.attach.selectors import admits
from translator.value import Key, Lookup, Ref

KINDS = ("Gateway", "ListenerSet")
"""Kinds of parents that have listeners."""

NO_SCOPE = ("", "None")
"""Scopes that are none: no default Gateway is meant."""


class Sharing(NamedTuple):
    """Listeners of one port of a Gateway, which only their hostnames tell apart."""

    gateway: Key
    port: int
    spoken: str
    """The protocol; TLS for HTTPS too, for a server name chooses among both."""


Defaults = Sequence[tuple[Key, bool]]
"""The Gateways of a default scope, sorted."""


def bind(
    ref: Ref,
    route: Route,
    parents: Lookup[Ref, ir.Parent],
    namespaces: Lookup[Key, Namespace],
    defaults: Lookup[str, Defaults],
    shared: Lookup[Sharing, bool],
    taken: Lookup[tuple[Sharing, str], object],
) -> ir.Bound | None:
    """Attach a route to those of its parents that are ours, default Gateways included; None where there are none."""
    bonds = []
    for parent_ref in (*route.spec.parent_refs, *_defaulted(ref, route, defaults)):
        target = _target(ref, parent_ref)
        parent = None if target is None else parents.get(target)
        if target is not None and parent is not None:
            asking = _Asking(ref, route, parent_ref, target, namespaces, shared, taken)
            bonds.append(_bond(asking, parent))
    return ir.Bound(route.metadata.generation, age(ref, route), tuple(bonds)) if bonds else None


def by_scope(key: Key, gateway: Gateway) -> Iterable[tuple[str, Key, bool]]:
    """Put a default Gateway under its scope."""
    if gateway.spec.default_scope not in NO_SCOPE:
        yield gateway.spec.default_scope, key, True


def by_sharing(_: Ref, parent: ir.Parent) -> Iterator[tuple[Sharing, tuple[str, ir.ListenerKey], bool]]:
    """Put the listeners that take traffic to those that only their hostnames tell them from."""
    return ((sharing, (it.hostname, it.key), True) for sharing, it in _serving(parent))


def by_hostname(_: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Sharing, str], ir.ListenerKey, bool]]:
    """Put the listeners that take traffic under their hostnames."""
    return (((sharing, it.hostname), it.key, True) for sharing, it in _serving(parent))


def is_shared(_: Sharing, serving: tuple[object, ...]) -> bool | None:
    """Say whether there is more than one listener, so that a hostname may belong to another one."""
    return len(serving) > 1 or None


def attached_to(ref: Ref, bound: ir.Bound, rejected: Lookup[Ref, ir.Refusal]) -> tuple[ir.ListenerKey, ...] | None:
    """Return the listeners that count the route: those it is attached to, where its rules make it Accepted."""
    if rejected.get(ref) is not None:
        return None
    return tuple(dict.fromkeys(it.listener.key for bond in bound.bonds for it in bond.attachments)) or None


def by_listener(ref: Ref, listeners: tuple[ir.ListenerKey, ...]) -> Iterable[tuple[ir.ListenerKey, Ref, bool]]:
    """Put a route under each listener that counts it."""
    for key in listeners:
        yield key, ref, True


def count(_: ir.ListenerKey, attached: Sequence[tuple[Ref, bool]]) -> int:
    """Return a listener's attachedRoutes."""
    return len(attached)


# ---- parents --------------------------------------------------------------------------------------------------------


def _target(ref: Ref, parent_ref: ParentReference) -> Ref | None:
    if parent_ref.group != GATEWAY_GROUP or parent_ref.kind not in KINDS:
        return None
    return Ref(parent_ref.kind, parent_ref.namespace or ref.namespace, parent_ref.name)


def _defaulted(ref: Ref, route: Route, defaults: Lookup[str, Defaults]) -> Iterator[ParentReference]:
    """Name the default Gateways that a route asks for, as if it named them; those that it does name are left out."""
    scope = route.spec.use_default_gateways
    if scope in NO_SCOPE:
        return
    named = {_target(ref, it) for it in route.spec.parent_refs if it.section_name in (None, "") and it.port is None}
    for key, _ in defaults.get(scope) or ():
        if Ref("Gateway", *key) not in named:
            yield ParentReference(name=key.name, namespace=key.namespace)


# ---- one parent -----------------------------------------------------------------------------------------------------


class _Asking(NamedTuple):
    """A route at one of its parents; lives for one decision."""

    ref: Ref
    route: Route
    parent_ref: ParentReference
    target: Ref
    namespaces: Lookup[Key, Namespace]
    shared: Lookup[Sharing, bool]
    taken: Lookup[tuple[Sharing, str], object]


def _bond(asking: _Asking, parent: ir.Parent) -> ir.Bond:
    """Ask the listeners in the order of the reasons: section and port, kind, namespace, hostname."""
    ref, parent_ref, at = asking.ref, asking.parent_ref, asking.target
    if parent.refusal is not None:
        return _refuse(parent_ref, Reason.NO_MATCHING_PARENT, f"{at} is not attached: {parent.refusal.message}")
    listeners = [it for it in parent.listeners if _selected(parent_ref, it)]
    if not listeners:
        return _refuse(parent_ref, Reason.NO_MATCHING_PARENT, f"{at} has no listener {_wanted(parent_ref)}")
    named = ", ".join(it.key.name for it in listeners)
    listeners = [it for it in listeners if ref.kind in it.kinds]
    if not listeners:
        message = f"no {ref.kind} is admitted by {at}, listener {named}: see its protocol and allowedRoutes.kinds"
        return _refuse(parent_ref, Reason.NOT_ALLOWED_BY_LISTENERS, message)
    named = ", ".join(it.key.name for it in listeners)
    listeners = [it for it in listeners if admits(it.namespaces, at.namespace, ref.namespace, asking.namespaces)]
    if not listeners:
        message = (
            f"routes of namespace {ref.namespace} are not admitted by {at}, listener {named}: "
            "see its allowedRoutes.namespaces"
        )
        return _refuse(parent_ref, Reason.NOT_ALLOWED_BY_LISTENERS, message)
    attachments = [_attach(asking, it) for it in listeners]
    matching = tuple(it for it in attachments if it is not None)
    if not matching:
        message = (
            f"none of {', '.join(asking.route.spec.hostnames)} is a hostname of {at}, "
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


# ---- hostnames ------------------------------------------------------------------------------------------------------


def _attach(asking: _Asking, listener: ir.Listener) -> ir.Attachment | None:
    """Attach by hostname: None where the listener's and the route's have nothing in common."""
    common = []
    for written in asking.route.spec.hostnames or ("",):
        hostname = hostnames.normal(written)
        domain = hostnames.intersection(listener.hostname, hostname)
        if domain is not None:
            common.append((hostname if written else "", domain))
    if not common:
        return None
    return ir.Attachment(listener, tuple(_isolated(asking, listener, common)))


def _isolated(asking: _Asking, listener: ir.Listener, hosts: list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Leave out the domains that another listener of the same port and protocol is more specific for."""
    if not listener.serves:
        return ()
    sharing = _sharing(listener)
    return (it for it in hosts if it[1] == listener.hostname or not _elsewhere(asking, sharing, listener, it[1]))


def _elsewhere(asking: _Asking, sharing: Sharing, listener: ir.Listener, domain: str) -> bool:
    if asking.shared.get(sharing) is None:
        return False
    for hostname in (domain, *hostnames.wildcards_above(domain)):
        if hostname == listener.hostname:
            return False
        if asking.taken.get((sharing, hostname)) is not None:
            return True
    return False


def _serving(parent: ir.Parent) -> Iterator[tuple[Sharing, ir.Listener]]:
    return ((_sharing(it), it) for it in parent.listeners if it.serves)


def _sharing(listener: ir.Listener) -> Sharing:
    spoken = "TLS" if listener.protocol in ir.SECURE_PROTOCOLS else listener.protocol
    return Sharing(listener.gateway, listener.port, spoken)
