"""Nodes of the picture: what an object is called, how it is, and which objects it belongs with."""

from collections.abc import Iterable, Iterator, Sequence

from translator import ir
from translator.api import core, experimental, gateway, policies, routes, telemetry
from translator.status import (
    Condition,
    GatewayStatus,
    ListenerSetStatus,
    ListenerStatus,
    Status,
    amiss,
    conditions_of,
)
from translator.value import Ref, Value

CLASSES, GATEWAYS, LISTENERS, ROUTES, BACKENDS, ENDPOINTS = range(6)
"""Columns, from left to right."""

GOOD, AMISS, PENDING, PLAIN = "good", "amiss", "pending", "plain"
"""As it should be; not so; not yet; nothing is said of it."""

WAITING = frozenset({"Pending", "AddressNotAssigned"})
"""Reasons that time may mend."""


class Node(Value, omit_defaults=True):
    """A node; `up` and `down` are ids of nodes to the left and to the right, be they there or not."""

    id: str
    kind: str
    namespace: str
    name: str
    column: int
    state: str = PLAIN
    why: str = ""
    """The first reason why it is not as it should be."""
    text: str = ""
    hosts: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


def identify(kind: str, namespace: str, name: str, part: str = "") -> str:
    """Name a node: `HTTPRoute/shop/cart`, `Gateway/shop/edge#https` for a listener, `GatewayClass//public`."""
    return f"{kind}/{namespace}/{name}{f'#{part}' if part else ''}"


def of_class(ref: Ref, found: gateway.GatewayClass, status: Status | None) -> Node:
    """Draw a GatewayClass."""
    state, why = _state(_conditions(status))
    return Node(identify(*ref), *ref, CLASSES, state, why, found.spec.controller_name)


def of_gateway(ref: Ref, found: gateway.Gateway, status: Status | None) -> Iterator[Node]:
    """Draw a Gateway and its listeners."""
    addresses = status.addresses if isinstance(status, GatewayStatus) else ()
    state, why = _state(_conditions(status, ""))
    up = (identify("GatewayClass", "", found.spec.gateway_class_name),)
    text = ", ".join(value for _, value in addresses)
    yield Node(identify(*ref), *ref, GATEWAYS, state, why, text, up=up)
    yield from _of_listeners(ref, found.spec.listeners, status)


def of_listener_set(ref: Ref, found: gateway.ListenerSet, status: Status | None) -> Iterator[Node]:
    """Draw a ListenerSet, which stands among the Gateways, and its listeners, which are also its Gateway's."""
    parent = found.spec.parent_ref
    holder = identify(parent.kind, parent.namespace or ref.namespace, parent.name)
    state, why = _state(_conditions(status, ""))
    yield Node(identify(*ref), *ref, GATEWAYS, state, why, f"of {parent.name}")
    yield from _of_listeners(ref, found.spec.listeners, status, (holder,))


def _of_listeners(
    ref: Ref, listeners: Iterable[gateway.Listener], status: Status | None, holders: tuple[str, ...] = ()
) -> Iterator[Node]:
    told: dict[str, ListenerStatus] = {}
    if isinstance(status, GatewayStatus | ListenerSetStatus):
        told = {it.name: it for it in status.listeners}
    for it in listeners:
        state, why = _state(told[it.name].conditions if it.name in told else ())
        yield Node(
            id=identify(*ref, it.name),
            kind="Listener",
            namespace=ref.namespace,
            name=it.name,
            column=LISTENERS,
            state=state,
            why=why,
            text=f"{' '.join(filter(None, (it.protocol, str(it.port), it.hostname)))} · {ref.name}",
            hosts=(it.hostname or ir.ANY_HOST,),
            up=(identify(*ref), *holders),
        )


def of_route(ref: Ref, found: routes.Route, status: Status | None, bound: ir.Bound | None) -> Node:
    """Draw a route, between the listeners that took it, or the parents that did not, and the backends that it names."""
    state, why = _state(_conditions(status))
    hostnames = getattr(found.spec, "hostnames", ())
    rules = len(found.spec.rules)
    text = f"{', '.join(hostnames) or 'any host'} · {rules} rule{'' if rules == 1 else 's'}"
    return Node(
        id=identify(*ref),
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        column=ROUTES,
        state=state,
        why=why,
        text=text,
        hosts=tuple(hostnames) or (ir.ANY_HOST,),
        up=tuple(dict.fromkeys(_parents(ref, found, bound))),
        down=tuple(dict.fromkeys(_backends(ref, found))),
    )


def _parents(ref: Ref, found: routes.Route, bound: ir.Bound | None) -> Iterator[str]:
    if bound is None:
        for it in found.spec.parent_refs:
            yield identify(it.kind, it.namespace or ref.namespace, it.name, it.section_name or "")
        return
    for bond in bound.bonds:
        for attachment in bond.attachments:
            key = attachment.listener.key
            yield identify(*key.parent, key.name)
        if not bond.attachments:
            parent = bond.parent_ref
            yield identify(parent.kind, parent.namespace or ref.namespace, parent.name, parent.section_name or "")


def _backends(ref: Ref, found: routes.Route) -> Iterator[str]:
    for rule in found.spec.rules:
        for it in rule.backend_refs:
            yield identify(it.kind, it.namespace or ref.namespace, it.name)
        for each in getattr(rule, "filters", ()):
            mirror = each.request_mirror
            if mirror is not None:
                target = mirror.backend_ref
                yield identify(target.kind, target.namespace or ref.namespace, target.name)


def of_policy(ref: Ref, found: object, status: Status | None) -> Node:
    """Draw a policy, which stands beside what it is for."""
    assert isinstance(
        found, policies.BackendTLSPolicy | experimental.XBackendTrafficPolicy | telemetry.XTelemetryPolicy
    )
    state, why = _state(_conditions(status))
    targets = tuple(identify(it.kind, ref.namespace, it.name) for it in found.spec.target_refs)
    text = f"for {', '.join(it.name for it in found.spec.target_refs)}"
    if isinstance(found, telemetry.XTelemetryPolicy):
        return Node(identify(*ref), *ref, GATEWAYS, state, why, text, down=targets)
    return Node(identify(*ref), *ref, BACKENDS, state, why, text, down=targets)


def of_xbackend(ref: Ref, found: experimental.XBackend, status: Status | None) -> Node:
    """Draw an XBackend."""
    state, why = _state(_conditions(status))
    outside = found.spec.external_hostname
    text = " ".join(filter(None, (outside.hostname if outside else "pods by label", str(found.spec.port.number or ""))))
    return Node(identify(*ref), *ref, BACKENDS, state, why, text)


def of_service(ref: Ref, found: core.Service, slices: Sequence[core.EndpointSlice]) -> Iterator[Node]:
    """Draw a Service, or ServiceImport, and its endpoints."""
    endpoints = list(_of_slices(ref, slices))
    ready = sum(it.state == GOOD for it in endpoints)
    ports = ", ".join(str(it.port) for it in found.spec.ports)
    state, why = (GOOD, "") if ready else (PLAIN, "")
    if slices and not ready:
        state, why = AMISS, "no endpoint is ready"
    counted = f"{ready} of {len(endpoints)} ready" if slices else found.spec.external_name
    yield Node(identify(*ref), *ref, BACKENDS, state, why, " · ".join(filter(None, (ports, counted))))
    yield from endpoints


def _of_slices(ref: Ref, slices: Iterable[core.EndpointSlice]) -> Iterator[Node]:
    for slice_ in slices:
        ports = [str(it.port) for it in slice_.ports or () if it.port]
        port = f":{ports[0]}" if len(ports) == 1 else ""
        for it in slice_.endpoints or ():
            ready, terminating = it.conditions.ready is not False, bool(it.conditions.terminating)
            words = "terminating" if terminating else "" if ready else "not ready"
            yield Node(
                id=identify("Endpoint", ref.namespace, f"{ref.name}/{it.addresses[0]}{port}"),
                kind="Endpoint",
                namespace=ref.namespace,
                name=f"{it.addresses[0]}{port}",
                column=ENDPOINTS,
                state=PENDING if words else GOOD,
                why=words,
                text=" · ".join(filter(None, (ref.name, "" if port else f"ports {', '.join(ports)}", it.zone))),
                up=(identify(*ref),),
            )


def _conditions(status: Status | None, part: str | None = None) -> Iterable[Condition]:
    found = () if status is None else conditions_of(status)
    return (condition for about, condition in found if part is None or about == part)


def _state(conditions: Iterable[Condition]) -> tuple[str, str]:
    """Say how something is, and the first reason why it is not as it should be."""
    known = list(conditions)
    wrong = [it for it in known if amiss(it)]
    if not wrong:
        return (GOOD if known else PLAIN), ""
    waits = all(it.status is None or it.reason in WAITING for it in wrong)
    return (PENDING if waits else AMISS), wrong[0].reason
