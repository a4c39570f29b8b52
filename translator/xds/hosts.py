"""Virtual hosts: which routes answer for a domain of a route table, in the specification's order.

A domain belongs to one listener. Its routes are those of the domain itself and then, because Envoy asks only the most
specific virtual host, those of the wildcard domains above it that belong to the same listener.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, compress, count
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from translator import ir
from translator.attach import precedence
from translator.attach.hostnames import wildcards_above
from translator.pieces import made
from translator.value import Key, Lookup, Ref
from translator.xds import wire
from translator.xds.listener_filters import EncodedFilters
from translator.xds.resource import VirtualHost, virtual_host
from translator.xds.retries import ONCE
from translator.xds.route import EncodedRoute, EncodedRoutes

VIRTUAL_HOSTS_FIELD = 2
"""RouteConfiguration.virtual_hosts."""
NAME_FIELD, DOMAINS_FIELD = 1, 2
"""VirtualHost.name and VirtualHost.domains."""
FRAME, CLUSTERS, REFUSED, CATCHES_ALL = map(attrgetter, ("frame", "clusters", "refused", "catches_all"))


class Place(NamedTuple):
    """Where a route stands in a virtual host: by hostname, rank of the match, age and name, then as written."""

    exact: int
    characters: int
    rank: tuple[int, ...]
    age: ir.Age
    route: Ref
    nth: int


Members: TypeAlias = Sequence[tuple[Place, EncodedRoute | None]]
"""What one domain has, in order; None stands for a listener or a route without a match, whose domain exists too."""


class Block(NamedTuple):
    """Routes of a virtual host that follow one another."""

    frame: bytes
    clusters: Set[tuple[str, ...]]
    refused: Set[tuple[str, ...]]
    ends: bool
    """Whether nothing behind them can be reached."""


LISTENER = Place(1, 1, (), ir.Age("", "", ""), Ref("", "", ""), 0)
"""The listener's own place in its domain: behind every route."""


def served(ref: Ref, bound: ir.Bound) -> Iterator[tuple[ir.Served, tuple[ir.HostKey, ir.Member], bool]]:
    """Name the ports that a route is served on, and there the domains that it is reached under."""
    for attachment in _attachments(ref, bound):
        listener = attachment.listener
        for hostname, domain in attachment.hosts:
            yield (
                _served(ref, listener),
                (_host(listener, domain), precedence.of_hostname(ref, bound.age, hostname)),
                True,
            )


def of_routes(served: ir.Served, encoded: EncodedRoutes) -> Iterator[tuple[ir.HostKey, Place, EncodedRoute | None]]:
    """Place a route's matches in its domains; where two of its hostnames lead counts the more specific."""
    for host, member in dict(reversed(encoded.places)).items():
        for nth, route in enumerate(encoded.routes or (None,)):
            rank = () if route is None else route.rank
            yield host, Place(member.exact, member.characters, rank, member.age, member.route, nth), route


def of_listeners(_: Ref, parent: ir.Parent) -> Iterator[tuple[ir.HostKey, Place, None]]:
    """Give each listener's hostname a virtual host, so that without routes it answers 404 and not as another would.

    Any host is one if requests pass filters of the listener, whatever becomes of them.
    """
    for listener in parent.listeners:
        named = listener.hostname != ir.ANY_HOST or listener.filtered
        if listener.serves and listener.protocol in ir.HTTP_PROTOCOLS and named:
            yield _host(listener, listener.hostname), LISTENER, None


def assemble(
    key: ir.HostKey,
    members: Members,
    hosted: Lookup[ir.HostKey, Members],
    filters: Lookup[ir.ListenerKey, EncodedFilters],
) -> VirtualHost:
    """Join a domain's routes: most specific hostname first, then rank, then age and name, then order as written.

    Nothing behind a route that catches all can be reached: it is left out, and what it depends on is not read.
    """
    filtering = filters.get(key.listener)
    blocks = [] if filtering is not None and filtering.closed else [*_reachable(key, members, hosted)]
    domain = key.domain.encode()
    clusters = chain.from_iterable(set().union(*map(CLUSTERS, blocks)))
    refused = chain.from_iterable(set().union(*map(REFUSED, blocks)))
    pieces = [wire.frame(NAME_FIELD, domain), wire.frame(DOMAINS_FIELD, domain), *map(FRAME, blocks), _again(blocks)]
    if filtering is not None:
        pieces += (filtering.behind, filtering.fields)
        clusters, refused = chain(filtering.clusters, clusters), chain(filtering.refused, refused)
    return virtual_host(key.domain, b"".join(wire.framed(VIRTUAL_HOSTS_FIELD, *pieces)), clusters, refused)


def _again(blocks: list[Block]) -> bytes:
    """Let what could not be sent be tried once more, where anything is sent at all."""
    return ONCE if any(any(block.clusters) for block in blocks) else b""


def clusters_used(key: ir.HostKey, host: VirtualHost) -> Iterator[tuple[tuple[Key, str], ir.HostKey, bool]]:
    """Name the clusters that a virtual host needs, refused ones too: an Envoy that starts anew may take them."""
    return (((key.gateway, cluster), key, True) for cluster in (*host.clusters, *host.refused))


def clusters_changed(old: VirtualHost, new: VirtualHost) -> tuple[VirtualHost, VirtualHost]:
    """Leave out of a virtual host before and after an edit what it needs in both: it may be thousands of clusters."""
    before, after = (*old.clusters, *old.refused), (*new.clusters, *new.refused)
    if before == after:
        return _naming(()), _naming(())
    return _naming({*before}.difference(after)), _naming({*after}.difference(before))


def _naming(clusters: Iterable[str]) -> VirtualHost:
    return VirtualHost("", b"", 0, tuple(clusters))


def _reachable(key: ir.HostKey, members: Members, hosted: Lookup[ir.HostKey, Members]) -> Iterator[Block]:
    """Yield what a request can meet: a route that two levels lead to counts at the more specific.

    A level of thousands of routes is a block for each piece of it, so that an edit encodes one of them.
    """
    for block in made(members, _block):
        yield block
        if block.ends:
            return
    seen: set[Ref] = set()
    above = members
    for wildcard in wildcards_above(key.domain):
        level = hosted.get(key._replace(domain=wildcard))
        if level:
            seen.update([place.route for place, _ in above])
            block = _block([member for member in level if member[0].route not in seen])
            yield block
            if block.ends:
                return
            above = level


def _block(members: Members) -> Block:
    """Join routes up to the first that catches all."""
    routes = [route for _, route in members if route is not None]
    last = next(compress(count(1), map(CATCHES_ALL, routes)), 0)
    if last:
        routes = routes[:last]
    # many of thousands of routes name the same clusters
    return Block(b"".join(map(FRAME, routes)), {*map(CLUSTERS, routes)}, {*map(REFUSED, routes)}, last > 0)


def _attachments(ref: Ref, bound: ir.Bound) -> Iterable[ir.Attachment]:
    if ref.kind not in ir.HTTP_ROUTES:
        return ()
    bonds = (bond for bond in bound.bonds if bond.refusal is None)
    return (attachment for bond in bonds for attachment in bond.attachments if attachment.listener.serves)


def _served(ref: Ref, listener: ir.Listener) -> ir.Served:
    return ir.Served(ref, listener.gateway, listener.port, listener.protocol == "HTTPS")


def _host(listener: ir.Listener, domain: str) -> ir.HostKey:
    return ir.HostKey(listener.gateway, listener.table, domain, listener.key)
