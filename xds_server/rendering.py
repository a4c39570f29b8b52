"""Envoy resources for people: decoded from bytes to the field names of Envoy's documentation, secrets redacted.

The descriptors come from `xds-protos` and cost memory, so this module is imported only where something is shown.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory

from translator.xds.resource import RouteTable, VirtualHost

REDACTED = "[redacted]"
SECRET_FIELDS = frozenset({"private_key", "password", "generic_secret", "session_ticket_keys", "inline_bytes_key"})
"""Fields whose content is never shown, wherever they stand."""

MODULES = (
    "envoy.config.cluster.v3.cluster_pb2",
    "envoy.config.endpoint.v3.endpoint_pb2",
    "envoy.config.listener.v3.listener_pb2",
    "envoy.config.route.v3.route_pb2",
    "envoy.extensions.filters.http.cors.v3.cors_pb2",
    "envoy.extensions.filters.http.router.v3.router_pb2",
    "envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2",
    "envoy.extensions.transport_sockets.tls.v3.tls_pb2",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2",
)
"""What defines the messages that the translator emits, those inside Any included."""


def decode(type_url: str, body: bytes) -> dict[str, Any]:
    """Return a serialised message as a JSON-like dict, with every secret in it redacted."""
    for module in MODULES:
        import_module(module)
    descriptor = descriptor_pool.Default().FindMessageTypeByName(type_url.rsplit("/", 1)[-1])
    message = message_factory.GetMessageClass(descriptor)()
    message.ParseFromString(body)
    decoded: dict[str, Any] = redacted(json_format.MessageToDict(message, preserving_proto_field_name=True))
    return decoded


def redacted(value: Any) -> Any:
    """Return the same structure with the content of every secret field replaced."""
    if isinstance(value, Mapping):
        return {
            key: {"inline_string": REDACTED} if key in SECRET_FIELDS else redacted(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value


def route_configuration(table: RouteTable, hosts: Iterable[VirtualHost]) -> bytes:
    """Join a route table and its virtual hosts to a serialised RouteConfiguration."""
    return b"".join((table.head, *(host.frame for host in hosts)))
