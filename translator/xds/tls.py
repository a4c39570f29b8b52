"""TLS in Envoy's words: what is shown and verified on either side, all of it by names of secrets.

A certificate, a key or an authority that changes is a secret that changes, and no listener or cluster.
"""

from typing import Any

from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator.value import Ref
from translator.xds import wire
from translator.xds.names import authorities_name
from translator.xds.sources import FIRST_ANSWER, over_ads


def secret(name: str) -> tls_v3.SdsSecretConfig:
    """Return a reference to a secret."""
    return wire.new(tls_v3.SdsSecretConfig, name=name, sds_config=over_ads(FIRST_ANSWER))


def verified(authorities: tuple[Ref, ...], context: tls_v3.CertificateValidationContext) -> dict[str, Any]:
    """Return the field of a CommonTlsContext that has certificates verified by authorities, and as `context` says.

    Without the secret, nobody is let through.
    """
    combined = wire.new(
        tls_v3.CommonTlsContextCombinedCertificateValidationContext,
        default_validation_context=context,
        validation_context_sds_secret_config=secret(authorities_name(authorities)),
    )
    return {"combined_validation_context": combined}
