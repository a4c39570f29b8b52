"""Clusters in Envoy's words: one per Service port and protocol, whichever routes use it."""

from typing import Any

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as http_v3

from translator import ir
from translator.value import Key, Lookup
from translator.xds import discovery, upstream_tls, wire
from translator.xds.endpoint import assignment
from translator.xds.limits import BUFFER_LIMIT, CONNECT_TIMEOUT, circuit_breakers
from translator.xds.resource import Refused, Resource, resource

NAME = wire.field(1)
"""Of Cluster."""
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def encode(key: object, cluster: ir.Cluster) -> Resource:
    """Encode a cluster as every Gateway uses it that shows no client certificate."""
    return _encode(cluster, presents=False)


def presenting(key: object, cluster: ir.Cluster) -> Resource | None:
    """Encode a cluster over TLS as every Gateway uses it that shows a client certificate, whichever that is."""
    return _encode(cluster, presents=True) if cluster.key.protocol in ir.OVER_TLS else None


def _encode(cluster: ir.Cluster, presents: bool) -> Resource:
    more = wire.new(
        cluster_v3.Cluster,
        typed_extension_protocol_options=_protocol_options(cluster.key.protocol),
        transport_socket=upstream_tls.transport_socket(cluster, presents),
        circuit_breakers=None if cluster.budget is None else circuit_breakers(cluster.budget),
        **(discovery.resolved(assignment(cluster.name, cluster.dns)) if cluster.dns else {}),
    )
    parts = ALIKE, b"" if cluster.budget else LIMITED, b"" if cluster.dns else TOLD
    return resource(cluster.name, NAME(cluster.name.encode()) + b"".join(parts) + wire.encode(more))


def unusable(
    key: tuple[Key, str],
    refused: Refused,
    presented: Lookup[Key, Key],
    presenting_rows: Lookup[str, Resource],
    cluster_rows: Lookup[str, Resource],
) -> bool | None:
    """Say that an Envoy of the Gateway refused the cluster as it is now; None once it has changed or gone."""
    current = of_gateway(key, None, presented, presenting_rows, cluster_rows)
    return True if current is not None and current.version == refused.version else None


def of_gateway(
    key: tuple[Key, str],
    used: object,
    presented: Lookup[Key, Key],
    presenting_rows: Lookup[str, Resource],
    cluster_rows: Lookup[str, Resource],
) -> Resource | None:
    """Return a cluster as a Gateway uses it; `presented` are the Secrets that Gateways show to backends."""
    gateway, name = key
    found = None if presented.get(gateway) is None else presenting_rows.get(name)
    return found or cluster_rows.get(name)


def _protocol_options(protocol: str) -> dict[str, Any]:
    """HTTP/1.1 is what Envoy speaks unasked."""
    if protocol not in ("http2", "https2"):
        return {}
    explicit = wire.new(
        http_v3.HttpProtocolOptionsExplicitHttpConfig, http2_protocol_options=wire.new(core_v3.Http2ProtocolOptions)
    )
    return {HTTP_OPTIONS: wire.any_of(wire.new(http_v3.HttpProtocolOptions, explicit_http_config=explicit))}


ALIKE = wire.encode(
    wire.new(
        cluster_v3.Cluster,
        connect_timeout=CONNECT_TIMEOUT,
        per_connection_buffer_limit_bytes=BUFFER_LIMIT,
        lb_policy=cluster_v3.ClusterLbPolicy.LEAST_REQUEST,
        ignore_health_on_host_removal=True,
    )
)
"""What all clusters have."""
LIMITED = wire.encode(wire.new(cluster_v3.Cluster, circuit_breakers=circuit_breakers()))
"""What those without a budget of retries have."""
TOLD = wire.encode(wire.new(cluster_v3.Cluster, **discovery.told()))
"""What those have whose endpoints come over the stream."""
