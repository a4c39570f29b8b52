"""TLS to backends: what a cluster verifies by its policy, and the certificate that a Gateway shows to backends.

Source: gateway-api v1.7.0, apis/v1/backendtlspolicy_types.go, gateway_types.go (GatewayBackendTLS), GEP-3155.
"""

from collections.abc import Iterable

import msgspec

from translator import ir
from translator.api.core import Service
from translator.api.gateway import Gateway, SecretObjectReference
from translator.attach import backends, policies
from translator.attach.certificates import Certificate
from translator.attach.conditions import Reason
from translator.attach.grants import Grants, may_use
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref


def secured(
    name: str,
    cluster: ir.Cluster,
    services: Lookup[Key, Service],
    targeted: Lookup[Key, policies.Targeting],
    judged: Lookup[Key, policies.Judged],
) -> ir.Cluster | None:
    """Say what a cluster over TLS verifies; there is none while its policy cannot be followed."""
    key = cluster.key
    if key.kind != "Service" or key.protocol not in ir.OVER_TLS:
        return cluster
    place = Key(key.namespace, key.name)
    service = services.get(place)
    port = None if service is None else backends.port_of(service, key.port)
    applied = None if port is None else policies.effective(port.name, targeted.get(place))
    if applied is None:
        return cluster
    found = judged.get(applied.policy)
    verification = None if found is None else found.verification
    if verification is None:
        return None
    return msgspec.structs.replace(cluster, server_name=verification.hostname, verification=verification)


def wanted(key: Key, gateway: Gateway) -> Iterable[tuple[Key, tuple[Ref, str, int], str]]:
    """Name the Secret of a Gateway's client certificate, permitted or not."""
    ref = reference(gateway)
    if ref is not None and (ref.group, ref.kind) == ("", "Secret"):
        yield Key(ref.namespace or key.namespace, ref.name), (Ref("Gateway", *key), "", 0), ""


def client_certificate(
    key: Key, gateway: Gateway, checked: Lookup[Key, Certificate | Refusal], granted: Lookup[str, Grants]
) -> Key | Refusal | None:
    """Return the Secret whose certificate a Gateway shows to backends over TLS; None where it shows none."""
    ref = reference(gateway)
    if ref is None:
        return None
    if (ref.group, ref.kind) != ("", "Secret"):
        kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
        return _refused(Reason.INVALID_CLIENT_CERTIFICATE_REF, f"it is of kind {kind}; only core Secrets serve")
    target = Key(ref.namespace or key.namespace, ref.name)
    refusal = may_use(granted, Ref("Gateway", *key), "", Ref("Secret", *target))
    if refusal is not None:
        return _refused(Reason.REF_NOT_PERMITTED, refusal.message)
    found = checked.get(target)
    return _refused(Reason.INVALID_CLIENT_CERTIFICATE_REF, found.message) if isinstance(found, Refusal) else target


def presented(_: Key, certificate: Key | Refusal) -> Key | None:
    """Narrow a Gateway's client certificate to one that can be shown."""
    return None if isinstance(certificate, Refusal) else certificate


def reference(gateway: Gateway) -> SecretObjectReference | None:
    """Return a Gateway's clientCertificateRef."""
    backend = None if gateway.spec.tls is None else gateway.spec.tls.backend
    return None if backend is None else backend.client_certificate_ref


def _refused(reason: Reason, why: str) -> Refusal:
    return Refusal(reason, f"tls.backend.clientCertificateRef: {why}; backends are shown no certificate")
