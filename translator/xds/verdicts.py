"""Verdicts: what the Envoys of a Gateway refused as it is now, and which routes and listeners that concerns.

A verdict counts as long as what was refused is what should be served: once it has changed or gone there is none.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from translator import ir
from translator.attach.clusters import Named
from translator.attach.hostnames import wildcards_above
from translator.value import Key, Lookup, Ref, Value
from translator.xds.hosts import Members
from translator.xds.names import whole_table
from translator.xds.resource import Refused, Resource, RouteTable, VirtualHost, version
from translator.xds.secret import Shown
from translator.xds.streams import EncodedStream

Tabled: TypeAlias = Sequence[tuple[ir.ListenerKey, object]]
Words: TypeAlias = tuple[tuple[tuple[Any, ...], str], ...]
"""Envoy's words on a route or a listener, each after (type, Gateway whose Envoys spoke, name of what was refused)."""


class Verdict(Value):
    """What was refused, in words for its owners; and who they are."""

    words: str
    listeners: tuple[ir.ListenerKey, ...]
    routes: tuple[Ref, ...] = ()


def of_host(
    key: tuple[Key, str, str],
    refused: Refused,
    tabled: Lookup[tuple[Key, str], Tabled],
    tables: Lookup[tuple[Key, str], tuple[RouteTable, ...]],
    hosts: Lookup[ir.HostKey, VirtualHost],
    hosted: Lookup[ir.HostKey, Members],
) -> Verdict | None:
    """A virtual host concerns its listener and the routes that are to blame, all of it if none is known.

    With an empty domain it is the table's head that was refused, which no route can help.
    """
    gateway, table, domain = key
    listeners = tuple(listener for listener, _ in tabled.get((gateway, table)) or ())
    if not domain:
        current = any(version(head.digest) == refused.version for head in tables.get((gateway, table)) or ())
        return Verdict(f"route table {table}: {refused.words}", listeners) if current else None
    for listener in listeners:
        host_key = ir.HostKey(gateway, table, domain, listener)
        host = hosts.get(host_key)
        if host is not None and version(host.digest) == refused.version:
            members = (member.route for member, place in hosted.get(host_key) or () if place is not None)
            routes = refused.routes or tuple(dict.fromkeys(members))
            return Verdict(f"host {domain}: {refused.words}", (listener,), routes)
    return None


def of_cluster(
    key: tuple[Key, str],
    refused: Refused,
    rows: Lookup[tuple[Key, str], Resource],
    named: Lookup[str, Named],
    accepted: Lookup[Ref, ir.Bound],
) -> Verdict | None:
    """A cluster, or its endpoints, concern the Gateway's routes that name it, and the listeners that these are on."""
    gateway, name = key
    current = rows.get(key)
    if current is None or current.version != refused.version:
        return None
    listeners, routes = _concerned(gateway, (name,), named, accepted)
    return Verdict(f"cluster {name}: {refused.words}", listeners, routes)


def of_secret(
    key: tuple[Key, str],
    refused: Refused,
    rows: Lookup[tuple[Key, str], Resource],
    shown: Lookup[tuple[Key, str], Shown],
    named: Lookup[str, Named],
    accepted: Lookup[Ref, ir.Bound],
) -> Verdict | None:
    """A secret concerns the listeners that name it, and the routes to the clusters that do."""
    gateway, name = key
    current = rows.get(key)
    if current is None or current.version != refused.version:
        return None
    places = [place for place, _ in shown.get(key) or ()]
    serving = [ir.ListenerKey(Ref(*parent), it) for kind, it, parent, _ in places if kind == "listener"]
    clusters = tuple(it for kind, it, _, _ in places if kind == "cluster")
    listeners, routes = _concerned(gateway, clusters, named, accepted)
    return Verdict(f"Secret {name}: {refused.words}", tuple(dict.fromkeys((*serving, *listeners))), routes)


def of_listener(key: tuple[Key, str], refused: Refused, rows: Lookup[tuple[Key, str], Resource]) -> Verdict | None:
    """An Envoy listener concerns the routes that are to blame; its own listeners are not served by it."""
    _, name = key
    current = rows.get(key)
    if current is None or current.version != refused.version or not refused.routes:
        return None
    return Verdict(f"port {name}: {refused.words}", (), refused.routes)


def of_scope(
    key: tuple[Key, str],
    refused: Refused,
    tabled: Lookup[tuple[Key, str], Tabled],
    counts: Lookup[tuple[Key, str], int],
    scopes: Lookup[tuple[str, int], tuple[Resource, ...]],
) -> Verdict | None:
    """A scope concerns the listeners of its table, which no route can help."""
    gateway, name = key
    table = whole_table(name)
    current = scopes.get((table, counts.get((gateway, table)) or 1)) or ()
    if all((it.name, it.version) != (name, refused.version) for it in current):
        return None
    return Verdict(f"scope {name}: {refused.words}", tuple(it for it, _ in tabled.get((gateway, table)) or ()))


def by_route(type_: str, key: tuple[Any, ...], verdict: Verdict) -> Iterator[tuple[Ref, tuple[Any, ...], str]]:
    """Put a verdict on a resource of some type to the others on a route."""
    return ((ref, (type_, *key), verdict.words) for ref in verdict.routes)


def by_listener(
    type_: str, key: tuple[Any, ...], verdict: Verdict
) -> Iterator[tuple[ir.ListenerKey, tuple[Any, ...], str]]:
    """Put a verdict on a resource of some type to the others on a listener."""
    return ((listener, (type_, *key), verdict.words) for listener in verdict.listeners)


def suspects(key: ir.HostKey, host: VirtualHost, held: bytes, hosted: Lookup[ir.HostKey, Members]) -> tuple[Ref, ...]:
    """Name the routes of a refused virtual host whose part of it is new to an Envoy that holds `held` in its place."""
    levels = [key, *(key._replace(domain=wildcard) for wildcard in wildcards_above(key.domain))]
    routes = (member for level in levels for member in hosted.get(level) or ())
    found = {
        place.route: None
        for place, route in routes
        if route is not None and route.frame in host.frame and route.frame not in held
    }
    return tuple(found)


def _concerned(
    gateway: Key, clusters: tuple[str, ...], named: Lookup[str, Named], accepted: Lookup[Ref, ir.Bound]
) -> tuple[tuple[ir.ListenerKey, ...], tuple[Ref, ...]]:
    """Name the routes of a Gateway that name clusters, and the listeners that these are on."""
    routes: dict[Ref, None] = {}
    listeners: dict[ir.ListenerKey, None] = {}
    for ref in (ref for cluster in clusters for ref, _ in named.get(cluster) or ()):
        found = _listeners(gateway, accepted.get(ref))
        if found:
            routes[ref] = None
            listeners.update(dict.fromkeys(found))
    return tuple(listeners), tuple(routes)


def stream_suspects(streams: Iterable[EncodedStream], held: bytes) -> tuple[Ref, ...]:
    """Name the routes of a refused Envoy listener whose part of it is new to an Envoy that holds `held`."""
    return tuple(dict.fromkeys(it.route for it in streams if it.frame not in held))


def _listeners(gateway: Key, bound: ir.Bound | None) -> Iterable[ir.ListenerKey]:
    if bound is None:
        return []
    attachments = (it for bond in bound.bonds if bond.refusal is None for it in bond.attachments)
    return [it.listener.key for it in attachments if it.listener.gateway == gateway and it.listener.serves]
