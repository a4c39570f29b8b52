"""Which kinds and versions a channel serves."""

import pytest

from tests.schema.documents import CATALOGS, document, refusals
from xds_server.schema import Channel

GATEWAY_KINDS = [
    *("BackendTLSPolicy", "GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ListenerSet"),
    *("ReferenceGrant", "TCPRoute", "TLSRoute", "UDPRoute"),
]
CORE_KINDS = ["ClusterTrustBundle", "ConfigMap", "EndpointSlice", "Namespace", "Secret", "Service"]
OWN_KINDS = ["EnvoyParameters"]
OTHER_KINDS = ["ServiceImport"]  # of the Multi-Cluster Services API
EXPERIMENTAL_KINDS = ["XBackend", "XBackendTrafficPolicy", "XMesh", "XTelemetryPolicy"]


def test_the_kinds_of_each_channel() -> None:
    standard = {*GATEWAY_KINDS, *CORE_KINDS, *OWN_KINDS, *OTHER_KINDS}
    assert set(CATALOGS[Channel.STANDARD].kinds) == standard
    assert set(CATALOGS[Channel.EXPERIMENTAL].kinds) == {*standard, *EXPERIMENTAL_KINDS}


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("serving.knative.dev/v1", "Service"),
        ("v1", "HTTPRoute"),
        ("", ""),
        ("v1", "../core/Service"),
    ],
)
def test_a_kind_of_another_group_is_not_ours(api_version: str, kind: str) -> None:
    assert CATALOGS[Channel.EXPERIMENTAL].definition(api_version, kind) is None


@pytest.mark.parametrize(
    ("channel", "kind", "version", "served"),
    [
        (Channel.STANDARD, "TCPRoute", "v1alpha2", "v1"),
        (Channel.STANDARD, "TLSRoute", "v1alpha3", "v1"),
        (Channel.STANDARD, "BackendTLSPolicy", "v1alpha3", "v1"),
        (Channel.EXPERIMENTAL, "TLSRoute", "v1beta1", "v1, v1alpha2, v1alpha3"),
        (Channel.EXPERIMENTAL, "HTTPRoute", "v1alpha2", "v1, v1beta1"),
        (Channel.EXPERIMENTAL, "HTTPRoute", "v2", "v1, v1beta1"),
    ],
)
def test_a_version_that_is_not_served_is_refused(channel: Channel, kind: str, version: str, served: str) -> None:
    api_version = f"gateway.networking.k8s.io/{version}"
    assert refusals(document(kind, api_version, spec={}), channel) == [
        f'apiVersion: Invalid value: "{api_version}": {kind} is not served in this version; served are: {served}'
    ]


@pytest.mark.parametrize(
    ("channel", "kind", "version"),
    [
        (Channel.STANDARD, "HTTPRoute", "v1beta1"),
        (Channel.EXPERIMENTAL, "TCPRoute", "v1alpha2"),
        (Channel.EXPERIMENTAL, "UDPRoute", "v1alpha2"),
    ],
)
def test_a_served_version_is_admitted(channel: Channel, kind: str, version: str) -> None:
    rules = [{"backendRefs": [{"name": "cart", "port": 80}]}]
    assert refusals(document(kind, f"gateway.networking.k8s.io/{version}", spec={"rules": rules}), channel) == []


def test_experimental_fields_are_unknown_to_the_standard_channel() -> None:
    route = document("HTTPRoute", spec={"rules": [{"sessionPersistence": {}}]})
    admitted = {c: CATALOGS[c].definition(route["apiVersion"], "HTTPRoute").admit(route) for c in Channel}
    assert list(map(str, admitted[Channel.STANDARD].unknown)) == ["spec.rules[0].sessionPersistence"]
    assert admitted[Channel.EXPERIMENTAL].unknown == ()
