"""Configuration that a real Envoy takes, written by the generated messages."""

from collections.abc import Iterable
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, scoped_route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2  # noqa: F401 the pool must know what Any carries
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2  # noqa: F401
from envoy.extensions.network.dns_resolver.cares.v3 import cares_dns_resolver_pb2  # noqa: F401
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2  # noqa: F401
from google.protobuf import json_format

from tests.ads.world import CLUSTER, ENDPOINT, GATEWAY, LISTENER, SCOPE
from tests.envoy.running import LOOPBACK
from translator.xds.resource import HostChange, ResourceChange, TableChange, resource, route_table, virtual_host
from translator.xds.wire import frame

TYPES = "type.googleapis.com/envoy.extensions"
ADS = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "15s"}
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


def at(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}


def endpoints(name: str, port: int) -> dict[str, Any]:
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": at(port)}}]}]}


def bootstrap(xds_port: int, cluster: str = str(GATEWAY), api: str = "DELTA_GRPC") -> dict[str, Any]:
    grpc = {"api_type": api, "transport_api_version": "V3", "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}]}
    xds = {"name": "xds", "type": "STATIC", "typed_extension_protocol_options": HTTP2}
    return {
        "node": {"id": "envoy-1", "cluster": cluster},
        "dynamic_resources": {"ads_config": grpc, "cds_config": ADS, "lds_config": ADS},
        "static_resources": {"clusters": [{**xds, "load_assignment": endpoints("xds", xds_port)}]},
    }


def _body(message: Any, values: dict[str, Any]) -> bytes:
    body: bytes = json_format.ParseDict(values, message).SerializeToString(deterministic=True)
    return body


def cluster(name: str, **more: Any) -> ResourceChange:
    """A cluster whose endpoints come over EDS."""
    values = {"name": name, "type": "EDS", "eds_cluster_config": {"eds_config": ADS}, **more}
    return ResourceChange(GATEWAY, CLUSTER, name, resource(name, _body(cluster_pb2.Cluster(), values)))


def dead_cluster(name: str, resolver_port: int) -> ResourceChange:
    """A cluster whose name is asked of a server that never answers."""
    cares = {"@type": f"{TYPES}.network.dns_resolver.cares.v3.CaresDnsResolverConfig", "resolvers": [at(resolver_port)]}
    values = {
        "name": name,
        "type": "STRICT_DNS",
        "typed_dns_resolver_config": {"name": "envoy.network.dns_resolver.cares", "typed_config": cares},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {
                    "lb_endpoints": [
                        {"endpoint": {"address": {"socket_address": {"address": "dead.example.com", "port_value": 80}}}}
                    ]
                }
            ],
        },
    }
    return ResourceChange(GATEWAY, CLUSTER, name, resource(name, _body(cluster_pb2.Cluster(), values)))


def assignment(name: str, port: int) -> ResourceChange:
    body = _body(endpoint_pb2.ClusterLoadAssignment(), endpoints(name, port))
    return ResourceChange(GATEWAY, ENDPOINT, name, resource(name, body))


def listener(name: str, port: int, table: str) -> ResourceChange:
    return _listener(name, port, (), {"rds": {"route_config_name": table, "config_source": ADS}})


SCOPE_HEADER = "x-scope"


def scoped_listener(name: str, port: int, scopes: Iterable[str]) -> ResourceChange:
    """A listener whose requests name the key of their scope in a header."""
    extractor = {"name": SCOPE_HEADER, "element_separator": ",", "index": 0}
    routes = {
        "name": name,
        "scope_key_builder": {"fragments": [{"header_value_extractor": extractor}]},
        "rds_config_source": ADS,
        "scoped_rds": {"scoped_rds_config_source": ADS},
    }
    return _listener(name, port, scopes, {"scoped_routes": routes})


def scope(name: str, key: str, table: str) -> ResourceChange:
    values = {"name": name, "route_configuration_name": table, "key": {"fragments": [{"string_key": key}]}}
    body = _body(scoped_route_pb2.ScopedRouteConfiguration(), values)
    return ResourceChange(GATEWAY, SCOPE, name, resource(name, body, tables=[table]))


def _listener(name: str, port: int, scopes: Iterable[str], routes: dict[str, Any]) -> ResourceChange:
    router = {"name": "router", "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "http_filters": [router],
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        **routes,
    }
    chains = [{"filters": [{"name": "http", "typed_config": manager}]}]
    values = {"name": name, "address": at(port), "filter_chains": chains}
    body = _body(listener_pb2.Listener(), values)
    return ResourceChange(GATEWAY, LISTENER, name, resource(name, body, scopes=scopes))


def table(name: str) -> TableChange:
    return TableChange(GATEWAY, name, route_table(name, frame(1, name.encode())))


def host(table: str, domain: str, cluster: str, match: dict[str, Any] | None = None) -> HostChange:
    routes = [{"match": match or {"prefix": "/"}, "route": {"cluster": cluster}}]
    body = _body(route_components_pb2.VirtualHost(), {"name": domain, "domains": [domain], "routes": routes})
    return HostChange(GATEWAY, table, domain, virtual_host(domain, frame(2, body), [cluster]))
