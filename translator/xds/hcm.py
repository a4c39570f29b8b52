"""The HttpConnectionManager: how HTTP is spoken with clients (Envoy's edge best practices, and where we differ)."""

from datetime import timedelta
from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.http.cors import v3 as cors_v3
from envoy_data_plane.envoy.extensions.filters.http.router import v3 as router_v3
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm_v3

from translator.xds import cors, http_filters, scopes, wire
from translator.xds.forward import STREAM_IDLE_TIMEOUT
from translator.xds.observation import ManagerFields
from translator.xds.sources import over_ads

CONNECTION_IDLE_TIMEOUT = timedelta(hours=1)
REQUEST_HEADERS_TIMEOUT = timedelta(seconds=10)
"""How long a client may take to send its headers; bodies may take as long as something moves."""
PING_INTERVAL, PING_TIMEOUT = timedelta(seconds=60), timedelta(seconds=20)
"""HTTP/2 connections of clients that have gone are found this way: a silent stream alone is no sign."""
MAX_STREAMS = 100
EARLY_MUTATIONS = "early_header_mutation_extensions"
CODECS = hcm_v3.HttpConnectionManagerCodecType
STREAM_WINDOW, CONNECTION_WINDOW = 64 * 1024, 1024 * 1024


def connection_manager(
    table: str, strips_port: bool, observed: ManagerFields | None = None, http3: bool = False, scoped: bool = False
) -> hcm_v3.HttpConnectionManager:
    """Return the connection manager that serves a route table, found by scopes or by its name.

    Paths are normalised and their double slashes merged, so that none gets around a match; escaped slashes stay, for
    APIs use them. Host is passed on as it came, but where the port was moved (`strips_port`) without that port: it
    means nothing to the world. The headers that Envoy's router would add are left out. `observed` has the fields that
    what is observed of requests takes.
    """
    fields = dict(observed or {})
    mutations = [*fields.pop(EARLY_MUTATIONS, ()), *([scopes.mutation(table)] if scoped else ())]
    return wire.new(
        hcm_v3.HttpConnectionManager,
        stat_prefix=table,
        http_filters=[
            http_filters.unasked(http_filters.LISTENER),
            _filter(cors.FILTER, wire.new(cors_v3.Cors)),
            http_filters.unasked(http_filters.AUTHORIZATION),
            http_filters.unasked(http_filters.SESSION),
            _filter("envoy.filters.http.router", wire.new(router_v3.Router, suppress_envoy_headers=True)),
        ],
        common_http_protocol_options=wire.new(core_v3.HttpProtocolOptions, idle_timeout=CONNECTION_IDLE_TIMEOUT),
        codec_type=CODECS.HTTP3 if http3 else CODECS.AUTO,
        http2_protocol_options=None if http3 else _http2(),
        server_header_transformation=hcm_v3.HttpConnectionManagerServerHeaderTransformation.PASS_THROUGH,
        stream_idle_timeout=STREAM_IDLE_TIMEOUT,
        request_headers_timeout=REQUEST_HEADERS_TIMEOUT,
        use_remote_address=True,
        upgrade_configs=[wire.new(hcm_v3.HttpConnectionManagerUpgradeConfig, upgrade_type="websocket")],
        normalize_path=True,
        merge_slashes=True,
        strip_matching_host_port=strips_port,
        early_header_mutation_extensions=mutations,
        **(scopes.manager_fields() if scoped else _by_name(table)),
        **fields,
    )


def _by_name(table: str) -> dict[str, Any]:
    return {"rds": wire.new(hcm_v3.Rds, config_source=over_ads(), route_config_name=table)}


def network_filter(manager: hcm_v3.HttpConnectionManager) -> listener_v3.Filter:
    """Return the connection manager as the filter that ends a chain."""
    return wire.new(
        listener_v3.Filter, name="envoy.filters.network.http_connection_manager", typed_config=wire.any_of(manager)
    )


def _http2() -> core_v3.Http2ProtocolOptions:
    return wire.new(
        core_v3.Http2ProtocolOptions,
        max_concurrent_streams=MAX_STREAMS,
        initial_stream_window_size=STREAM_WINDOW,
        initial_connection_window_size=CONNECTION_WINDOW,
        allow_connect=True,
        connection_keepalive=wire.new(core_v3.KeepaliveSettings, interval=PING_INTERVAL, timeout=PING_TIMEOUT),
    )


def _filter(name: str, config: cors_v3.Cors | router_v3.Router) -> hcm_v3.HttpFilter:
    return wire.new(hcm_v3.HttpFilter, name=name, typed_config=wire.any_of(config))
