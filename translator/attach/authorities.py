"""Certificate authorities: the CA certificates that policies and Gateways refer to, and whether Envoy would take them.

Source: gateway-api v1.7.0, apis/v1/backendtlspolicy_types.go and gateway_types.go (caCertificateRefs), GEP-5075.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from translator.api.core import ClusterTrustBundle, ConfigMap, Secret
from translator.api.experimental import XBackend
from translator.api.gateway import Gateway, GatewayTLSConfig, ObjectReference
from translator.api.policies import BackendTLSPolicy
from translator.attach.certificates import Unusable
from translator.attach.conditions import Reason
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value

AUTHORITIES = "ca.crt"
"""The key of a ConfigMap or Secret that holds CA certificates."""
TRUST_BUNDLE = "ClusterTrustBundle"
GROUPS: Mapping[str, str] = {"ConfigMap": "", "Secret": "", TRUST_BUNDLE: "certificates.k8s.io"}
"""The kinds that hold CA certificates, each with its group."""


class Bundle(Value):
    """CA certificates that Envoy takes, in PEM and nothing else."""

    pem: bytes


def target(ref: ObjectReference, home: str) -> Ref | None:
    """Return what a caCertificateRef in the namespace `home` leads to; None where its kind holds no certificates."""
    if GROUPS.get(ref.kind) != ref.group:
        return None
    return Ref(ref.kind, "" if ref.kind == TRUST_BUNDLE else ref.namespace or home, ref.name)


def unknown_kind(ref: ObjectReference, reason: Reason) -> Refusal:
    """Refuse a caCertificateRef to a kind that holds no certificates."""
    kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    message = f"caCertificateRef {ref.name} is of kind {kind}; name a ConfigMap, a Secret or a ClusterTrustBundle"
    return Refusal(reason, message)


def of_policy(key: Key, policy: BackendTLSPolicy) -> Iterable[tuple[Ref, tuple[Ref, int], bool]]:
    """Name the objects that a policy expects CA certificates in."""
    yield from _wanted(Ref("BackendTLSPolicy", *key), policy.spec.validation.ca_certificate_refs)


def of_xbackend(key: Key, backend: XBackend) -> Iterable[tuple[Ref, tuple[Ref, int], bool]]:
    """Name the objects that an XBackend expects CA certificates in."""
    if backend.spec.tls.validation is not None:
        yield from _wanted(Ref("XBackend", *key), backend.spec.tls.validation.ca_certificate_refs)


def of_gateway(key: Key, gateway: Gateway) -> Iterable[tuple[Ref, tuple[Ref, int], bool]]:
    """Name the objects that a Gateway expects CA certificates of its clients in, permitted or not."""
    yield from _wanted(Ref("Gateway", *key), _frontend(gateway.spec.tls))


def check(
    ref: Ref,
    wanting: object,
    config_maps: Lookup[Key, ConfigMap],
    secrets: Lookup[Key, Secret],
    trust_bundles: Lookup[Key, ClusterTrustBundle],
) -> Bundle | Refusal:
    """Read the CA certificates of an object, or say what its owner has to change."""
    found: ConfigMap | Secret | ClusterTrustBundle | None
    match ref.kind:
        case "ConfigMap":
            found = config_maps.get(ref.key)
        case "Secret":
            found = secrets.get(ref.key)
        case _:
            found = trust_bundles.get(ref.key)
    if found is None:
        return Refusal(Reason.INVALID_CA_CERTIFICATE_REF, f"{ref} does not exist")
    try:
        return Bundle(_trusted(found))
    except Unusable as why:
        return Refusal(Reason.INVALID_CA_CERTIFICATE_REF, f"{ref} holds no CA certificates that can be used: {why}")


def _wanted(owner: Ref, refs: Iterable[ObjectReference]) -> Iterable[tuple[Ref, tuple[Ref, int], bool]]:
    for index, ref in enumerate(refs):
        found = target(ref, owner.namespace)
        if found is not None:
            yield found, (owner, index), True


def _frontend(tls: GatewayTLSConfig | None) -> Iterable[ObjectReference]:
    if tls is None or tls.frontend is None:
        return
    for config in (tls.frontend.default, *(port.tls for port in tls.frontend.per_port)):
        yield from config.validation.ca_certificate_refs if config.validation is not None else ()


def _trusted(found: ConfigMap | Secret | ClusterTrustBundle) -> bytes:
    match found:
        case ConfigMap():
            pem, name = _text(found), AUTHORITIES
        case Secret():
            pem, name = (found.data or {}).get(AUTHORITIES, b""), AUTHORITIES
        case ClusterTrustBundle():
            pem, name = found.spec.trust_bundle.encode(), "spec.trustBundle"
        case _:
            assert_never(found)
    if not pem.strip():
        raise Unusable(f"it has no {name}")
    from translator.attach import keypair  # not before there is a certificate: what reads it takes eight MiB

    return keypair.trusted(name, pem)


def _text(config_map: ConfigMap) -> bytes:
    written = (config_map.data or {}).get(AUTHORITIES)
    return (config_map.binary_data or {}).get(AUTHORITIES, b"") if written is None else written.encode()
