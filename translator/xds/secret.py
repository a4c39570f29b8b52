"""Certificates and authorities in Envoy's words, each a Secret of its own, so that a new one changes nothing else."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, assert_never

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3

from translator import ir
from translator.api.core import Secret
from translator.attach.authorities import Bundle
from translator.attach.certificates import CERTIFICATE, PRIVATE_KEY
from translator.value import Key, Lookup, Ref
from translator.xds import wire
from translator.xds.names import CLIENT_CERTIFICATE, authorities_name, secret_name
from translator.xds.resource import Resource, resource

Place: TypeAlias = tuple[str, str, tuple[str, ...], int]
"""What names a secret: a listener by parent and name, or a cluster by name; and which of its secrets it is."""
Shown: TypeAlias = Sequence[tuple[Place, ir.SecretContent]]
"""What names a secret of a Gateway; all say the same of its content."""
Named: TypeAlias = tuple[tuple[str, ir.SecretContent], ...]
"""The secrets that a cluster names."""


def of_gateway(_: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], Place, ir.SecretContent]]:
    """Name the secrets that a Gateway's listeners serve, and verify clients by."""
    for listener in parent.listeners:
        if listener.serves:
            for index, (name, content) in enumerate(_of_listener(listener)):
                yield (listener.gateway, name), ("listener", listener.key.name, listener.key.parent, index), content


def of_cluster(
    key: tuple[Key, str], used: object, clusters: Lookup[str, ir.Cluster], presented: Lookup[Key, Key]
) -> Named | None:
    """Name the secrets that a Gateway needs for a cluster: authorities, and the certificate that it shows."""
    gateway, name = key
    cluster = clusters.get(name)
    if cluster is None or cluster.key.protocol not in ir.OVER_TLS:
        return None
    shown = presented.get(gateway)
    verification = cluster.verification
    found: list[tuple[str, ir.SecretContent]] = []
    if verification is not None:
        found.append((authorities_name(verification.authorities), ir.Authorities(verification.authorities)))
    if shown is not None:
        found.append((CLIENT_CERTIFICATE, ir.KeyPair(shown)))
    return tuple(found) or None


def of_clusters(key: tuple[Key, str], named: Named) -> Iterator[tuple[tuple[Key, str], Place, ir.SecretContent]]:
    """Put a cluster's secrets to the others of its Gateway."""
    gateway, cluster = key
    for index, (name, content) in enumerate(named):
        yield (gateway, name), ("cluster", cluster, (), index), content


def encode(
    key: tuple[Key, str],
    shown: Shown,
    secrets: Lookup[Key, Secret],
    bundles: Lookup[Ref, Bundle | ir.Refusal],
    system: str,
) -> Resource | None:
    """Encode a secret of which all parts were found fit, private keys inline; `system` is the system's file of CAs."""
    _, name = key
    content = shown[0][1]
    fields: dict[str, Any] | None
    match content:
        case ir.KeyPair():
            fields = _key_pair(secrets.get(content.secret))
        case ir.Authorities():
            fields = _authorities(content.refs, bundles, system)
        case _:
            assert_never(content)
    return None if fields is None else resource(name, wire.encode(wire.new(tls_v3.Secret, name=name, **fields)))


def _of_listener(listener: ir.Listener) -> Iterator[tuple[str, ir.SecretContent]]:
    for secret in listener.certificates:
        yield secret_name(secret), ir.KeyPair(secret)
    if listener.client_validation is not None:
        authorities = listener.client_validation.authorities
        yield authorities_name(authorities), ir.Authorities(authorities)


def _key_pair(secret: Secret | None) -> dict[str, Any] | None:
    if secret is None or secret.data is None:
        return None
    certificate = wire.new(
        tls_v3.TlsCertificate,
        certificate_chain=wire.new(core_v3.DataSource, inline_bytes=secret.data[CERTIFICATE]),
        private_key=wire.new(core_v3.DataSource, inline_bytes=secret.data[PRIVATE_KEY]),
    )
    return {"tls_certificate": certificate}


def _authorities(
    refs: tuple[Ref, ...], bundles: Lookup[Ref, Bundle | ir.Refusal], system: str
) -> dict[str, Any] | None:
    if refs == (ir.SYSTEM_AUTHORITIES,):
        source = wire.new(core_v3.DataSource, filename=system)
    else:
        found = (bundles.get(ref) for ref in refs)
        pem = b"".join(it.pem for it in found if isinstance(it, Bundle))
        if not pem:
            return None
        source = wire.new(core_v3.DataSource, inline_bytes=pem)
    return {"validation_context": wire.new(tls_v3.CertificateValidationContext, trusted_ca=source)}
