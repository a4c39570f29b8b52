"""Misdirected requests: those for a host that another HTTPS listener of the port has (Listener.hostname, RFC 9110 421).

TLS chose a listener by the server name; the host of a request belongs to the most specific listener of its port. Where
the two differ the answer is 421, and the client asks again on a connection of its own; a host of no listener is a 404.

What a route table says of others stays small however many they are. Each listener is named once, in the table of the
next wider one. A host outside of a table's own hostname goes to a listener inside of Envoy, which knows the outermost
hostnames of the port and which all its tables share.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.attach.hostnames import nested
from translator.value import Key, Lookup, Ref
from translator.xds import hcm, wire
from translator.xds.hosts import LISTENER, Place
from translator.xds.names import misdirected_name, misdirected_table
from translator.xds.resource import Resource, resource
from translator.xds.route import ROUTES_FIELD, EncodedRoute

NOBODY = ""
"""The section of a virtual host that serves no listener's routes; no listener has this name."""

HostRow: TypeAlias = tuple[ir.HostKey, Place, EncodedRoute]


class Neighbours(NamedTuple):
    """The listeners of a port that are chosen by server name."""

    gateway: Key
    port: int
    listeners: tuple[ir.Listener, ...]
    """Those that have a route table."""
    wider: dict[str, str | None]
    """Of each hostname, those of TLS listeners too, the most specific other one that covers it."""

    @property
    def outermost(self) -> tuple[str, ...]:
        """Hostnames that no other covers; between them they have every host of the port."""
        return tuple(hostname for hostname, wider in self.wider.items() if wider is None)

    @property
    def share(self) -> bool:
        """Whether telling who has a host takes more than each table can say for itself."""
        return len(self.outermost) > 1


def of_hosts(key: Key, parent: ir.Parent) -> Iterator[HostRow]:
    """Name the virtual hosts that answer misdirected requests, in the listeners' tables and in what they share."""
    for port in _ports(parent):
        tables = {listener.hostname: listener.table for listener in port.listeners}
        for hostname, wider in port.wider.items():
            if wider in tables:
                yield _host(port, tables[wider], hostname), LISTENER, _answer()
            if wider is None and port.share:
                yield _host(port, misdirected_table(port.port), hostname), LISTENER, _answer()
        for listener in port.listeners:
            if port.share:
                yield _host(port, listener.table, ir.ANY_HOST), LISTENER, _question(port.port)
            elif port.outermost[0] != listener.hostname:
                yield _host(port, listener.table, port.outermost[0]), LISTENER, _answer()


def of_tables(key: Key, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, bool]]:
    """Name the route tables that listeners share."""
    for port in _ports(parent):
        if port.share:
            yield (port.gateway, misdirected_table(port.port)), _nobody(port.gateway), True


def of_gateway(
    key: Key, parent: ir.Parent
) -> Iterator[tuple[tuple[Key, str], tuple[ir.ListenerKey, str], ir.Listener]]:
    """Name the Envoy listeners that a Gateway's listeners share, with one of these."""
    for port in _ports(parent):
        if port.share:
            yield (port.gateway, misdirected_name(port.port)), (_nobody(port.gateway), ""), port.listeners[0]


def is_shared(name: str) -> bool:
    """Say whether a listener or cluster is one that tables share."""
    return name.startswith(misdirected_name(0)[:-1])


def encode_listener(name: str, port: int) -> Resource:
    """Encode the listener that the tables of a port share."""
    manager = hcm.connection_manager(misdirected_table(port), strips_port=False)
    message = wire.new(
        listener_v3.Listener,
        name=name,
        internal_listener=wire.new(listener_v3.ListenerInternalListenerConfig),
        filter_chains=[wire.new(listener_v3.FilterChain, filters=[hcm.network_filter(manager)])],
    )
    return resource(name, wire.encode(message))


def or_cluster(
    of_gateway: Callable[..., Resource | None], key: tuple[Key, str], used: object, *tables: Lookup[Any, Any]
) -> Resource | None:
    """Return a cluster that a Gateway uses: one that tables share, or else the one of a backend."""
    _, name = key
    return _cluster(name) if is_shared(name) else of_gateway(key, used, *tables)


def _cluster(name: str) -> Resource:
    """Encode the cluster that leads to the listener of the same name."""
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


def _ports(parent: ir.Parent) -> Iterator[Neighbours]:
    secure = [it for it in parent.listeners if it.serves and it.protocol in ir.SECURE_PROTOCOLS]
    for port, members in groupby(sorted(secure, key=attrgetter("port")), attrgetter("port")):
        found = tuple(members)
        with_table = tuple(it for it in found if it.protocol == "HTTPS")
        if with_table:
            yield Neighbours(with_table[0].gateway, port, with_table, nested({it.hostname for it in found}))


def _nobody(gateway: Key) -> ir.ListenerKey:
    return ir.ListenerKey(Ref("Gateway", *gateway), NOBODY)


def _host(port: Neighbours, table: str, domain: str) -> ir.HostKey:
    return ir.HostKey(port.gateway, table, domain, _nobody(port.gateway))


def _answer() -> EncodedRoute:
    return _encoded((), direct_response=wire.new(route_v3.DirectResponseAction, status=421))


def _question(port: int) -> EncodedRoute:
    cluster = misdirected_name(port)
    return _encoded((cluster,), route=wire.new(route_v3.RouteAction, cluster=cluster))


def _encoded(clusters: tuple[str, ...], **action: Any) -> EncodedRoute:
    message = wire.new(route_v3.Route, name="misdirected", match=wire.new(route_v3.RouteMatch, prefix="/"), **action)
    return EncodedRoute((), catches_all=True, frame=wire.frame(ROUTES_FIELD, wire.encode(message)), clusters=clusters)
