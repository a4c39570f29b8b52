"""HTTP/3: QUIC on the UDP port beside the TCP port of HTTPS listeners, with their certificates and route tables."""

from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.transport_sockets.quic import v3 as quic_v3

from translator import ir
from translator.xds import wire
from translator.xds.downstream_tls import tls_context
from translator.xds.filter_chain import server_names
from translator.xds.hcm import connection_manager, network_filter
from translator.xds.names import chain_name
from translator.xds.observation import manager_fields
from translator.xds.scopes import is_scoped

ALPN = ("h3",)


def listener_fields(
    listeners: list[ir.Listener], placement: ir.Placement, observed: ir.Observation | None
) -> dict[str, Any]:
    """Return what makes an Envoy listener on a UDP port one of HTTP/3.

    Its port is shared among the workers of an Envoy, without which datagrams of a connection would go astray.
    """
    strips_port = placement.port(listeners[0].port) != listeners[0].port
    return {
        "enable_reuse_port": True,
        "udp_listener_config": wire.new(
            listener_v3.UdpListenerConfig,
            quic_options=wire.new(listener_v3.QuicProtocolOptions),
            downstream_socket_config=wire.new(core_v3.UdpSocketConfig, prefer_gro=True),
        ),
        "filter_chains": [_chain(listener, strips_port, observed) for listener in listeners],
    }


def _chain(listener: ir.Listener, strips_port: bool, observed: ir.Observation | None) -> listener_v3.FilterChain:
    config = wire.any_of(wire.new(quic_v3.QuicDownstreamTransport, downstream_tls_context=tls_context(listener, ALPN)))
    name = chain_name(listener.key)
    fields = manager_fields(observed, name)
    manager = connection_manager(listener.table, strips_port, fields, http3=True, scoped=is_scoped(listener))
    return wire.new(
        listener_v3.FilterChain,
        name=name,
        filter_chain_match=server_names(listener.hostname),
        filters=[network_filter(manager)],
        transport_socket=wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.quic", typed_config=config),
    )
