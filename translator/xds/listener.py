"""Envoy listeners: one per port of a Gateway. They name their route tables and certificates and hold neither, so
that they change, and drain connections, with their Gateway's listeners only.
"""

from collections.abc import Iterator
from typing import TypeAlias

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector import v3 as inspector_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator import ir
from translator.value import Key, Lookup
from translator.xds import wire
from translator.xds.hcm import connection_manager
from translator.xds.names import chain_name, listener_name, secret_name
from translator.xds.resource import Refused, Resource, resource
from translator.xds.sources import FIRST_ANSWER, over_ads

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
    port = listeners[0].port
    secure = listeners[0].protocol == "HTTPS"
    bound = placement.port(port)
    message = wire.new(
        listener_v3.Listener,
        name=name,
        address=_address(placement.bind, bound),
        enable_reuse_port=False if placement.exclusive else None,
        per_connection_buffer_limit_bytes=BUFFER_LIMIT,
        listener_filters=[_tls_inspector()] if secure else [],
        filter_chains=[
            _chain(listener, strips_port=bound != port) for listener in (listeners if secure else listeners[:1])
        ],
    )
    return resource(name, wire.encode(message))


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


def _chain(listener: ir.Listener, strips_port: bool) -> listener_v3.FilterChain:
    manager = connection_manager(listener.table, strips_port)
    http = wire.new(
        listener_v3.Filter, name="envoy.filters.network.http_connection_manager", typed_config=wire.any_of(manager)
    )
    if listener.protocol == "HTTP":
        return wire.new(listener_v3.FilterChain, filters=[http])
    return wire.new(
        listener_v3.FilterChain,
        name=chain_name(listener.key),
        filter_chain_match=_server_names(listener.hostname),
        filters=[http],
        transport_socket=_transport_socket(listener),
    )


def _server_names(hostname: str) -> listener_v3.FilterChainMatch | None:
    return None if hostname == ir.ANY_HOST else wire.new(listener_v3.FilterChainMatch, server_names=[hostname])


def _transport_socket(listener: ir.Listener) -> core_v3.TransportSocket:
    """TLS 1.2 or later with every certificate of the listener; Envoy chooses by name and kind of key."""
    context = wire.new(
        tls_v3.CommonTlsContext,
        tls_params=wire.new(tls_v3.TlsParameters, tls_minimum_protocol_version=tls_v3.TlsParametersTlsProtocol.TLSv1_2),
        alpn_protocols=["h2", "http/1.1"],
        tls_certificate_sds_secret_configs=[
            wire.new(tls_v3.SdsSecretConfig, name=secret_name(secret), sds_config=over_ads(FIRST_ANSWER))
            for secret in listener.certificates
        ],
    )
    config = wire.any_of(wire.new(tls_v3.DownstreamTlsContext, common_tls_context=context))
    return wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.tls", typed_config=config)
