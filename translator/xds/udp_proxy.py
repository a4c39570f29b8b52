"""The UDP proxy: datagrams of one client address belong to a session, which keeps its backend until it is idle."""

from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.udp.udp_proxy import v3 as udp_v3
from envoy_data_plane.xds.core import v3 as xds_core_v3
from envoy_data_plane.xds.type.matcher import v3 as matcher_v3

from translator.xds import wire

LARGEST = 9000
"""Bytes of a datagram; Envoy would drop those above 1500 unasked."""


def listener_filter(stat_prefix: str, cluster: str, observed: dict[str, Any]) -> listener_v3.ListenerFilter:
    """Return the filter that sends all datagrams of a port to a cluster."""
    action = wire.new(
        xds_core_v3.TypedExtensionConfig,
        name="route",
        typed_config=wire.any_of(wire.new(udp_v3.Route, cluster=cluster)),
    )
    config = wire.new(
        udp_v3.UdpProxyConfig,
        stat_prefix=stat_prefix,
        matcher=wire.new(matcher_v3.Matcher, on_no_match=wire.new(matcher_v3.MatcherOnMatch, action=action)),
        upstream_socket_config=socket_config(),
        **observed,
    )
    return wire.new(
        listener_v3.ListenerFilter, name="envoy.filters.udp_listener.udp_proxy", typed_config=wire.any_of(config)
    )


def socket_config() -> core_v3.UdpSocketConfig:
    """Return how large a datagram may be, on either side."""
    return wire.new(core_v3.UdpSocketConfig, max_rx_datagram_size=LARGEST)
