"""Envoy listeners: one per port of a Gateway. They name their route tables and certificates and hold neither, so
that they change, and drain connections, with their Gateway's listeners only.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector import v3 as inspector_v3

from translator import ir
from translator.value import Key, Lookup
from translator.xds import filter_chain, wire
from translator.xds.names import listener_name
from translator.xds.resource import Refused, Resource, resource

BUFFER_LIMIT = 32 * 1024
"""Bytes held per connection before the sender is slowed down."""

Listeners: TypeAlias = tuple[tuple[ir.ListenerKey, ir.Listener], ...]


def of_gateway(key: Key, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], ir.ListenerKey, ir.Listener]]:
    """Gather a Gateway's listeners by the Envoy listener that serves them; those that do not serve have none."""
    for listener in parent.listeners:
        if listener.serves and listener.protocol in ir.HTTP_PROTOCOLS:
            yield (listener.gateway, listener_name(listener.protocol, listener.port)), listener.key, listener


def unserved(key: tuple[Key, str], refused: Refused, listener_rows: Lookup[tuple[Key, str], Resource]) -> str | None:
    """Return Envoy's words on a listener that it refused as it is now; None once it has changed or gone."""
    current = listener_rows.get(key)
    return refused.words if current is not None and current.version == refused.version else None


def encode(key: tuple[Key, str], members: Listeners, placements: Lookup[Key, ir.Placement]) -> Resource:
    """Encode the listeners of one port: one filter chain for HTTP, one per hostname for HTTPS."""
    gateway, name = key
    listeners = [listener for _, listener in members]
    placement = placements.get(gateway) or ir.Placement()
    message = wire.new(
        listener_v3.Listener,
        name=name,
        address=_address(placement.bind, placement.port(listeners[0].port)),
        enable_reuse_port=False if placement.exclusive else None,
        per_connection_buffer_limit_bytes=BUFFER_LIMIT,
        listener_filters=[_tls_inspector()] if listeners[0].protocol == "HTTPS" else [],
        filter_chains=list(_chains(listeners, placement)),
    )
    return resource(name, wire.encode(message))


def _chains(listeners: list[ir.Listener], placement: ir.Placement) -> Iterable[listener_v3.FilterChain]:
    """All listeners of a port that speaks HTTP share a chain; Host tells them apart."""
    strips_port = placement.port(listeners[0].port) != listeners[0].port
    if listeners[0].protocol == "HTTP":
        return [filter_chain.of_http(listeners[0], strips_port)]
    return [filter_chain.of_https(listener, strips_port) for listener in listeners]


def _address(bind: str, port: int) -> core_v3.Address:
    return wire.new(
        core_v3.Address,
        socket_address=wire.new(core_v3.SocketAddress, address=bind, port_value=port, ipv4_compat=bind == "::"),
    )


def _tls_inspector() -> listener_v3.ListenerFilter:
    config = wire.new(inspector_v3.TlsInspector)
    return wire.new(
        listener_v3.ListenerFilter, name="envoy.filters.listener.tls_inspector", typed_config=wire.any_of(config)
    )
