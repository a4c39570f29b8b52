"""The same listener without scopes: its one route table by name, to compare with."""

from collections.abc import Iterator

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from translator.xds.resource import ResourceChange, ResourceType, resource
from xds_server.snapshot import Change

TABLE = "http/80/0"


def by_name(change: Change) -> Iterator[Change]:
    """Leave out scopes, and let listeners name their table."""
    match change:
        case ResourceChange(_, ResourceType.SCOPE):
            return
        case ResourceChange(gateway, ResourceType.LISTENER, name, found) if found is not None:
            yield ResourceChange(gateway, ResourceType.LISTENER, name, resource(name, _plain(found.body)))
        case _:
            yield change


def _plain(body: bytes) -> bytes:
    listener = listener_pb2.Listener.FromString(body)
    for chain in (*listener.filter_chains, listener.default_filter_chain):
        for filter_ in chain.filters:
            manager = http_connection_manager_pb2.HttpConnectionManager.FromString(filter_.typed_config.value)
            source = manager.scoped_routes.rds_config_source
            manager.rds.config_source.CopyFrom(source)
            manager.rds.route_config_name = TABLE
            del manager.early_header_mutation_extensions[:]
            filter_.typed_config.value = manager.SerializeToString()
    plain: bytes = listener.SerializeToString()
    return plain
