"""Endpoints in Envoy's words."""

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3

from translator import ir
from translator.value import Key, Lookup
from translator.xds import wire
from translator.xds.resource import Resource, resource

CLUSTER_NAME, ENDPOINTS = wire.field(1), wire.field(2)
"""Of ClusterLoadAssignment."""
LB_ENDPOINTS, ENDPOINT, ADDRESS, SOCKET_ADDRESS = wire.field(2), wire.field(1), wire.field(1), wire.field(1)
"""Of LocalityLbEndpoints, LbEndpoint, Endpoint and Address."""
HOST, PORT_VALUE = wire.field(2), wire.number(3)
"""Of SocketAddress."""


def encode(key: object, endpoints: ir.Endpoints) -> Resource:
    """Encode the ready addresses of a Service port; without any, its cluster answers 503.

    It is what `assignment` says, written without messages: nothing changes as often.
    """
    name, addresses = endpoints.cluster, endpoints.addresses
    places = b"".join([LB_ENDPOINTS(_lb_endpoint(*address)) for address in addresses])
    return resource(name, CLUSTER_NAME(name.encode()) + (ENDPOINTS(places) if addresses else b""))


def of_gateway(key: tuple[Key, str], used: object, endpoint_rows: Lookup[str, Resource]) -> Resource | None:
    """Return the endpoints of a cluster that a Gateway uses."""
    _, name = key
    return endpoint_rows.get(name)


def assignment(cluster: str, addresses: tuple[tuple[str, int], ...]) -> endpoint_v3.ClusterLoadAssignment:
    """Return the addresses of a cluster, of which all are alike."""
    localities = [
        wire.new(endpoint_v3.LocalityLbEndpoints, lb_endpoints=[lb_endpoint(*address) for address in addresses])
    ]
    return wire.new(endpoint_v3.ClusterLoadAssignment, cluster_name=cluster, endpoints=localities if addresses else [])


def _lb_endpoint(host: str, port: int) -> bytes:
    socket = HOST(host.encode()) + PORT_VALUE(port)
    return ENDPOINT(ADDRESS(SOCKET_ADDRESS(socket)))


def lb_endpoint(address: str, port: int) -> endpoint_v3.LbEndpoint:
    """Return one address."""
    socket = wire.new(core_v3.SocketAddress, address=address, port_value=port)
    return wire.new(
        endpoint_v3.LbEndpoint,
        endpoint=wire.new(endpoint_v3.Endpoint, address=wire.new(core_v3.Address, socket_address=socket)),
    )
