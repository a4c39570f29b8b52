"""The access log in Envoy's words: a line of JSON for each request, and for each connection that is not looked into,
with the names of the objects that served it.
"""

from collections.abc import Mapping

from envoy_data_plane.envoy.config.accesslog import v3 as accesslog_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.access_loggers.stream import v3 as stream_v3
from envoy_data_plane.google import protobuf

from translator import ir
from translator.value import Key, Ref
from translator.xds import wire
from translator.xds.headers import literal
from translator.xds.names import chain_name, rule_name

ANY: Mapping[str, str] = {
    "time": "%START_TIME%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "endpoint": "%UPSTREAM_HOST%",
    "flags": "%RESPONSE_FLAGS%",
    "bytesReceived": "%BYTES_RECEIVED%",
    "bytesSent": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}
"""What comes to nothing is null."""

REQUEST: Mapping[str, str] = {
    **ANY,
    "route": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpcStatus": "%GRPC_STATUS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "userAgent": "%REQ(USER-AGENT)%",
    "requestId": "%REQ(X-REQUEST-ID)%",
    "traceId": "%TRACE_ID%",
}
"""Without queries, which may hold secrets."""

CONNECTION: Mapping[str, str] = {**ANY, "serverName": "%REQUESTED_SERVER_NAME%"}
"""Of TLS and TCP; a session of UDP has no server name."""


def of_requests(gateway: Key, listener: str) -> list[accesslog_v3.AccessLog]:
    """Log the requests of a connection manager."""
    return _lines({**REQUEST, "gateway": literal(str(gateway)), "listener": literal(listener)})


def of_stream(gateway: Key, listener: ir.Listener, route: Ref) -> list[accesslog_v3.AccessLog]:
    """Log the connections, or sessions of datagrams, that a route has."""
    names = {"gateway": str(gateway), "listener": chain_name(listener.key), "route": rule_name(route, 0)}
    words = ANY if listener.protocol == "UDP" else CONNECTION
    return _lines({**words, **{name: literal(text) for name, text in names.items()}})


def _lines(words: Mapping[str, str]) -> list[accesslog_v3.AccessLog]:
    """Write lines on standard output."""
    values = {name: wire.new(protobuf.Value, string_value=text) for name, text in words.items()}
    lines = wire.new(
        stream_v3.StdoutAccessLog,
        log_format=wire.new(core_v3.SubstitutionFormatString, json_format=wire.new(protobuf.Struct, fields=values)),
    )
    config = wire.any_of(lines)
    return [wire.new(accesslog_v3.AccessLog, name="envoy.access_loggers.stdout", typed_config=config)]
