"""Objects of the fleet as they are in the cluster, as far as the fleet looks at them."""

import msgspec

from translator.value import Key
from xds_server.kube.fleet.names import NAME_ANNOTATION

MANAGER = "gatehouse"
"""The field manager of all that we apply."""


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an object; fields that nobody reads are dropped."""


class OwnerReference(Part, frozen=True, rename="camel"):
    """Who an object goes with."""

    uid: str
    kind: str = ""


class ManagedFields(Part, frozen=True, rename="camel"):
    """Which fields of an object one manager has set."""

    manager: str = ""
    operation: str = ""
    subresource: str = ""
    fields: msgspec.Raw = msgspec.field(name="fieldsV1", default=msgspec.Raw(b""))


class Metadata(Part, frozen=True, rename="camel"):
    """The parts of metadata that are read."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    managed_fields: tuple[ManagedFields, ...] = ()
    deletion_timestamp: str = ""


class Spec(Part, frozen=True, rename="camel"):
    """What a Service's addresses depend on, and how many pods a Deployment has."""

    type: str = ""
    replicas: int | None = None
    cluster_ips: tuple[str, ...] = msgspec.field(name="clusterIPs", default=())
    ip_families: tuple[str, ...] = ()


class Ingress(Part, frozen=True, rename="camel"):
    """An address of a load balancer."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(Part, frozen=True, rename="camel"):
    """What a load balancer has been given."""

    ingress: tuple[Ingress, ...] = ()


class Condition(Part, frozen=True, rename="camel"):
    """A condition of a Deployment."""

    type: str
    status: str
    message: str = ""


class Status(Part, frozen=True, rename="camel"):
    """Addresses of a Service, or what hinders a Deployment."""

    load_balancer: LoadBalancer = LoadBalancer()
    conditions: tuple[Condition, ...] = ()


class Observed(Part, frozen=True, rename="camel"):
    """An object of any of the kinds that are made for Gateways."""

    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()

    @property
    def gateway(self) -> Key:
        """The Gateway that it was made for."""
        return Key(self.metadata.namespace, self.metadata.annotations.get(NAME_ANNOTATION, ""))

    @property
    def ours(self) -> bytes:
        """Which fields are ours; it changes when somebody else takes one of them."""
        for it in self.metadata.managed_fields:
            if (it.manager, it.operation, it.subresource) == (MANAGER, "Apply", ""):
                return bytes(it.fields)
        return b""
