"""The TCP proxy: connections to clusters by weight, whatever they carry."""

from typing import Any

from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy import v3 as tcp_v3

from translator.xds import wire
from translator.xds.filter_chain import Shares


def network_filter(stat_prefix: str, shares: Shares, observed: dict[str, Any]) -> listener_v3.Filter:
    """Return the filter that sends each connection to one of the clusters; there is at least one."""
    config = wire.new(tcp_v3.TcpProxy, stat_prefix=stat_prefix, **_destination(shares), **observed)
    return wire.new(listener_v3.Filter, name="envoy.filters.network.tcp_proxy", typed_config=wire.any_of(config))


def _destination(shares: Shares) -> dict[str, Any]:
    if len(shares) == 1:
        return {"cluster": shares[0][0]}
    clusters = [
        wire.new(tcp_v3.TcpProxyWeightedClusterClusterWeight, name=name, weight=weight) for name, weight in shares
    ]
    return {"weighted_clusters": wire.new(tcp_v3.TcpProxyWeightedCluster, clusters=clusters)}
