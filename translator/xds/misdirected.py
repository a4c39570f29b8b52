"""Misdirected requests: those for a host that another HTTPS listener of the port has (Listener.hostname, RFC 9110 421).

TLS chose a listener by the server name; the host of a request belongs to the most specific listener of its port. Where
the two differ the answer is 421, and the client asks again on a connection of its own; a host of no listener is a 404.

What a route table says of others stays small however many they are. Each listener is named once, in the table of the
next wider one. A host outside of a table's own hostname goes to a listener inside of Envoy, which knows the outermost
hostnames of the port and which all its tables share.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.attach.hostnames import wildcards_above
from translator.value import Key, Lookup, Ref
from translator.xds import hcm, wire
from translator.xds.hosts import LISTENER, Place
from translator.xds.names import SHARD, misdirected_name, misdirected_table
from translator.xds.resource import Resource, resource
from translator.xds.route import ROUTES_FIELD, EncodedRoute

NOBODY = ""
"""The section of a virtual host that serves no listener's routes; no listener has this name."""

MANY = ""
"""Stands where a port has several outermost hostnames."""


class ServerName(NamedTuple):
    """A hostname that a port chooses listeners by: those of HTTPS and of TLS."""

    gateway: Key
    port: int
    hostname: str


class Nested(NamedTuple):
    """A hostname among the others of its port."""

    table: str
    """Where its listener has its routes; empty where it is one of TLS."""
    wider: str | None
    """The most specific other hostname that covers it; None for the outermost."""
    wider_table: str


Named: TypeAlias = Sequence[tuple[ir.ListenerKey, str]]
"""The listeners of a hostname and their route tables."""

Answers: TypeAlias = tuple[tuple[ir.HostKey, EncodedRoute], ...]
"""Virtual hosts of one route each."""


def by_name(_: Ref, parent: ir.Parent) -> Iterator[tuple[ServerName, ir.ListenerKey, str]]:
    """Put the listeners that are chosen by server name under their hostnames."""
    for it in parent.listeners:
        if it.serves and it.protocol in ir.SECURE_PROTOCOLS:
            yield ServerName(it.gateway, it.port, it.hostname), it.key, it.table if it.protocol == "HTTPS" else ""


def nest(name: ServerName, named: Named, others: Lookup[ServerName, Named]) -> Nested:
    """Find the next wider hostname; two hostnames of a port are nested or have nothing in common."""
    for hostname in wildcards_above(name.hostname):
        found = others.get(name._replace(hostname=hostname))
        if found is not None:
            return Nested(_table(named), hostname, _table(found))
    return Nested(_table(named), None, "")


def outermost(name: ServerName, nested: Nested) -> Iterator[tuple[tuple[Key, int], str, bool]]:
    """Put the hostnames that no other covers to those of their port; between them they have all of its hosts."""
    if nested.wider is None:
        yield (name.gateway, name.port), name.hostname, True


def by_port(_: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Key, int], ir.ListenerKey, bool]]:
    """Put the listeners that have a route table, and so may be asked for another's host, to those of their port."""
    for it in parent.listeners:
        if it.serves and it.protocol == "HTTPS":
            yield (it.gateway, it.port), it.key, True


def alone(
    port: tuple[Key, int], outermost: tuple[tuple[str, bool], ...], asked: Lookup[tuple[Key, int], object]
) -> str | None:
    """Return the hostname that all others of a port with HTTPS are nested in, or MANY where there is none."""
    if asked.get(port) is None:
        return None
    return outermost[0][0] if len(outermost) == 1 else MANY


def answers(name: ServerName, nested: Nested, alone: Lookup[tuple[Key, int], str]) -> Answers:
    """Name the virtual hosts that tables have because of a hostname: its own, the next wider one's, and the shared."""
    outer = alone.get((name.gateway, name.port))
    found: list[tuple[str, str, EncodedRoute]] = []
    if nested.wider_table:
        found.append((nested.wider_table, name.hostname, _answer()))
    if outer == MANY and nested.wider is None:
        found.append((misdirected_table(name.port), name.hostname, _answer()))
    if outer == MANY and nested.table:
        found.append((nested.table, ir.ANY_HOST, _question(name.port)))
    elif outer and outer != name.hostname and nested.table:
        found.append((nested.table, outer, _answer()))
    nobody = _nobody(name.gateway)
    return tuple((ir.HostKey(name.gateway, table, domain, nobody), route) for table, domain, route in found)


def of_answers(_: ServerName, answers: Answers) -> Iterator[tuple[ir.HostKey, Place, EncodedRoute]]:
    """Put virtual hosts that answer misdirected requests to the others."""
    return ((key, LISTENER, route) for key, route in answers)


def of_tables(port: tuple[Key, int], alone: str) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, int]]:
    """Name the route table that the listeners of a port share; nothing is told of HTTP/3 in it."""
    gateway, number = port
    if alone == MANY:
        yield (gateway, misdirected_table(number)), _nobody(gateway), 0


def of_port(port: tuple[Key, int], alone: str) -> Iterator[tuple[tuple[Key, str], tuple[ir.ListenerKey, str], bool]]:
    """Name the Envoy listener that the listeners of a port share."""
    gateway, number = port
    if alone == MANY:
        yield (gateway, misdirected_name(number)), (_nobody(gateway), ""), True


def or_listener(
    encode: Callable[..., Resource | None], key: tuple[Key, str], members: Any, *tables: Lookup[Any, Any]
) -> Resource | None:
    """Encode an Envoy listener of a Gateway: one that listeners of a port share, or else the one of a port."""
    _, name = key
    return _listener(name) if _is_shared(name) else encode(key, members, *tables)


def or_cluster(
    of_gateway: Callable[..., Resource | None], key: tuple[Key, str], used: Any, *tables: Lookup[Any, Any]
) -> Resource | None:
    """Return a cluster that a Gateway uses: the one that leads to such a listener, or else that of a backend."""
    _, name = key
    return _cluster(name) if _is_shared(name) else of_gateway(key, used, *tables)


def _is_shared(name: str) -> bool:
    return name.startswith(misdirected_name(0)[:-1])


def _listener(name: str) -> Resource:
    manager = hcm.connection_manager(f"{name}/{SHARD}", strips_port=False)
    message = wire.new(
        listener_v3.Listener,
        name=name,
        internal_listener=wire.new(listener_v3.ListenerInternalListenerConfig),
        filter_chains=[wire.new(listener_v3.FilterChain, filters=[hcm.network_filter(manager)])],
    )
    return resource(name, wire.encode(message))


def _cluster(name: str) -> Resource:
    address = wire.new(
        core_v3.Address, envoy_internal_address=wire.new(core_v3.EnvoyInternalAddress, server_listener_name=name)
    )
    endpoint = wire.new(endpoint_v3.LbEndpoint, endpoint=wire.new(endpoint_v3.Endpoint, address=address))
    assignment = wire.new(
        endpoint_v3.ClusterLoadAssignment,
        cluster_name=name,
        endpoints=[wire.new(endpoint_v3.LocalityLbEndpoints, lb_endpoints=[endpoint])],
    )
    message = wire.new(
        cluster_v3.Cluster, name=name, type=cluster_v3.ClusterDiscoveryType.STATIC, load_assignment=assignment
    )
    return resource(name, wire.encode(message))


def _table(named: Named) -> str:
    return next((table for _, table in named if table), "")


def _nobody(gateway: Key) -> ir.ListenerKey:
    return ir.ListenerKey(Ref("Gateway", *gateway), NOBODY)


def _answer() -> EncodedRoute:
    return _encoded((), direct_response=wire.new(route_v3.DirectResponseAction, status=421))


def _question(port: int) -> EncodedRoute:
    cluster = misdirected_name(port)
    return _encoded((cluster,), route=wire.new(route_v3.RouteAction, cluster=cluster))


def _encoded(clusters: tuple[str, ...], **action: Any) -> EncodedRoute:
    message = wire.new(route_v3.Route, name="misdirected", match=wire.new(route_v3.RouteMatch, prefix="/"), **action)
    return EncodedRoute((), catches_all=True, frame=wire.frame(ROUTES_FIELD, wire.encode(message)), clusters=clusters)
