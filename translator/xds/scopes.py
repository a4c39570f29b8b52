"""Scopes: by which a listener finds the shard of its route table that has a request's host (SRDS).

Before a request is routed, a header is set to the name of the listener's table and the key of the host; each value that
it can have is the key of a scope, which names a shard. So a listener stays as it is while its table grows: scopes are
pointed at other shards. The header is set whatever a client sent. It must be there for as long as filters may ask for
the route again, and is taken away before a request leaves Envoy.

All listeners of an Envoy share their scopes. So those have them that may have many hosts: each costs 64 and more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm_v3
from envoy_data_plane.google import protobuf

from translator import ir
from translator.value import Key, Ref
from translator.xds import wire
from translator.xds.names import hold_name, scope_name, shard_name
from translator.xds.resource import Resource, resource
from translator.xds.shards import KEYS, expression
from translator.xds.sources import over_ads

HEADER = "x-gatehouse-scope"
EARLY_MUTATION = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
MUTATIONS_FIELD, APPEND_FIELD = 1, 2
"""HeaderMutation.mutations of the extension, and HeaderMutation.append of one of them."""


def is_scoped(listener: ir.Listener) -> bool:
    """Whether a listener finds its table by scopes: of HTTP, or a Gateway's of HTTPS that may have many hosts."""
    if listener.protocol == "HTTPS":
        return listener.key.parent.kind == "Gateway" and listener.hostname.startswith("*")
    return listener.protocol == "HTTP"


def of_listeners(_: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, bool]]:
    """Name the route tables of listeners that find them by scopes."""
    for listener in parent.listeners:
        if listener.serves and is_scoped(listener):
            yield (listener.gateway, listener.table), listener.key, True


def of_gateway(key: tuple[Key, str], shards: int) -> Iterator[tuple[tuple[str, int], Key, bool]]:
    """Gather Gateways by what their scopes are made of: those of equal ones are the same."""
    gateway, table = key
    yield (table, shards), gateway, True


def names(table: str, shards: int) -> Mapping[str, str]:
    """Name the scopes of a table, each with the shard that it names: one per key, and one that keeps each shard."""
    named = [shard_name(table, shards, nth) for nth in range(shards)]
    return {
        **{scope_name(table, key): named[key % shards] for key in range(KEYS)},
        **{hold_name(shard): shard for shard in named},
    }


def reached(listener: ir.Listener) -> list[str]:
    """Name the scopes that requests of a listener are in."""
    return [scope_name(listener.table, key) for key in range(KEYS)] if is_scoped(listener) else []


def encode(key: tuple[str, int], _: object) -> tuple[Resource, ...]:
    """Encode the scopes of a table."""
    return tuple(_scope(name, shard) for name, shard in names(*key).items())


def _scope(name: str, shard: str) -> Resource:
    fragment = wire.new(route_v3.ScopedRouteConfigurationKeyFragment, string_key=name)
    message = wire.new(
        route_v3.ScopedRouteConfiguration,
        name=name,
        route_configuration_name=shard,
        key=wire.new(route_v3.ScopedRouteConfigurationKey, fragments=[fragment]),
    )
    return resource(name, wire.encode(message), tables=(shard,))


def manager_fields() -> dict[str, Any]:
    """Return the fields of an HttpConnectionManager that finds its table by scopes."""
    builder = hcm_v3.ScopedRoutesScopeKeyBuilderFragmentBuilder
    extractor = wire.new(
        hcm_v3.ScopedRoutesScopeKeyBuilderFragmentBuilderHeaderValueExtractor,
        name=HEADER,
        element_separator=",",
        index=0,
    )
    return {
        "scoped_routes": wire.new(
            hcm_v3.ScopedRoutes,
            name="scopes",
            scope_key_builder=wire.new(
                hcm_v3.ScopedRoutesScopeKeyBuilder, fragments=[wire.new(builder, header_value_extractor=extractor)]
            ),
            rds_config_source=over_ads(),
            scoped_rds=wire.new(hcm_v3.ScopedRds, scoped_rds_config_source=over_ads()),
        ),
    }


def mutation(table: str) -> core_v3.TypedExtensionConfig:
    """Return what sets the header for listeners of a table.

    The package of the message is large, and what is said with it has but two levels.
    """
    option = wire.new(
        core_v3.HeaderValueOption,
        header=wire.new(core_v3.HeaderValue, key=HEADER, value=f"{scope_name(table, 0)[:-1]}%CEL({expression()})%"),
        append_action=core_v3.HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
    body = wire.frame(MUTATIONS_FIELD, wire.frame(APPEND_FIELD, wire.encode(option)))
    packed = wire.new(protobuf.Any, type_url=EARLY_MUTATION, value=body)
    return wire.new(core_v3.TypedExtensionConfig, name="scope", typed_config=packed)
