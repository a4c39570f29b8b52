"""GatewayClass, Gateway and ListenerSet (gateway-api apis/v1/gateway_types.go, listenerset_types.go)."""

import msgspec

from translator.api.meta import GATEWAY_GROUP as GATEWAY_GROUP
from translator.api.meta import ApiValue, LabelSelector, Meta
from translator.api.routes import HTTPExternalAuthFilter, LocalObjectReference


class LocalParametersReference(ApiValue):
    """A reference to an implementation's own parameters in the Gateway's namespace."""

    group: str
    kind: str
    name: str


class ParametersReference(ApiValue):
    """A GatewayClass's reference to parameters; the namespace is absent for cluster-scoped kinds."""

    group: str
    kind: str
    name: str
    namespace: str | None = None


class GatewayClassSpec(ApiValue):
    """What a GatewayClass asks for."""

    controller_name: str
    parameters_ref: ParametersReference | None = None


class GatewayClass(ApiValue):
    """A class of Gateways that one controller serves."""

    metadata: Meta
    spec: GatewayClassSpec


class SecretObjectReference(ApiValue):
    """A reference to a Secret; group and kind default to the core Secret."""

    name: str
    group: str = ""
    kind: str = "Secret"
    namespace: str | None = None


class ObjectReference(ApiValue):
    """A reference to an object of any kind, e.g. the ConfigMap that holds a CA."""

    group: str
    kind: str
    name: str
    namespace: str | None = None


class ListenerTLSConfig(ApiValue):
    """How a listener deals with TLS."""

    mode: str = "Terminate"
    certificate_refs: tuple[SecretObjectReference, ...] = ()
    options: dict[str, str] = msgspec.field(default_factory=dict)


class RouteGroupKind(ApiValue):
    """A kind of route that a listener admits."""

    kind: str
    group: str = GATEWAY_GROUP


class FromNamespaces(ApiValue):
    """Namespaces admitted by `from`: All, Same, Selector or None."""

    from_: str = msgspec.field(name="from", default="Same")
    selector: LabelSelector | None = None


class AllowedRoutes(ApiValue):
    """Which routes may attach to a listener; `kinds` empty means whatever the protocol supports."""

    namespaces: FromNamespaces = FromNamespaces()
    kinds: tuple[RouteGroupKind, ...] = ()


class ListenerFilter(ApiValue):
    """A filter that runs before routes are matched."""

    type: str
    external_auth: HTTPExternalAuthFilter | None = None
    extension_ref: LocalObjectReference | None = None


class ListenerFilters(ApiValue):
    """Filters of one listener."""

    requests: tuple[ListenerFilter, ...] = ()


class Listener(ApiValue):
    """One listener of a Gateway or a ListenerSet."""

    name: str
    port: int
    protocol: str
    hostname: str | None = None
    tls: ListenerTLSConfig | None = None
    allowed_routes: AllowedRoutes = AllowedRoutes()
    filters: ListenerFilters | None = None


class AllowedListeners(ApiValue):
    """Which ListenerSets may attach; none unless the Gateway says otherwise."""

    namespaces: FromNamespaces = FromNamespaces(from_="None")


class GatewaySpecAddress(ApiValue):
    """An address that a Gateway asks for."""

    type: str = "IPAddress"
    value: str = ""
    routability: str = ""


class FrontendTLSValidation(ApiValue):
    """How client certificates are checked."""

    ca_certificate_refs: tuple[ObjectReference, ...] = ()
    mode: str = "AllowValidOnly"


class TLSConfig(ApiValue):
    """Client certificate validation of one port, or the default of all."""

    validation: FrontendTLSValidation | None = None


class TLSPortConfig(ApiValue):
    """Overrides the default for one port."""

    port: int
    tls: TLSConfig


class FrontendTLSConfig(ApiValue):
    """TLS towards clients."""

    default: TLSConfig = TLSConfig()
    per_port: tuple[TLSPortConfig, ...] = ()


class GatewayBackendTLS(ApiValue):
    """TLS towards backends."""

    client_certificate_ref: SecretObjectReference | None = None


class GatewayTLSConfig(ApiValue):
    """TLS settings of the whole Gateway."""

    backend: GatewayBackendTLS | None = None
    frontend: FrontendTLSConfig | None = None


class GatewayInfrastructure(ApiValue):
    """What the Envoys of a Gateway are made with."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    parameters_ref: LocalParametersReference | None = None


class GatewayMeta(Meta):
    """Gateways own what is made for them, and owners are named by uid."""

    uid: str = ""
    """Empty where the object never was in a cluster."""


class GatewaySpec(ApiValue):
    """What a Gateway asks for."""

    gateway_class_name: str
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[GatewaySpecAddress, ...] = ()
    infrastructure: GatewayInfrastructure | None = None
    allowed_listeners: AllowedListeners | None = None
    tls: GatewayTLSConfig | None = None
    default_scope: str = "None"


class Gateway(ApiValue):
    """An instance of traffic handling: a group of Envoys with listeners."""

    metadata: GatewayMeta
    spec: GatewaySpec


class ParentGatewayReference(ApiValue):
    """The Gateway that a ListenerSet wants to add listeners to."""

    name: str
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"
    namespace: str | None = None


class ListenerSetSpec(ApiValue):
    """The listeners that a ListenerSet adds to its parent."""

    parent_ref: ParentGatewayReference
    listeners: tuple[Listener, ...] = ()


class ListenerSet(ApiValue):
    """Listeners that somebody else than the Gateway's owner keeps."""

    metadata: Meta
    spec: ListenerSetSpec
