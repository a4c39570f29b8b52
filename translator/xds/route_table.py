"""Route tables: a RouteConfiguration without its virtual hosts, which are joined to it elsewhere."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.value import Key, Lookup, Ref
from translator.xds import scopes, wire
from translator.xds.names import shard_name
from translator.xds.resource import RouteTable, route_table

REMEMBERED_SECONDS = 86_400
"""How long a client may remember that there is HTTP/3."""

NAME_FIELD = 1
"""RouteConfiguration.name."""

Tabled: TypeAlias = Sequence[tuple[ir.ListenerKey, int]]
"""The listeners of a table, each with the port where it is served over HTTP/3, or 0."""


def of_listeners(key: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, int]]:
    """Name the route tables of a Gateway's listeners that take HTTP traffic."""
    for listener in parent.listeners:
        if listener.serves and listener.protocol in ir.HTTP_PROTOCOLS:
            yield (listener.gateway, listener.table), listener.key, listener.port if listener.http3 else 0


def encode(
    key: tuple[Key, str],
    listeners: Tabled,
    placements: Lookup[Key, ir.Placement],
    counts: Lookup[tuple[Key, str], int],
) -> tuple[RouteTable, ...]:
    """Encode the heads of a table's shards.

    A Host's port plays no part in the match of hostnames, a route may name a cluster that Envoy does not know (it
    answers with an error), and a backend's header changes come after those of its rule. Where there is HTTP/3, clients
    are told at which port; only the Gateway knows, so what a backend says of it is replaced. The header that requests
    are put into scopes by is taken from them when they leave.
    """
    gateway, name = key
    port = next((port for _, port in listeners if port), 0)
    shards = counts.get(key)
    head = wire.new(
        route_v3.RouteConfiguration,
        ignore_port_in_host_matching=True,
        validate_clusters=False,
        most_specific_header_mutations_wins=True,
        response_headers_to_add=[_alternative((placements.get(gateway) or ir.Placement()).port(port))] if port else [],
        request_headers_to_remove=[] if shards is None else [scopes.HEADER],
    )
    body = wire.encode(head)
    named = (shard_name(name, shards or 1, nth) for nth in range(shards or 1))
    return tuple(route_table(it, wire.frame(NAME_FIELD, it.encode()) + body) for it in named)


def _alternative(port: int) -> core_v3.HeaderValueOption:
    return wire.new(
        core_v3.HeaderValueOption,
        header=wire.new(core_v3.HeaderValue, key="alt-svc", value=f'h3=":{port}"; ma={REMEMBERED_SECONDS}'),
        append_action=core_v3.HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
