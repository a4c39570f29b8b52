"""What an Envoy in a pod is started with: the common bootstrap, and a port for probes and statistics."""

from typing import Any

import yaml

from translator.api.parameters import EnvoyParametersSpec, Stats
from translator.value import Key
from xds_server import bootstrap
from xds_server.kube.fleet import secured
from xds_server.kube.fleet.quantities import heap_bytes
from xds_server.kube.fleet.settings import PROBE_PORT, Settings

FOLDER = "/etc/envoy"
FILE = "bootstrap.yaml"
CA_FILE = "ca.crt"
RUN_FOLDER = "/run/envoy"
ADMIN_SOCKET = f"{RUN_FOLDER}/admin.sock"
TOKEN_FOLDER = "/var/run/secrets/gatehouse.dev"  # noqa: S105
TOKEN_FILE = "token"  # noqa: S105

ADMIN = "admin"
PROBES = "probes"
"""Of the listener for probes; its connections are not those of clients."""

IPV4: dict[str, Any] = {"address": "0.0.0.0"}  # noqa: S104
BOTH_FAMILIES: dict[str, Any] = {"address": "::", "ipv4_compat": True}

EXTENSIONS = "type.googleapis.com/envoy.extensions"


def bootstrap_of(gateway: Key, parameters: EnvoyParametersSpec, settings: Settings) -> str:
    """Return the bootstrap of a Gateway's Envoys as YAML; who they are, each is told on its command line."""
    text = bootstrap.render(
        gateway, node="envoy", xds_host=settings.xds_host, xds_port=settings.xds_port, admin_socket=ADMIN_SOCKET
    )
    document: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    resources = document["static_resources"]
    if settings.ca:
        secured.secure(resources["clusters"][0], settings.xds_host, _files(settings))
    resources["clusters"].append(_admin_cluster())
    resources["listeners"] = [_probes(settings.ipv6)]
    _keep(document["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"], parameters.stats or Stats())
    for monitor in document["overload_manager"]["resource_monitors"]:
        if monitor["name"] == "envoy.resource_monitors.fixed_heap":
            monitor["typed_config"]["max_heap_size_bytes"] = heap_bytes(parameters.resources, bootstrap.MAX_HEAP_BYTES)
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def identity_files(settings: Settings) -> dict[str, str]:
    """Return what lies beside the bootstrap: whom to trust, and where Envoy finds that and its token."""
    return {CA_FILE: settings.ca, **secured.sds_files(_files(settings))} if settings.ca else {}


def _files(settings: Settings) -> secured.Files:
    """Without TLS no token is shown: everybody on the way could read it."""
    return secured.Files(FOLDER, CA_FILE, f"{TOKEN_FOLDER}/{TOKEN_FILE}" if settings.audience else "")


def _keep(patterns: list[Any], stats: Stats) -> None:
    patterns += [{"prefix": prefix} for prefix in stats.prefixes or ()]
    patterns += [{"safe_regex": {"regex": regex}} for regex in stats.regexes or ()]


def _admin_cluster() -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": ADMIN_SOCKET}}}}
    return {
        "name": ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _probes(ipv6: bool) -> dict[str, Any]:
    """Answer /ready as Envoy's health check filter does: 503 once draining; listeners open with the first config."""
    return {
        "name": PROBES,
        "stat_prefix": PROBES,
        "address": {"socket_address": {**(BOTH_FAMILIES if ipv6 else IPV4), "port_value": PROBE_PORT}},
        "bypass_overload_manager": True,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
                            "stat_prefix": PROBES,
                            "normalize_path": True,
                            "request_headers_timeout": "5s",
                            "common_http_protocol_options": {"idle_timeout": "60s"},
                            "route_config": _statistics(),
                            "http_filters": [_health_check(), _router()],
                        },
                    }
                ]
            }
        ],
    }


def _statistics() -> dict[str, Any]:
    match = {"path": "/stats/prometheus", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}
    route = {"match": match, "route": {"cluster": ADMIN}}
    return {"name": PROBES, "virtual_hosts": [{"name": PROBES, "domains": ["*"], "routes": [route]}]}


def _health_check() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.health_check",
        "typed_config": {
            "@type": f"{EXTENSIONS}.filters.http.health_check.v3.HealthCheck",
            "pass_through_mode": False,
            "headers": [{"name": ":path", "string_match": {"exact": "/ready"}}],
        },
    }


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{EXTENSIONS}.filters.http.router.v3.Router"},
    }
