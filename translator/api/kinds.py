"""The kinds Gatehouse reads: group, served versions, plural, scope and the struct each decodes into."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from translator.api import core, experimental, gateway, parameters, policies, routes, telemetry
from translator.value import Ref, Value

Object: TypeAlias = (
    gateway.GatewayClass
    | gateway.Gateway
    | gateway.ListenerSet
    | routes.Route
    | policies.ReferenceGrant
    | policies.BackendTLSPolicy
    | experimental.XBackend
    | experimental.XBackendTrafficPolicy
    | telemetry.XTelemetryPolicy
    | parameters.EnvoyParameters
    | core.Service
    | core.ServiceImport
    | core.EndpointSlice
    | core.Secret
    | core.ConfigMap
    | core.ClusterTrustBundle
    | core.Namespace
)


class Kind(Value):
    """One kind: `versions` in the order we prefer them, the first being the one we speak of in conditions."""

    name: str
    group: str
    versions: tuple[str, ...]
    plural: str
    struct: type[Object]
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The preferred apiVersion, e.g. `gateway.networking.k8s.io/v1`."""
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]


GATEWAY = gateway.GATEWAY_GROUP

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="GatewayClass",
            group=GATEWAY,
            versions=("v1", "v1beta1"),
            plural="gatewayclasses",
            struct=gateway.GatewayClass,
            namespaced=False,
        ),
        Kind(name="Gateway", group=GATEWAY, versions=("v1", "v1beta1"), plural="gateways", struct=gateway.Gateway),
        Kind(name="ListenerSet", group=GATEWAY, versions=("v1",), plural="listenersets", struct=gateway.ListenerSet),
        Kind(name="HTTPRoute", group=GATEWAY, versions=("v1", "v1beta1"), plural="httproutes", struct=routes.HTTPRoute),
        Kind(name="GRPCRoute", group=GATEWAY, versions=("v1",), plural="grpcroutes", struct=routes.GRPCRoute),
        Kind(
            name="TLSRoute",
            group=GATEWAY,
            versions=("v1", "v1alpha3", "v1alpha2"),
            plural="tlsroutes",
            struct=routes.TLSRoute,
        ),
        Kind(name="TCPRoute", group=GATEWAY, versions=("v1", "v1alpha2"), plural="tcproutes", struct=routes.TCPRoute),
        Kind(name="UDPRoute", group=GATEWAY, versions=("v1", "v1alpha2"), plural="udproutes", struct=routes.UDPRoute),
        Kind(
            name="ReferenceGrant",
            group=GATEWAY,
            versions=("v1", "v1beta1"),
            plural="referencegrants",
            struct=policies.ReferenceGrant,
        ),
        Kind(
            name="BackendTLSPolicy",
            group=GATEWAY,
            versions=("v1", "v1alpha3"),
            plural="backendtlspolicies",
            struct=policies.BackendTLSPolicy,
        ),
        Kind(
            name="XBackend",
            group=telemetry.EXPERIMENTAL_GROUP,
            versions=("v1alpha1",),
            plural="xbackends",
            struct=experimental.XBackend,
        ),
        Kind(
            name="XBackendTrafficPolicy",
            group=telemetry.EXPERIMENTAL_GROUP,
            versions=("v1alpha1",),
            plural="xbackendtrafficpolicies",
            struct=experimental.XBackendTrafficPolicy,
        ),
        Kind(
            name="XTelemetryPolicy",
            group=telemetry.EXPERIMENTAL_GROUP,
            versions=("v1alpha1",),
            plural="xtelemetrypolicies",
            struct=telemetry.XTelemetryPolicy,
        ),
        Kind(
            name=parameters.PARAMETERS_KIND,
            group=parameters.PARAMETERS_GROUP,
            versions=("v1alpha1",),
            plural="envoyparameters",
            struct=parameters.EnvoyParameters,
        ),
        Kind(name="Service", group="", versions=("v1",), plural="services", struct=core.Service),
        Kind(
            name=core.SERVICE_IMPORT,
            group=core.MULTICLUSTER_GROUP,
            versions=("v1alpha1",),
            plural="serviceimports",
            struct=core.ServiceImport,
        ),
        Kind(
            name="EndpointSlice",
            group="discovery.k8s.io",
            versions=("v1",),
            plural="endpointslices",
            struct=core.EndpointSlice,
        ),
        Kind(name="Secret", group="", versions=("v1",), plural="secrets", struct=core.Secret),
        Kind(name="ConfigMap", group="", versions=("v1",), plural="configmaps", struct=core.ConfigMap),
        Kind(
            name="ClusterTrustBundle",
            group="certificates.k8s.io",
            versions=("v1", "v1beta1", "v1alpha1"),
            plural="clustertrustbundles",
            struct=core.ClusterTrustBundle,
            namespaced=False,
        ),
        Kind(
            name="Namespace", group="", versions=("v1",), plural="namespaces", struct=core.Namespace, namespaced=False
        ),
    )
}


def from_document(kind: str, document: Mapping[str, Any]) -> Object:
    """Decode an already parsed object, fields defaulted; raises msgspec.ValidationError that names the field."""
    return msgspec.convert(document, KINDS[kind].struct)


def ref_of(kind: str, value: Object) -> Ref:
    """Name an object by kind and place."""
    return Ref(kind, value.metadata.namespace, value.metadata.name)
