"""What an Envoy of one Gateway is given, decoded: the ground that explanations stand on."""

from collections.abc import Iterable
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.config.route.v3.scoped_route_pb2 import ScopedRouteConfiguration

from translator.xds.resource import ResourceType

MESSAGES: dict[str, Any] = {
    ResourceType.LISTENER: Listener,
    ResourceType.ROUTE: RouteConfiguration,
    ResourceType.SCOPE: ScopedRouteConfiguration,
    ResourceType.CLUSTER: Cluster,
    ResourceType.ENDPOINT: ClusterLoadAssignment,
}
"""By type URL; secrets explain nothing and stay where they are."""


class Configuration:
    """The resources of a Gateway by type and name; a message is decoded when it is asked for."""

    def __init__(self, gateway: str, resources: Iterable[tuple[str, str, bytes]]) -> None:
        self.gateway = gateway
        """NAMESPACE/NAME."""
        self._bodies = {(kind, name): body for kind, name, body in resources if kind in MESSAGES}
        self._decoded: dict[tuple[str, str], Any] = {}

    def get(self, kind: ResourceType, name: str) -> Any | None:
        """Return a resource's message."""
        key = (kind, name)
        if key not in self._decoded and key in self._bodies:
            self._decoded[key] = MESSAGES[kind].FromString(self._bodies[key])
        return self._decoded.get(key)

    def all(self, kind: ResourceType) -> list[Any]:
        """Return every message of a type, in the order of their names."""
        return [self.get(kind, name) for each, name in sorted(self._bodies) if each == kind]
