"""TLS to backends: what a cluster asks for and verifies (BackendTLSPolicy), and what a Gateway shows it."""

from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3
from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3

from translator import ir
from translator.xds import tls, wire
from translator.xds.names import CLIENT_CERTIFICATE

ALPN = {"https1": ("http/1.1",), "https2": ("h2",), "tls": ()}
"""The protocols of clusters that run over TLS, and what each is called there."""

SAN_TYPES = {"DNS": tls_v3.SubjectAltNameMatcherSanType.DNS, "URI": tls_v3.SubjectAltNameMatcherSanType.URI}


def transport_socket(cluster: ir.Cluster, presents: bool) -> core_v3.TransportSocket | None:
    """Return how a cluster is spoken to over TLS, if it is; `presents` says that the Gateway shows its certificate."""
    if cluster.key.protocol not in ir.OVER_TLS:
        return None
    common = wire.new(
        tls_v3.CommonTlsContext,
        tls_params=_versions(),
        alpn_protocols=list(ALPN[cluster.key.protocol]),
        tls_certificate_sds_secret_configs=[tls.secret(CLIENT_CERTIFICATE)] if presents else [],
        **_verified(cluster.verification),
    )
    context = wire.new(tls_v3.UpstreamTlsContext, sni=cluster.server_name, common_tls_context=common)
    return wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.tls", typed_config=wire.any_of(context))


def _verified(verification: ir.Verification | None) -> dict[str, Any]:
    if verification is None:
        return {}
    names = [_name(type_, value) for type_, value in verification.names]
    context = wire.new(tls_v3.CertificateValidationContext, match_typed_subject_alt_names=names)
    return tls.verified(verification.authorities, context)


def _name(type_: str, value: str) -> tls_v3.SubjectAltNameMatcher:
    matcher = wire.new(matcher_v3.StringMatcher, exact=value)
    return wire.new(tls_v3.SubjectAltNameMatcher, san_type=SAN_TYPES[type_], matcher=matcher)


def _versions() -> tls_v3.TlsParameters:
    """TLS 1.2 or 1.3; of its own Envoy speaks no more than 1.2 to backends."""
    version = tls_v3.TlsParametersTlsProtocol
    return wire.new(
        tls_v3.TlsParameters, tls_minimum_protocol_version=version.TLSv1_2, tls_maximum_protocol_version=version.TLSv1_3
    )
