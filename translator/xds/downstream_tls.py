"""TLS with clients: what a filter chain terminates, with which certificates, and which it asks clients for."""

from typing import Any

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator import ir
from translator.xds import tls, wire
from translator.xds.names import secret_name

HTTP_ALPN = ("h2", "http/1.1")


def transport_socket(listener: ir.Listener, alpn: tuple[str, ...] = ()) -> core_v3.TransportSocket:
    """TLS 1.2 or later with every certificate of the listener; Envoy chooses by name and kind of key."""
    config = wire.any_of(tls_context(listener, alpn))
    return wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.tls", typed_config=config)


def tls_context(listener: ir.Listener, alpn: tuple[str, ...]) -> tls_v3.DownstreamTlsContext:
    """Return what a listener terminates TLS with."""
    context = wire.new(
        tls_v3.CommonTlsContext,
        tls_params=wire.new(tls_v3.TlsParameters, tls_minimum_protocol_version=tls_v3.TlsParametersTlsProtocol.TLSv1_2),
        alpn_protocols=list(alpn),
        tls_certificate_sds_secret_configs=[tls.secret(secret_name(secret)) for secret in listener.certificates],
        **_verified(listener.client_validation),
    )
    required = listener.client_validation is not None and listener.client_validation.required
    return wire.new(
        tls_v3.DownstreamTlsContext,
        common_tls_context=context,
        require_client_certificate=True if required else None,
    )


def _verified(asked: ir.ClientValidation | None) -> dict[str, Any]:
    if asked is None:
        return {}
    chain = tls_v3.CertificateValidationContextTrustChainVerification
    mode = chain.VERIFY_TRUST_CHAIN if asked.required else chain.ACCEPT_UNTRUSTED
    return tls.verified(asked.authorities, wire.new(tls_v3.CertificateValidationContext, trust_chain_verification=mode))
