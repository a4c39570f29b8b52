"""What comes from outside: objects, where Envoys listen, and what Envoys said."""

from collections.abc import Iterable, Mapping

from translator import ir
from translator.api.core import SERVICE_IMPORT, imported
from translator.api.kinds import Object
from translator.incremental import Graph, Source
from translator.value import Key, Ref
from translator.xds.resource import Refused, ResourceType

ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
"""Kinds that share one table, for what they mean to each other."""

OBJECT_KINDS = (
    "GatewayClass",
    "Gateway",
    "ListenerSet",
    "ReferenceGrant",
    "BackendTLSPolicy",
    "XBackend",
    "XBackendTrafficPolicy",
    "XTelemetryPolicy",
    "EnvoyParameters",
    "Service",
    "EndpointSlice",
    "Secret",
    "ConfigMap",
    "ClusterTrustBundle",
    "Namespace",
)
"""Kinds with a table each; ServiceImports stand among Services."""


def _among_services(kind: str, key: Key) -> Key:
    return imported(key) if kind == SERVICE_IMPORT else key


class Sources:
    """Every table that no function computes."""

    def __init__(self, graph: Graph) -> None:
        source = graph.source
        self.objects: dict[str, Source[Key, Object]] = {kind: source(kind) for kind in OBJECT_KINDS}
        self.routes: Source[Ref, Object] = source("routes")
        self.placements: Source[Key, ir.Placement] = source("placements")
        self.refused: dict[ResourceType, Source[tuple[Key, str], Refused]] = {
            ResourceType.CLUSTER: source("refused clusters"),
            ResourceType.ENDPOINT: source("refused endpoints"),
            ResourceType.SECRET: source("refused secrets"),
            ResourceType.LISTENER: source("refused listeners"),
            ResourceType.SCOPE: source("refused scopes"),
        }
        self.refused_elsewhere: Source[tuple[Key, str], Refused] = source("clusters refused elsewhere")
        self.refused_hosts: Source[tuple[Key, str, str], Refused] = source("refused hosts")
        self.progress: Source[Key, ir.Progress] = source("progress")
        """Of Gateways."""
        self.set_progress: Source[Key, ir.Progress] = source("progress of listener sets")

    def put(self, kind: str, value: Object) -> None:
        """Add or change an object."""
        key = value.metadata.key
        if kind in ROUTE_KINDS:
            self.routes.put(Ref(kind, *key), value)
        elif kind == SERVICE_IMPORT:
            self.objects["Service"].put(imported(key), value)
        else:
            self.objects[kind].put(key, value)

    def delete(self, kind: str, key: Key) -> None:
        """Remove an object; one that is not there is no error."""
        if kind in ROUTE_KINDS:
            self.routes.delete(Ref(kind, *key))
        elif kind == SERVICE_IMPORT:
            self.objects["Service"].delete(imported(key))
        else:
            self.objects[kind].delete(key)
        if kind == "Gateway":
            self.progress.delete(key)
        if kind == "ListenerSet":
            self.set_progress.delete(key)

    def replace(self, kind: str, values: Iterable[Object]) -> None:
        """Make these the only objects of a kind."""
        if kind in ROUTE_KINDS:
            rows = {Ref(kind, *value.metadata.key): value for value in values}
            self.routes.replace(rows, lambda ref: ref.kind == kind)
        elif kind in ("Service", SERVICE_IMPORT):
            services = {_among_services(kind, value.metadata.key): value for value in values}
            self.objects["Service"].replace(services, lambda key: ("/" in key.name) is (kind == SERVICE_IMPORT))
        else:
            self.objects[kind].replace({value.metadata.key: value for value in values})

    def all(self) -> Mapping[str, Mapping[Key, Object]]:
        """Copy what there is by kind; routes apart, ServiceImports among the Services."""
        return {kind: dict(table.items()) for kind, table in self.objects.items()}

    def knows(self, ref: Ref) -> bool:
        """Whether an object exists."""
        if ref.kind in ROUTE_KINDS:
            return self.routes.get(ref) is not None
        if ref.kind == SERVICE_IMPORT:
            return self.objects["Service"].get(imported(ref.key)) is not None
        return self.objects[ref.kind].get(ref.key) is not None
