"""Envoy resources for people: decoded from bytes to the field names of Envoy's documentation, secrets redacted.

The descriptors come from `xds-protos` and cost memory, so this module is imported only where something is shown.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory

from translator.xds.resource import ResourceType, RouteTable, VirtualHost
from xds_server import late_messages

TYPES = {
    "listeners": ResourceType.LISTENER,
    "scopes": ResourceType.SCOPE,
    "routes": ResourceType.ROUTE,
    "clusters": ResourceType.CLUSTER,
    "endpoints": ResourceType.ENDPOINT,
    "secrets": ResourceType.SECRET,
}
"""What people call the types, in the order in which they are shown."""
NAMES: dict[str, str] = {kind: name for name, kind in TYPES.items()}

REDACTED = "[redacted]"
SECRET_FIELDS = frozenset({"private_key", "password", "generic_secret", "session_ticket_keys", "inline_bytes_key"})
"""Fields whose content is never shown, wherever they stand."""
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
"""Headers whose values are never shown, where a route sets or asks for them: they may be credentials."""
HEADER_VALUES = frozenset({"value", "raw_value", "string_match"})
"""Where a header's value stands beside its name."""

_TYPE = re.compile(rb"type\.googleapis\.com/([a-zA-Z0-9_.]+)")


def decode(type_url: str, body: bytes) -> dict[str, Any]:
    """Return a serialised message as a JSON-like dict, with every secret in it redacted."""
    for name in {type_url.rsplit("/", 1)[-1], *(match.decode() for match in _TYPE.findall(body))}:
        _import_package(name.rpartition(".")[0])
    descriptor = descriptor_pool.Default().FindMessageTypeByName(type_url.rsplit("/", 1)[-1])
    message = message_factory.GetMessageClass(descriptor)()
    message.ParseFromString(body)
    decoded: dict[str, Any] = redacted(json_format.MessageToDict(message, preserving_proto_field_name=True))
    return decoded


@cache
def _import_package(package: str) -> None:
    """Import whatever defines the messages of a protobuf package, so that Any can be shown."""
    try:
        found = import_module(package)
    except ModuleNotFoundError:
        if package not in late_messages.PACKAGES:
            raise
        return
    for module in iter_modules(found.__path__):
        if module.name.endswith("_pb2"):
            import_module(f"{package}.{module.name}")


def redacted(value: Any) -> Any:
    """Return the same structure with the content of every secret field replaced."""
    if isinstance(value, Mapping):
        if is_secret_header(value.get("key")) or (is_secret_header(value.get("name")) and "string_match" in value):
            return {key: _hidden(item) if key in HEADER_VALUES else item for key, item in value.items()}
        return {
            key: {"inline_string": REDACTED} if key in SECRET_FIELDS else redacted(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value


def is_secret_header(name: object) -> bool:
    """Whether it names a header whose values may be credentials."""
    return isinstance(name, str) and name.lower() in SECRET_HEADERS


def _hidden(value: Any) -> Any:
    """Replace every text in a structure."""
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return REDACTED if isinstance(value, str) else value


def route_configuration(table: RouteTable, hosts: Iterable[VirtualHost]) -> bytes:
    """Join a route table and its virtual hosts to a serialised RouteConfiguration."""
    return b"".join((table.head, *(host.frame for host in hosts)))
