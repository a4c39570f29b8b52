"""The access log in Envoy's words: a line of JSON for each request, with the names of the objects that served it."""

from collections.abc import Mapping
from typing import Any

from envoy_data_plane.envoy.config.accesslog import v3 as accesslog_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.access_loggers.stream import v3 as stream_v3
from envoy_data_plane.google import protobuf

from translator.value import Key
from translator.xds import wire
from translator.xds.headers import literal

FIELDS: Mapping[str, str] = {
    "time": "%START_TIME%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "endpoint": "%UPSTREAM_HOST%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpcStatus": "%GRPC_STATUS%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "bytesReceived": "%BYTES_RECEIVED%",
    "bytesSent": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "userAgent": "%REQ(USER-AGENT)%",
    "requestId": "%REQ(X-REQUEST-ID)%",
    "traceId": "%TRACE_ID%",
}
"""Without queries, which may hold secrets; what comes to nothing is null."""


def manager_fields(gateway: Key, listener: str) -> dict[str, Any]:
    """Return the fields of a connection manager that log its requests on standard output."""
    words = {**FIELDS, "gateway": literal(str(gateway)), "listener": literal(listener)}
    values = {name: wire.new(protobuf.Value, string_value=text) for name, text in words.items()}
    lines = wire.new(
        stream_v3.StdoutAccessLog,
        log_format=wire.new(core_v3.SubstitutionFormatString, json_format=wire.new(protobuf.Struct, fields=values)),
    )
    config = wire.any_of(lines)
    return {"access_log": [wire.new(accesslog_v3.AccessLog, name="envoy.access_loggers.stdout", typed_config=config)]}
