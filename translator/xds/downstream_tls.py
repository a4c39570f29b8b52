"""TLS with clients: what a filter chain terminates, with which certificates."""

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator import ir
from translator.xds import wire
from translator.xds.names import secret_name
from translator.xds.sources import FIRST_ANSWER, over_ads

HTTP_ALPN = ("h2", "http/1.1")


def transport_socket(listener: ir.Listener, alpn: tuple[str, ...] = ()) -> core_v3.TransportSocket:
    """TLS 1.2 or later with every certificate of the listener; Envoy chooses by name and kind of key."""
    context = wire.new(
        tls_v3.CommonTlsContext,
        tls_params=wire.new(tls_v3.TlsParameters, tls_minimum_protocol_version=tls_v3.TlsParametersTlsProtocol.TLSv1_2),
        alpn_protocols=list(alpn),
        tls_certificate_sds_secret_configs=[
            wire.new(tls_v3.SdsSecretConfig, name=secret_name(secret), sds_config=over_ads(FIRST_ANSWER))
            for secret in listener.certificates
        ],
    )
    config = wire.any_of(wire.new(tls_v3.DownstreamTlsContext, common_tls_context=context))
    return wire.new(core_v3.TransportSocket, name="envoy.transport_sockets.tls", typed_config=config)
