"""Clusters in Envoy's words: one per Service port and protocol, whichever routes use it."""

from typing import Any

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as http_v3

from translator import ir
from translator.value import Key, Lookup
from translator.xds import discovery, wire
from translator.xds.endpoint import assignment
from translator.xds.limits import BUFFER_LIMIT, CONNECT_TIMEOUT, circuit_breakers
from translator.xds.resource import Refused, Resource, resource

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ALPN = {"https1": "http/1.1", "https2": "h2"}
"""The protocols that run over TLS, and what each is called there."""


def encode(key: object, cluster: ir.Cluster) -> Resource:
    """Encode a cluster; its name and content are the same for every Gateway that uses it."""
    message = wire.new(
        cluster_v3.Cluster,
        name=cluster.name,
        connect_timeout=CONNECT_TIMEOUT,
        per_connection_buffer_limit_bytes=BUFFER_LIMIT,
        lb_policy=cluster_v3.ClusterLbPolicy.LEAST_REQUEST,
        circuit_breakers=circuit_breakers(),
        ignore_health_on_host_removal=True,
        typed_extension_protocol_options=_protocol_options(cluster.key.protocol),
        transport_socket=_transport_socket(cluster),
        **(discovery.resolved(assignment(cluster.name, cluster.dns)) if cluster.dns else discovery.told()),
    )
    return resource(cluster.name, wire.encode(message))


def unusable(key: tuple[Key, str], refused: Refused, cluster_rows: Lookup[str, Resource]) -> bool | None:
    """Say that an Envoy of the Gateway refused the cluster as it is now; None once it has changed or gone."""
    _, name = key
    current = cluster_rows.get(name)
    return True if current is not None and current.version == refused.version else None


def of_gateway(key: tuple[Key, str], used: object, cluster_rows: Lookup[str, Resource]) -> Resource | None:
    """Return a cluster that a Gateway uses."""
    _, name = key
    return cluster_rows.get(name)


def _protocol_options(protocol: str) -> dict[str, Any]:
    """HTTP/1.1 is what Envoy speaks unasked."""
    if protocol not in ("http2", "https2"):
        return {}
    explicit = wire.new(
        http_v3.HttpProtocolOptionsExplicitHttpConfig, http2_protocol_options=wire.new(core_v3.Http2ProtocolOptions)
    )
    return {HTTP_OPTIONS: wire.any_of(wire.new(http_v3.HttpProtocolOptions, explicit_http_config=explicit))}


def _transport_socket(cluster: ir.Cluster) -> core_v3.TransportSocket | None:
    alpn = ALPN.get(cluster.key.protocol)
    if alpn is None:
        return None
    context = wire.new(
        tls_v3.UpstreamTlsContext,
        sni=cluster.server_name,
        common_tls_context=wire.new(tls_v3.CommonTlsContext, alpn_protocols=[alpn]),
    )
    return wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.tls", typed_config=wire.any_of(context))
