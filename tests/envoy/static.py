"""Resources as a static bootstrap: what would come over the stream is put in its place, so that Envoy judges it all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2, scoped_route_pb2
from envoy.config.trace.v3 import opentelemetry_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from envoy.extensions.clusters.dns.v3 import dns_cluster_pb2
from envoy.extensions.filters.http.composite.v3 import composite_pb2
from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.http.stateful_session.v3 import stateful_session_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2 as udp_route_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.http.stateful_session.cookie.v3 import cookie_pb2
from envoy.extensions.http.stateful_session.header.v3 import header_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from envoy.extensions.transport_sockets.quic.v3 import quic_transport_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2, tls_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import json_format

import xds_server.bootstrap
from translator.xds.names import whole_table
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost
from xds_server import late_messages

KNOWN = (
    dns_cluster_pb2,
    composite_pb2,
    cookie_pb2,
    cors_pb2,
    ext_authz_pb2,
    header_mutation_pb2,
    header_pb2,
    http_protocol_options_pb2,
    late_messages,
    opentelemetry_pb2,
    previous_hosts_pb2,
    router_pb2,
    stateful_session_pb2,
    stream_pb2,
    tcp_proxy_pb2,
    tls_inspector_pb2,
    tls_pb2,
    udp_proxy_pb2,
    udp_route_pb2,
)
"""Messages inside an Any that must be known to be printed."""

EXTENSIONS = yaml.safe_load(xds_server.bootstrap.template().template)["bootstrap_extensions"]
"""Those that an Envoy of ours is started with."""


def bootstrap(
    resources: Iterable[tuple[ResourceType, Resource]], tables: Iterable[tuple[RouteTable, Iterable[VirtualHost]]]
) -> dict[str, Any]:
    """Return the bootstrap of an Envoy that needs no control plane to serve these resources."""
    of_type: dict[ResourceType, dict[str, bytes]] = {kind: {} for kind in ResourceType}
    for kind, resource in resources:
        of_type[kind][resource.name] = resource.body
    routes = {table.name: route_configuration(table, hosts) for table, hosts in tables}
    static = bootstrap_pb2.Bootstrap.StaticResources()
    for body in of_type[ResourceType.SECRET].values():
        static.secrets.append(secret_pb2.Secret.FromString(body))
    for name, body in of_type[ResourceType.CLUSTER].items():
        static.clusters.append(_cluster(body, of_type[ResourceType.ENDPOINT].get(name)))
    scopes = [scoped_route_pb2.ScopedRouteConfiguration.FromString(it) for it in of_type[ResourceType.SCOPE].values()]
    for body in of_type[ResourceType.LISTENER].values():
        static.listeners.append(_listener(body, routes, scopes))
    message = bootstrap_pb2.Bootstrap(static_resources=static)
    printed: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return {**printed, "bootstrap_extensions": EXTENSIONS}


def by_name(scoped: dict[str, Any]) -> dict[str, Any]:
    """Return the bootstrap with listeners that have the one table to which a single scope leads, and set no header."""
    for listener in scoped["static_resources"]["listeners"]:
        for manager in (it["typed_config"] for chain in listener["filter_chains"] for it in chain["filters"]):
            (scope,) = manager.pop("scoped_routes")["scoped_route_configurations_list"]["scoped_route_configurations"]
            manager["route_config"] = scope["route_configuration"]
            del manager["early_header_mutation_extensions"]
    return scoped


def route_configuration(table: RouteTable, hosts: Iterable[VirtualHost]) -> route_pb2.RouteConfiguration:
    """Join a route table as the server does."""
    return route_pb2.RouteConfiguration.FromString(table.head + b"".join(host.frame for host in hosts))


def _cluster(body: bytes, endpoints: bytes | None) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster.FromString(body)
    if cluster.HasField("eds_cluster_config"):
        cluster.ClearField("eds_cluster_config")
        cluster.type = cluster_pb2.Cluster.STATIC
        cluster.load_assignment.cluster_name = cluster.name
        if endpoints is not None:
            cluster.load_assignment.CopyFrom(endpoint_pb2.ClusterLoadAssignment.FromString(endpoints))
    if cluster.transport_socket.name == "envoy.transport_sockets.tls":
        packed = cluster.transport_socket.typed_config
        packed.Pack(_static_secrets(packed, tls_pb2.UpstreamTlsContext()))
    return cluster


def _listener(
    body: bytes,
    routes: Mapping[str, route_pb2.RouteConfiguration],
    scopes: Sequence[scoped_route_pb2.ScopedRouteConfiguration],
) -> listener_pb2.Listener:
    listener = listener_pb2.Listener.FromString(body)
    for chain in listener.filter_chains:
        for network_filter in chain.filters:
            if network_filter.typed_config.Is(http_connection_manager_pb2.HttpConnectionManager.DESCRIPTOR):
                network_filter.typed_config.Pack(_inlined(network_filter.typed_config, routes, scopes))
        if chain.HasField("transport_socket"):
            packed = chain.transport_socket.typed_config
            packed.Pack(_static_quic(packed) if listener.name.startswith("quic/") else _static_tls(packed))
    return listener


def _static_tls(packed: Any) -> Any:
    return _static_secrets(packed, tls_pb2.DownstreamTlsContext())


def _static_quic(packed: Any) -> Any:
    transport = quic_transport_pb2.QuicDownstreamTransport()
    assert packed.Unpack(transport)
    _look_for_secrets(transport.downstream_tls_context.common_tls_context)
    return transport


def _inlined(
    packed: Any,
    routes: Mapping[str, route_pb2.RouteConfiguration],
    scopes: Sequence[scoped_route_pb2.ScopedRouteConfiguration],
) -> http_connection_manager_pb2.HttpConnectionManager:
    manager = http_connection_manager_pb2.HttpConnectionManager()
    assert packed.Unpack(manager)
    if manager.HasField("scoped_routes"):
        _inline_scopes(manager, routes, scopes)
        return manager
    assert manager.rds.config_source.WhichOneof("config_source_specifier") == "ads"
    name = manager.rds.route_config_name
    manager.ClearField("rds")
    manager.route_config.CopyFrom(routes.get(name) or route_pb2.RouteConfiguration(name=name))
    return manager


def _inline_scopes(
    manager: http_connection_manager_pb2.HttpConnectionManager,
    routes: Mapping[str, route_pb2.RouteConfiguration],
    scopes: Sequence[scoped_route_pb2.ScopedRouteConfiguration],
) -> None:
    """Put the tables into the scopes of the listener's own table, which is where Envoy wants them without a stream."""
    assert manager.scoped_routes.scoped_rds.scoped_rds_config_source.HasField("ads")
    manager.scoped_routes.ClearField("rds_config_source")
    configurations = manager.scoped_routes.scoped_route_configurations_list.scoped_route_configurations
    for scope in scopes:
        if whole_table(scope.name) == manager.stat_prefix:
            inlined = configurations.add(name=scope.name, key=scope.key)
            name = scope.route_configuration_name
            inlined.route_configuration.CopyFrom(routes.get(name) or route_pb2.RouteConfiguration(name=name))


def _static_secrets(packed: Any, context: Any) -> Any:
    """Unpack a TLS context of some type, and look for its secrets in the bootstrap."""
    assert packed.Unpack(context)
    _look_for_secrets(context.common_tls_context)
    return context


def _look_for_secrets(common: Any) -> None:
    for config in common.tls_certificate_sds_secret_configs:
        config.ClearField("sds_config")
    if common.HasField("combined_validation_context"):
        common.combined_validation_context.validation_context_sds_secret_config.ClearField("sds_config")
