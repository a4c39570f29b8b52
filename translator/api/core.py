"""The core kinds that routes and listeners refer to: Service, EndpointSlice, Secret, ConfigMap, Namespace; and
ClusterTrustBundle.
"""

import msgspec

from translator.api.meta import ApiValue, Meta
from translator.value import Key

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
IMPORT_NAME_LABEL = "multicluster.kubernetes.io/service-name"

MULTICLUSTER_GROUP = "multicluster.x-k8s.io"
SERVICE_IMPORT = "ServiceImport"


class ServicePort(ApiValue):
    """One port of a Service; targetPort is a number or the name of a container's port."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    app_protocol: str | None = None


class ServiceSpec(ApiValue):
    """What a Service offers."""

    ports: tuple[ServicePort, ...] = ()
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    external_name: str = ""
    ip_families: tuple[str, ...] = ()
    """IPv4 and IPv6, the first one first."""
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels of the pods behind it; read where Gatehouse runs the pods itself."""


class Service(ApiValue):
    """A named set of endpoints."""

    metadata: Meta
    spec: ServiceSpec = ServiceSpec()


class ServiceImport(Service):
    """A Service of several clusters (multicluster.x-k8s.io): as a Service, without target ports."""


def imported(key: Key) -> Key:
    """Return where a ServiceImport stands among Services, none of which has a `/` in its name."""
    return Key(key.namespace, f"{SERVICE_IMPORT}/{key.name}")


class EndpointConditions(ApiValue):
    """State of an endpoint; absent `ready` and `serving` count as true (discovery.k8s.io/v1)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(ApiValue):
    """One backend address; for FQDN slices the addresses are names."""

    addresses: tuple[str, ...]
    conditions: EndpointConditions = EndpointConditions()
    zone: str | None = None


class EndpointPort(ApiValue):
    """A port of a slice; its name is the Service port's name."""

    name: str | None = ""
    port: int | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


class SliceLabels(ApiValue):
    """The labels that are read and no other: there are many slices."""

    service: str = msgspec.field(name=SERVICE_NAME_LABEL, default="")
    service_import: str = msgspec.field(name=IMPORT_NAME_LABEL, default="")


class SliceMeta(Meta):
    """Slices are found by their Service's label."""

    labels: SliceLabels = SliceLabels()


class EndpointSlice(ApiValue):
    """Some of a Service's endpoints."""

    metadata: SliceMeta
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] | None = ()
    ports: tuple[EndpointPort, ...] | None = ()

    @property
    def service(self) -> str:
        """The name of the Service that this slice belongs to, or nothing."""
        return self.metadata.labels.service

    @property
    def service_import(self) -> str:
        """The name of the ServiceImport that this slice belongs to, or nothing."""
        return self.metadata.labels.service_import


class Secret(ApiValue):
    """A Secret; values are decoded from base64. Its repr names the keys and never the values."""

    metadata: Meta
    type: str = "Opaque"
    data: dict[str, bytes] | None = None

    def __repr__(self) -> str:
        return f"Secret({self.metadata.key}, keys={sorted(self.data or ())})"


class ConfigMap(ApiValue):
    """A ConfigMap, read for the CA certificates in it."""

    metadata: Meta
    data: dict[str, str] | None = None
    binary_data: dict[str, bytes] | None = None


class ClusterTrustBundleSpec(ApiValue):
    """CA certificates in PEM."""

    trust_bundle: str = ""


class ClusterTrustBundle(ApiValue):
    """CA certificates for the whole cluster (certificates.k8s.io)."""

    metadata: Meta
    spec: ClusterTrustBundleSpec


class NamespaceMeta(Meta):
    """Namespaces are chosen by label."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)


class Namespace(ApiValue):
    """A namespace with the labels that selectors look at."""

    metadata: NamespaceMeta
