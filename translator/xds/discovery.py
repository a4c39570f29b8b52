"""How a cluster comes to know its endpoints: told over the stream, or by DNS."""

from datetime import timedelta
from typing import Any

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3
from envoy_data_plane.envoy.extensions.clusters.common.dns import v3 as dns_common_v3
from envoy_data_plane.envoy.extensions.clusters.dns import v3 as dns_v3

from translator.xds import wire
from translator.xds.sources import FIRST_ANSWER, over_ads


def told() -> dict[str, Any]:
    """Return the fields of a cluster whose endpoints come over the stream."""
    return {
        "type": cluster_v3.ClusterDiscoveryType.EDS,
        "eds_cluster_config": wire.new(cluster_v3.ClusterEdsClusterConfig, eds_config=over_ads(FIRST_ANSWER)),
    }


def resolved(assignment: endpoint_v3.ClusterLoadAssignment) -> dict[str, Any]:
    """Return the fields of a cluster whose endpoints are names.

    They are resolved as often as their TTL says, and every other second or so while that fails. A name with addresses
    of both families is reached by IPv4: `localhost` has both, and its servers often one.
    """
    config = wire.new(
        dns_v3.DnsCluster,
        dns_lookup_family=dns_common_v3.DnsLookupFamily.V4_PREFERRED,
        respect_dns_ttl=True,
        dns_min_refresh_rate=timedelta(seconds=1),
        dns_failure_refresh_rate=wire.new(
            dns_v3.DnsClusterRefreshRate, base_interval=timedelta(seconds=1), max_interval=timedelta(seconds=5)
        ),
    )
    return {
        "cluster_type": wire.new(
            cluster_v3.ClusterCustomClusterType, name="envoy.clusters.dns", typed_config=wire.any_of(config)
        ),
        "load_assignment": assignment,
    }
