"""TLSRoutes, TCPRoutes and UDPRoutes: the backends of their one rule, and whose the connections of a listener are.

All connections for a domain are one route's: that with the most specific hostname as written, then the oldest. The
others wait behind it, accepted and without traffic.

Source: gateway-api v1.7.0, apis/v1/{tlsroute,tcproute,udproute}_types.go; for several routes at one listener the
conformance tests {TCP,UDP}RouteMultipleRoutesAttachment.
"""

from collections.abc import Iterator
from typing import TypeAlias

from translator import ir
from translator.api import routes as api
from translator.attach import precedence
from translator.attach.rules import Resolve
from translator.value import Lookup, Ref, Value
from translator.xds.names import listener_name

StreamRoute: TypeAlias = api.TLSRoute | api.TCPRoute | api.UDPRoute

Members: TypeAlias = tuple[tuple[ir.Member, ir.Listener], ...]
"""The routes for a domain, the first of which has its connections, each with the listener."""


class First(Value):
    """The route that has the connections for a domain of a listener."""

    route: Ref
    listener: ir.Listener


def resolve(route: StreamRoute, resolved: Resolve, sealed: Resolve) -> ir.Resolved:
    """Resolve a route's backends: as they are, and `sealed` for TLS that is passed through.

    Nothing tells the connections of two rules apart, so that of several, as older versions allow, the first counts.
    """
    written = route.spec.rules[0].backend_refs if route.spec.rules else ()
    stream = _stream(written, resolved)
    return ir.Resolved(
        (),
        stream.refusals,
        stream=stream,
        sealed=_stream(written, sealed) if isinstance(route, api.TLSRoute) else None,
    )


def served(ref: Ref, bound: ir.Bound) -> Iterator[tuple[ir.StreamKey, ir.Member, ir.Listener]]:
    """Put a route to the others of each domain that it is attached for."""
    if ref.kind in ir.STREAM_ROUTES:
        for bond in bound.bonds:
            for key, hostname, listener in _places(bond):
                yield key, precedence.of_hostname(ref, bound.age, hostname), listener


def first(_: ir.StreamKey, members: Members) -> First:
    """Return the route that has the connections for a domain."""
    member, listener = members[0]
    return First(member.route, listener)


def behind(ref: Ref, bond: ir.Bond, first: Lookup[ir.StreamKey, First]) -> str:
    """Say which routes have the connections that this one would have if it were alone; nothing where it has them."""
    said = []
    for key, _, listener in _places(bond) if ref.kind in ir.STREAM_ROUTES else ():
        found = first.get(key)
        if found is not None and found.route != ref:
            domain = f" for {key.domain}" if listener.protocol == "TLS" else ""
            said.append(f"{found.route} comes first at listener {listener.key.name}{domain}")
    return "; ".join(said)


def unresolved(resolved: ir.Resolved, bond: ir.Bond) -> tuple[ir.Refusal, ...]:
    """Return the references that do not resolve at a parent: policies count where TLS is not passed through."""
    if resolved.sealed is not None and all(it.listener.passthrough for it in bond.attachments):
        return resolved.sealed.refusals
    return resolved.refusals


def _places(bond: ir.Bond) -> Iterator[tuple[ir.StreamKey, str, ir.Listener]]:
    """Yield the domains that a route is attached for, each with the hostname as the route wrote it."""
    for attachment in bond.attachments if bond.refusal is None else ():
        listener = attachment.listener
        port = listener_name(listener.protocol, listener.port)
        if listener.serves:
            for hostname, domain in attachment.hosts:
                yield ir.StreamKey(listener.gateway, port, listener.key, domain), hostname, listener


def _stream(written: tuple[api.BackendRef, ...], resolved: Resolve) -> ir.Stream:
    """A backend that leads nowhere keeps its share of the connections, which are refused."""
    found = [(it.weight, resolved(it)) for it in written]
    return ir.Stream(
        tuple(ir.Backend(None if isinstance(it, ir.Refusal) else it, weight) for weight, it in found),
        tuple(it for _, it in found if isinstance(it, ir.Refusal)),
    )
