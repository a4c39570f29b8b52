"""Listeners: what a Gateway's listeners mean, and what is wrong with them (apis/v1/gateway_types.go).

A listener harms only itself: what is refused here is left out or answers nothing, and what stands beside it serves.
"""

from collections.abc import Sequence

from translator import ir
from translator.api.gateway import GATEWAY_GROUP, Gateway, Listener
from translator.api.parameters import EnvoyParameters
from translator.attach import distinct, unsupported
from translator.attach import parameters as parameters_refs
from translator.attach.certificates import Certificate, served_by
from translator.attach.classes import Owned
from translator.attach.conditions import Reason
from translator.attach.grants import Grants
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value
from translator.xds.names import table_name

KINDS_OF = dict.fromkeys(ir.HTTP_PROTOCOLS, ir.HTTP_ROUTES)
"""The route kinds that each served protocol supports."""

KNOWN_PROTOCOLS = (*KINDS_OF, *unsupported.PROTOCOLS)


class ListenerReport(Value):
    """What became of one listener as its Gateway's owner wrote it."""

    name: str
    listener: ir.Listener | None
    """None for protocols that the specification does not know."""
    supported_kinds: tuple[str, ...]
    refusals: tuple[Refusal, ...] = ()
    """Why it is not Accepted."""
    conflict: Refusal | None = None
    """Why it is Conflicted, and not Accepted either."""
    unresolved: tuple[Refusal, ...] = ()
    """Why not all of its references resolve; what does is served."""
    overlap: Refusal | None = None
    """Which listeners' hostnames overlap with those of its TLS."""

    @property
    def accepted(self) -> bool:
        """Whether the listener as written can be served at all."""
        return not self.refusals and self.conflict is None


class GatewayListeners(Value):
    """A Gateway of ours: its listeners and what is wrong with the rest of it."""

    generation: int
    reports: tuple[ListenerReport, ...]
    """In the order of spec.listeners."""
    refusal: Refusal | None = None
    """Why none of it is served; reason Pending where that is not the Gateway's fault."""
    unresolved: tuple[Refusal, ...] = ()
    """References beside the listeners' that do not resolve; they keep nothing from being served."""
    notes: tuple[str, ...] = ()
    """What was written and has no effect."""
    requested: tuple[str, ...] = ()
    """IP addresses that were asked for by value."""

    @property
    def listeners(self) -> tuple[ir.Listener, ...]:
        """Every listener of a known protocol, whether it takes traffic or not."""
        return tuple(report.listener for report in self.reports if report.listener is not None)

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the listeners that take traffic."""
        return tuple(listener.key.name for listener in self.listeners if listener.serves)


def resolve(
    key: Key,
    gateway: Gateway,
    owned: Lookup[Key, Owned],
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
    placements: Lookup[Key, ir.Placement],
    parameters: Lookup[Key, EnvoyParameters],
) -> GatewayListeners | None:
    """Resolve a Gateway's listeners; None where its class is not ours, for then it is not ours to speak of."""
    spec = gateway.spec
    gateway_class = owned.get(Key("", spec.gateway_class_name))
    if gateway_class is None:
        return None
    gateway_class = owned.get(Key("", spec.gateway_class_name))
    if gateway_class is None:
        return None
    refusal = (
        _class_refused(spec.gateway_class_name, gateway_class)
        or _parameters_refused(key, gateway, parameters)
        or unsupported.of_gateway(gateway)
    )
    collisions = _collisions(spec.listeners, placements.get(key) or ir.Placement())
    conflicts, overlaps = distinct.conflicts(spec.listeners), distinct.overlaps(spec.listeners)
    reports = []
    for listener in spec.listeners:
        name = listener.name
        kinds, invalid_kinds = _kinds(listener)
        certificates, invalid_certificates = served_by(key, listener, checked, granted)
        refusals = (*unsupported.of_listener(listener, gateway), *collisions.get(name, ()))
        serves = (
            refusal is None
            and not refusals
            and name not in conflicts
            and (listener.protocol != "HTTPS" or bool(certificates))
        )
        report = ListenerReport(
            name=name,
            listener=_listener(key, listener, kinds, certificates, serves),
            supported_kinds=kinds,
            refusals=refusals,
            conflict=conflicts.get(name),
            unresolved=(*invalid_certificates, *invalid_kinds),
            overlap=overlaps.get(name),
        )
        reports.append(report)
    return GatewayListeners(
        generation=gateway.metadata.generation,
        reports=tuple(reports),
        refusal=refusal,
        unresolved=unsupported.references(gateway),
        notes=unsupported.without_effect(gateway),
        requested=tuple(it.value for it in spec.addresses if it.type == "IPAddress" and it.value),
    )


def parent(key: Key, gateway: GatewayListeners) -> ir.Parent:
    """Narrow a Gateway to what its routes read."""
    return ir.Parent(key, gateway.listeners)


def _listener(
    key: Key, listener: Listener, kinds: tuple[str, ...], certificates: tuple[Key, ...], serves: bool
) -> ir.Listener | None:
    if listener.protocol not in KNOWN_PROTOCOLS:
        return None
    listener_key = ir.ListenerKey(Ref("Gateway", *key), listener.name)
    return ir.Listener(
        key=listener_key,
        gateway=key,
        port=listener.port,
        protocol=listener.protocol,
        hostname=distinct.hostname(listener),
        kinds=kinds,
        namespaces=listener.allowed_routes.namespaces,
        table=table_name(listener.protocol, listener.port, listener_key),
        certificates=certificates,
        serves=serves,
    )


def _kinds(listener: Listener) -> tuple[tuple[str, ...], tuple[Refusal, ...]]:
    """Return the route kinds that the listener admits, and a refusal of those it names in vain."""
    supported = KINDS_OF.get(listener.protocol, ())
    asked = listener.allowed_routes.kinds
    if not asked:
        return supported, ()
    valid = dict.fromkeys(it.kind for it in asked if it.group == GATEWAY_GROUP and it.kind in supported)
    invalid = dict.fromkeys(
        f"{it.group}/{it.kind}" for it in asked if it.group != GATEWAY_GROUP or it.kind not in supported
    )
    if not invalid:
        return tuple(valid), ()
    message = (
        f"allowedRoutes.kinds of listener {listener.name} names {', '.join(invalid)}, "
        f"but {listener.protocol} listeners support {', '.join(supported) or 'no route kind'}"
    )
    return tuple(valid), (Refusal(Reason.INVALID_ROUTE_KINDS, message),)


def _class_refused(name: str, gateway_class: Owned) -> Refusal | None:
    if gateway_class.refusal is None:
        return None
    message = f"GatewayClass {name} is not accepted: {gateway_class.refusal.message}"
    return Refusal(Reason.PENDING, message)


def _parameters_refused(key: Key, gateway: Gateway, parameters: Lookup[Key, EnvoyParameters]) -> Refusal | None:
    chosen = parameters_refs.of_gateway(key, gateway, parameters)
    return chosen if isinstance(chosen, Refusal) else None


def _collisions(listeners: Sequence[Listener], placement: ir.Placement) -> dict[str, tuple[Refusal, ...]]:
    """Refuse listeners whose port is moved to one that another listener has for itself, or is not to be had."""
    taken = {it.port: it.name for it in listeners if it.protocol in KINDS_OF}
    found: dict[str, tuple[Refusal, ...]] = {}
    for listener in listeners:
        port = placement.port(listener.port)
        if port in placement.reserved:
            message = f"port {port} is used by the Envoys themselves; give the listener another one"
            found[listener.name] = (Refusal(Reason.PORT_UNAVAILABLE, message),)
        elif port != listener.port and port in taken:
            message = (
                f"port {listener.port} is bound at {port}, which listener {taken[port]} has for itself; "
                "give one of them another port, or choose another port offset"
            )
            found[listener.name] = (Refusal(Reason.PORT_UNAVAILABLE, message),)
    return found
