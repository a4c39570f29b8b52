"""Listeners: what those of a Gateway or ListenerSet mean, and what is wrong with them (apis/v1/gateway_types.go).

A listener harms only itself: what is refused here is left out or answers nothing, and what stands beside it serves.
"""

from collections.abc import Iterator, Mapping

from translator import ir
from translator.api.gateway import GATEWAY_GROUP, Gateway, GatewaySpecAddress, Listener
from translator.attach import addresses, claims, distinct, holders, http3, unsupported
from translator.attach.certificates import Certificate, served_by, terminates
from translator.attach.claims import Address, Owner, Place, Speech
from translator.attach.conditions import Reason
from translator.attach.frontend import NOTHING, Frontends
from translator.attach.grants import Grants
from translator.attach.holders import Holder, ParentGateway
from translator.attach.parents import NO_SCOPE
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value
from translator.xds.names import table_name

KINDS_OF = {
    "HTTP": ir.HTTP_ROUTES,
    "HTTPS": ir.HTTP_ROUTES,
    "TLS": ("TLSRoute",),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
"""The route kinds that each protocol supports."""


class ListenerReport(Value):
    """What became of one listener as its owner wrote it."""

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
    note: str = ""
    """What it asks for and is served without."""

    @property
    def accepted(self) -> bool:
        """Whether the listener as written can be served at all."""
        return not self.refusals and self.conflict is None

    @property
    def serves(self) -> bool:
        """Whether it takes traffic."""
        return self.listener is not None and self.listener.serves


class Listeners(Value):
    """A Gateway of ours, or a ListenerSet on one, with its listeners and what is wrong with all of it."""

    gateway: Key
    generation: int
    reports: tuple[ListenerReport, ...]
    """In the order of spec.listeners."""
    refusal: Refusal | None = None
    """Why none of it is served; reason Pending where that is not its fault."""

    @property
    def listeners(self) -> tuple[ir.Listener, ...]:
        """Every listener of a known protocol, whether it takes traffic or not."""
        return tuple(report.listener for report in self.reports if report.listener is not None)

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the listeners that take traffic."""
        return tuple(listener.key.name for listener in self.listeners if listener.serves)


class GatewayListeners(Listeners):
    """A Gateway of ours: its own listeners, and what is wrong with the rest of it."""

    unresolved: tuple[Refusal, ...] = ()
    """References beside the listeners' that do not resolve; they keep nothing from being served."""
    requested: tuple[str, ...] = ()
    """IP addresses that were asked for by value, those within the cluster left out."""
    asked: tuple[GatewaySpecAddress, ...] = ()
    """All addresses that were asked for, where it was said of some from where they are to be reached."""
    insecure: str = ""
    """Where clients without a valid certificate are let in though one is asked for."""
    allows_listener_sets: bool = False
    """Whether anything is said of ListenerSets, be it that none may be attached."""
    default_scope: str = ""
    """Of which routes it is a default Gateway; empty if it is none."""


def of_gateway(
    key: Key,
    gateway: Gateway,
    ours: Lookup[Key, ParentGateway],
    shown: Lookup[Key, Key | Refusal],
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
    frontends: Lookup[Key, Frontends],
    placements: Lookup[Key, ir.Placement],
    speeches: Lookup[Place, Speech],
    owners: Lookup[Address, Owner],
    covering: Lookup[Address, frozenset[Ref]],
) -> GatewayListeners | None:
    """Resolve a Gateway's own listeners; None where it is not ours to speak of."""
    parent = ours.get(key)
    if parent is None:
        return None
    holder, asked, certificate = holders.of_gateway(key, gateway, parent), frontends.get(key), shown.get(key)
    conflicts, overlaps = distinct.conflicts(holder.listeners), claims.overlaps(holder, owners, covering)
    collisions = _collisions(holder, placements, speeches)
    return GatewayListeners(
        gateway=key,
        generation=holder.generation,
        reports=tuple(_reports(holder, conflicts, overlaps, collisions, checked, granted, asked, speeches)),
        refusal=holder.refusal,
        unresolved=(certificate,) if isinstance(certificate, Refusal) else (),
        requested=addresses.of_load_balancer(gateway.spec.addresses),
        asked=addresses.with_routability(gateway.spec.addresses),
        insecure="" if asked is None else asked.insecure,
        allows_listener_sets=gateway.spec.allowed_listeners is not None,
        default_scope="" if gateway.spec.default_scope in NO_SCOPE else gateway.spec.default_scope,
    )


def of_listener_set(
    key: Key,
    holder: Holder,
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
    frontends: Lookup[Key, Frontends],
    placements: Lookup[Key, ir.Placement],
    speeches: Lookup[Place, Speech],
    owners: Lookup[Address, Owner],
    covering: Lookup[Address, frozenset[Ref]],
) -> Listeners:
    """Resolve the listeners of a ListenerSet; where its Gateway does not allow it there is nothing to resolve."""
    if not holder.attached:
        return Listeners(holder.gateway, holder.generation, (), holder.refusal)
    conflicts, overlaps = claims.conflicts(holder, speeches, owners), claims.overlaps(holder, owners, covering)
    collisions = _collisions(holder, placements, speeches)
    asked = frontends.get(holder.gateway)
    reports = _reports(holder, conflicts, overlaps, collisions, checked, granted, asked, speeches)
    return Listeners(holder.gateway, holder.generation, tuple(reports), holder.refusal)


def parent_of_kind(kind: str, key: Key, listeners: Listeners) -> Iterator[tuple[Ref, str, ir.Parent]]:
    """Narrow a Gateway or ListenerSet to what its routes read, and name it by kind and place."""
    refusal = listeners.refusal
    not_allowed = refusal if refusal is not None and refusal.reason == Reason.NOT_ALLOWED else None
    yield Ref(kind, *key), "", ir.Parent(listeners.gateway, listeners.listeners, not_allowed)


def parent(_: Ref, found: tuple[tuple[str, ir.Parent], ...]) -> ir.Parent:
    """Return the one row that there is of a parent."""
    return found[0][1]


def _reports(
    holder: Holder,
    conflicts: Mapping[str, Refusal],
    overlaps: Mapping[str, Refusal],
    collisions: Mapping[str, Refusal],
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
    asked: Frontends | None,
    speeches: Lookup[Place, Speech],
) -> Iterator[ListenerReport]:
    for listener in holder.listeners:
        name = listener.name
        kinds, invalid_kinds = _kinds(listener)
        certificates, invalid_certificates = served_by(holder.ref, listener, checked, granted)
        clients = NOTHING if asked is None else asked.of(listener)
        refusals = (*unsupported.of_listener(listener), *clients.refusals, *_some(collisions.get(name)))
        serves = (
            holder.refusal is None
            and not refusals
            and name not in conflicts
            and (not terminates(listener) or bool(certificates))
        )
        datagrams = speeches.get(Place(holder.gateway, listener.port, "UDP"))
        has_udp = datagrams is not None and datagrams.spoken != claims.QUIC
        without_http3 = http3.hindrance(listener, clients.validation is not None, has_udp)
        yield ListenerReport(
            name=name,
            listener=_listener(holder, listener, kinds, certificates, clients.validation, serves, not without_http3),
            supported_kinds=kinds,
            refusals=refusals,
            conflict=conflicts.get(name),
            unresolved=(*invalid_certificates, *clients.unresolved, *invalid_kinds),
            overlap=overlaps.get(name),
            note=without_http3,
        )


def _listener(
    holder: Holder,
    listener: Listener,
    kinds: tuple[str, ...],
    certificates: tuple[Key, ...],
    client_validation: ir.ClientValidation | None,
    serves: bool,
    may_http3: bool,
) -> ir.Listener | None:
    if listener.protocol not in KINDS_OF:
        return None
    listener_key = ir.ListenerKey(holder.ref, listener.name)
    return ir.Listener(
        key=listener_key,
        gateway=holder.gateway,
        port=listener.port,
        protocol=listener.protocol,
        hostname=distinct.hostname(listener),
        kinds=kinds,
        namespaces=listener.allowed_routes.namespaces,
        table=table_name(listener.protocol, listener.port, listener_key),
        certificates=certificates,
        client_validation=client_validation,
        passthrough=listener.protocol == "TLS" and not terminates(listener),
        http3=may_http3 and http3.asked(listener),
        filtered=listener.filters is not None and bool(listener.filters.requests),
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


def _collisions(
    holder: Holder, placements: Lookup[Key, ir.Placement], speeches: Lookup[Place, Speech]
) -> dict[str, Refusal]:
    """Refuse listeners whose port is moved to one that another listener has for itself, or is not to be had."""
    placement = placements.get(holder.gateway)
    if placement is None:
        return {}
    found: dict[str, Refusal] = {}
    for listener in holder.listeners:
        port = placement.port(listener.port)
        if port in placement.reserved and distinct.transport(listener.protocol) == "TCP":
            message = f"port {port} is used by the Envoys themselves; give the listener another one"
            found[listener.name] = Refusal(Reason.PORT_UNAVAILABLE, message)
        elif (other := _bound_alike(holder, listener, placement, speeches)) is not None:
            message = (
                f"port {listener.port} is bound at {port}, which another listener has for its port {other}; "
                "give one of them another port, or choose another port offset"
            )
            found[listener.name] = Refusal(Reason.PORT_UNAVAILABLE, message)
    return found


def _bound_alike(
    holder: Holder, listener: Listener, placement: ir.Placement, speeches: Lookup[Place, Speech]
) -> int | None:
    """Return the port of a listener that comes before and is bound at the same: one that is moved there comes last.

    A Gateway's own ports come before those of ListenerSets; whoever shares one has it for as long as the Gateway.
    """
    place = Place(holder.gateway, placement.port(listener.port), distinct.transport(listener.protocol))
    own = holder.ref.kind == "Gateway"
    if place.port != listener.port:
        there, here = speeches.get(place), speeches.get(place._replace(port=listener.port))
        first = own or (here is not None and here.by_gateway)
        return None if there is None or (first and not there.by_gateway) else place.port
    origin = place.port - placement.port_offset
    moved = speeches.get(place._replace(port=origin)) if placement.port(origin) == place.port != origin else None
    return origin if moved is not None and moved.by_gateway and not own else None


def _some(refusal: Refusal | None) -> tuple[Refusal, ...]:
    return () if refusal is None else (refusal,)
