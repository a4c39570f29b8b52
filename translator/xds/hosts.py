"""Virtual hosts: which routes answer for a domain of a route table, in the specification's order.

A domain belongs to one listener. Its routes are those of the domain itself and then, because Envoy asks only the most
specific virtual host, those of the wildcard domains above it that belong to the same listener.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from translator import ir
from translator.attach.hostnames import wildcards_above
from translator.value import Key, Lookup, Ref
from translator.xds import wire
from translator.xds.resource import VirtualHost, virtual_host
from translator.xds.route import EncodedRoute, EncodedRoutes

VIRTUAL_HOSTS_FIELD = 2
"""RouteConfiguration.virtual_hosts."""
NAME_FIELD, DOMAINS_FIELD = 1, 2
"""VirtualHost.name and VirtualHost.domains."""

Members: TypeAlias = tuple[tuple[ir.Member, ir.Served | None], ...]
"""The routes of one domain; None stands for the listener, whose domain exists without routes too."""

LISTENER = ir.Member(1, 1, ir.Age("", "", ""), Ref("", "", ""))
"""The listener's own place in its domain: behind every route."""


def served(ref: Ref, bound: ir.Bound) -> Iterator[tuple[ir.Served, tuple[()], bool]]:
    """Name the ports that a route is served on."""
    places = {_served(ref, attachment.listener) for attachment in _attachments(ref, bound)}
    return ((place, (), True) for place in places)


def of_route(ref: Ref, bound: ir.Bound) -> Iterator[tuple[ir.HostKey, ir.Member, ir.Served]]:
    """Place a route in the domains that it is reached under."""
    for attachment in _attachments(ref, bound):
        listener = attachment.listener
        for hostname, domain in attachment.hosts:
            yield _host(listener, domain), _member(ref, bound.age, hostname), _served(ref, listener)


def of_listeners(key: Key, parent: ir.Parent) -> Iterator[tuple[ir.HostKey, ir.Member, None]]:
    """Give each listener's hostname a virtual host, so that without routes it answers 404 and not as another would."""
    for listener in parent.listeners:
        if listener.serves and listener.hostname != ir.ANY_HOST:
            yield _host(listener, listener.hostname), LISTENER, None


def assemble(
    key: ir.HostKey,
    members: Members,
    encoded: Lookup[ir.Served, EncodedRoutes],
    hosted: Lookup[ir.HostKey, Members],
) -> VirtualHost:
    """Join a domain's routes: most specific hostname first, then rank, then age and name, then order as written.

    Nothing behind a route that catches all can be reached: it is left out, and what it depends on is not read.
    """
    body = [wire.frame(NAME_FIELD, key.domain.encode()), wire.frame(DOMAINS_FIELD, key.domain.encode())]
    clusters: set[str] = set()
    for route in _reachable(key, members, encoded, hosted):
        body.append(route.frame)
        clusters.update(route.clusters)
    return virtual_host(key.domain, wire.frame(VIRTUAL_HOSTS_FIELD, b"".join(body)), clusters)


def clusters_used(key: ir.HostKey, host: VirtualHost) -> Iterator[tuple[tuple[Key, str], ir.HostKey, bool]]:
    """Name the clusters that a virtual host needs."""
    return (((key.gateway, cluster), key, True) for cluster in host.clusters)


def _reachable(
    key: ir.HostKey,
    members: Members,
    encoded: Lookup[ir.Served, EncodedRoutes],
    hosted: Lookup[ir.HostKey, Members],
) -> Iterator[EncodedRoute]:
    seen: set[Ref] = set()
    for level in _levels(key, members, hosted):
        for route in _ordered(level, seen, encoded):
            yield route
            if route.catches_all:
                return


def _levels(key: ir.HostKey, members: Members, hosted: Lookup[ir.HostKey, Members]) -> Iterator[Members]:
    """Yield the domain's own members, then those of the wildcards above it; a level is read when it is asked for."""
    yield members
    for wildcard in wildcards_above(key.domain):
        yield hosted.get(key._replace(domain=wildcard)) or ()


def _ordered(members: Members, seen: set[Ref], encoded: Lookup[ir.Served, EncodedRoutes]) -> list[EncodedRoute]:
    """Return the routes of a level in order; one that two of its hostnames lead to counts at the more specific."""
    found = []
    for member, place in members:
        if place is None or member.route in seen:
            continue
        seen.add(member.route)
        routes = encoded.get(place)
        for index, route in enumerate(routes.routes if routes else ()):
            found.append(((member.exact, member.characters, route.rank, member.age, member.route, index), route))
    return [route for _, route in sorted(found, key=lambda place: place[0])]


def _attachments(ref: Ref, bound: ir.Bound) -> Iterable[ir.Attachment]:
    if ref.kind not in ir.HTTP_ROUTES:
        return ()
    bonds = (bond for bond in bound.bonds if bond.refusal is None)
    return (attachment for bond in bonds for attachment in bond.attachments if attachment.listener.serves)


def _served(ref: Ref, listener: ir.Listener) -> ir.Served:
    return ir.Served(ref, listener.gateway, listener.port, listener.protocol == "HTTPS")


def _host(listener: ir.Listener, domain: str) -> ir.HostKey:
    return ir.HostKey(listener.gateway, listener.table, domain, listener.key)


def _member(ref: Ref, age: ir.Age, hostname: str) -> ir.Member:
    characters = 0 if hostname == ir.ANY_HOST else len(hostname)
    wildcard = hostname.startswith("*") or not hostname
    return ir.Member(0 if wildcard else -characters, -characters, age, ref)
