"""Route tables: a RouteConfiguration without its virtual hosts, which are joined to it elsewhere."""

from collections.abc import Iterator

from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.value import Key
from translator.xds import wire
from translator.xds.resource import RouteTable, route_table


def of_listeners(key: Key, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, bool]]:
    """Name the route tables of a Gateway's listeners that take HTTP traffic."""
    for listener in parent.listeners:
        if listener.serves and listener.protocol in ir.HTTP_PROTOCOLS:
            yield (listener.gateway, listener.table), listener.key, True


def encode(key: tuple[Key, str], listeners: object) -> RouteTable:
    """Encode a table's head.

    A Host's port plays no part in the match of hostnames, a route may name a cluster that Envoy does not know (it
    answers with an error), and a backend's header changes come after those of its rule.
    """
    _, name = key
    head = wire.new(
        route_v3.RouteConfiguration,
        name=name,
        ignore_port_in_host_matching=True,
        validate_clusters=False,
        most_specific_header_mutations_wins=True,
    )
    return route_table(name, wire.encode(head))
