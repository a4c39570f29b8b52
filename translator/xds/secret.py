"""TLS certificates in Envoy's words, each a Secret of its own, so that a new one changes no listener."""

from collections.abc import Iterator

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator import ir
from translator.api.core import Secret
from translator.attach.certificates import CERTIFICATE, PRIVATE_KEY
from translator.value import Key, Lookup
from translator.xds import wire
from translator.xds.names import secret_name
from translator.xds.resource import Resource, resource


def of_gateway(key: Key, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], tuple[ir.ListenerKey, int], Key]]:
    """Name the Secrets that a Gateway's listeners serve."""
    for listener in parent.listeners:
        if listener.serves:
            for index, secret in enumerate(listener.certificates):
                yield (listener.gateway, secret_name(secret)), (listener.key, index), secret


def encode(
    key: tuple[Key, str], shown: tuple[tuple[object, Key], ...], secrets: Lookup[Key, Secret]
) -> Resource | None:
    """Encode a Secret that was found fit to be served, its private key inline."""
    _, name = key
    secret = secrets.get(shown[0][1])
    if secret is None or secret.data is None:
        return None
    certificate = wire.new(
        tls_v3.TlsCertificate,
        certificate_chain=wire.new(core_v3.DataSource, inline_bytes=secret.data[CERTIFICATE]),
        private_key=wire.new(core_v3.DataSource, inline_bytes=secret.data[PRIVATE_KEY]),
    )
    return resource(name, wire.encode(wire.new(tls_v3.Secret, name=name, tls_certificate=certificate)))
