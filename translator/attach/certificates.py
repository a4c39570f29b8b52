"""Certificates: which Secrets listeners want to serve, and whether Envoy would take them.

One certificate that Envoy refuses takes its whole listener down, so everything Envoy 1.40 was seen to refuse is refused
here first. An expired certificate is served: its owner decides, and its `not_after` says so.
"""

import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from translator.api.core import Secret
from translator.api.gateway import GATEWAY_GROUP, Gateway, Listener, SecretObjectReference
from translator.attach.conditions import Reason
from translator.attach.grants import Grants, permitted
from translator.ir import Refusal
from translator.value import Key, Lookup, Value

TLS_SECRET = "kubernetes.io/tls"  # noqa: S105
CERTIFICATE, PRIVATE_KEY = "tls.crt", "tls.key"

RSA_BITS = range(2048, 16385)
"""Moduli that Envoy takes: its own lower limit, BoringSSL's upper one."""
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

PEM_BLOCK = re.compile(
    rb"^-----BEGIN ([A-Z0-9 ]+)-----\s*$(?!\s*-----END).*?^-----END \1-----\s*$", re.DOTALL | re.MULTILINE
)


class Certificate(Value):
    """A chain and key that can be served; the bytes stay in the Secret."""

    not_after: int
    """When the leaf expires, in seconds since 1970."""


class Unusable(ValueError):
    """Why a Secret cannot be served, in words for its owner."""


def wanted(key: Key, gateway: Gateway) -> Iterable[tuple[Key, tuple[Key, str, int], str]]:
    """Name the Secrets that a Gateway's listeners want to serve, permitted or not."""
    for listener in gateway.spec.listeners:
        for index, ref in enumerate(_references(listener)):
            if (ref.group, ref.kind) == ("", "Secret"):
                yield _target(key, ref), (key, listener.name, index), listener.name


def check(
    secret_key: Key, refs: tuple[tuple[tuple[Key, str, int], str], ...], secrets: Lookup[Key, Secret]
) -> Certificate | Refusal:
    """Say whether a Secret can be served, or what its owner has to change."""
    secret = secrets.get(secret_key)
    if secret is None:
        return Refusal(Reason.INVALID_CERTIFICATE_REF, f"Secret {secret_key} does not exist")
    try:
        return _certificate(secret)
    except Unusable as why:
        return Refusal(Reason.INVALID_CERTIFICATE_REF, f"Secret {secret_key} cannot be served: {why}")


def served_by(
    key: Key, listener: Listener, checked: Lookup[Key, Certificate | Refusal], granted: Lookup[str, Grants]
) -> tuple[tuple[Key, ...], tuple[Refusal, ...]]:
    """Return the Secrets that a listener can serve, and a refusal for each reference that it cannot."""
    if listener.protocol == "HTTPS" and not _references(listener):
        message = f"listener {listener.name} terminates TLS without a certificate; name a Secret in tls.certificateRefs"
        return (), (Refusal(Reason.INVALID_CERTIFICATE_REF, message),)
    served: dict[Key, None] = {}
    refusals = []
    for ref in _references(listener):
        target = _target(key, ref)
        refusal = _refused(key, ref, target, checked, granted)
        if refusal is None:
            served[target] = None
        else:
            refusals.append(refusal)
    return tuple(served), tuple(refusals)


def _references(listener: Listener) -> tuple[SecretObjectReference, ...]:
    """The certificateRefs of a listener that terminates TLS; others have none that count."""
    terminates = listener.protocol in ("HTTPS", "TLS") and listener.tls is not None and listener.tls.mode == "Terminate"
    return listener.tls.certificate_refs if terminates and listener.tls is not None else ()


def _target(key: Key, ref: SecretObjectReference) -> Key:
    return Key(ref.namespace or key.namespace, ref.name)


def _refused(
    key: Key,
    ref: SecretObjectReference,
    target: Key,
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
) -> Refusal | None:
    """Nothing is said of a Secret in another namespace, not even whether it exists, unless a grant permits it."""
    if (ref.group, ref.kind) != ("", "Secret"):
        message = (
            f"certificateRef {ref.name} is of kind {ref.kind} in group {ref.group or 'core'}; only core Secrets serve"
        )
        return Refusal(Reason.INVALID_CERTIFICATE_REF, message)
    if target.namespace != key.namespace and not permitted(
        granted.get(target.namespace), GATEWAY_GROUP, "Gateway", key.namespace, "", "Secret", target.name
    ):
        message = (
            f"no ReferenceGrant in namespace {target.namespace} permits Gateways of namespace {key.namespace} "
            f"to use Secret {target}"
        )
        return Refusal(Reason.REF_NOT_PERMITTED, message)
    found = checked.get(target)
    return found if isinstance(found, Refusal) else None


def _certificate(secret: Secret) -> Certificate:
    if secret.type != TLS_SECRET:
        raise Unusable(f"it is of type {secret.type}; make it one of type {TLS_SECRET}")
    data = secret.data or {}
    missing = [name for name in (CERTIFICATE, PRIVATE_KEY) if not data.get(name)]
    if missing:
        raise Unusable(f"it has no {' and no '.join(missing)}")
    leaf = _chain(data[CERTIFICATE])[0]
    key = _private_key(data[PRIVATE_KEY])
    public_key = _public_key(leaf)
    _check_strength(public_key)
    if key.public_key() != public_key:
        raise Unusable(
            f"{PRIVATE_KEY} is not the key of the first certificate in {CERTIFICATE}; "
            "put the server's own certificate first, and the key that it was issued for"
        )
    _check_extensions(leaf, public_key)
    return Certificate(int(leaf.not_valid_after_utc.timestamp()))


def _chain(pem: bytes) -> list[x509.Certificate]:
    _check_blocks(CERTIFICATE, pem)
    try:
        chain = x509.load_pem_x509_certificates(pem)
        for certificate in chain:
            _ = certificate.subject, certificate.issuer  # Envoy parses the names, and this parses them only when read
    except ValueError:
        raise Unusable(f"{CERTIFICATE} is not a chain of PEM certificates") from None
    return chain


def _check_blocks(name: str, pem: bytes) -> None:
    """Refuse what stricter readers than this one stumble over: blocks without content or end, or indented."""
    if len(PEM_BLOCK.findall(pem)) != pem.count(b"-----BEGIN "):
        raise Unusable(f"a PEM block in {name} is cut short or empty, or its first or last line is indented")


def _private_key(pem: bytes) -> PrivateKeyTypes:
    _check_blocks(PRIVATE_KEY, pem)
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        raise Unusable(f"{PRIVATE_KEY} is encrypted; store it without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable(f"{PRIVATE_KEY} is not a PEM private key") from None


def _public_key(leaf: x509.Certificate) -> CertificatePublicKeyTypes:
    try:
        return leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable("its certificate is for a key of unknown type; use RSA or ECDSA") from None


def _check_strength(key: CertificatePublicKeyTypes) -> None:
    match key:
        case rsa.RSAPublicKey():
            if key.key_size not in RSA_BITS:
                raise Unusable(
                    f"its RSA key has {key.key_size} bits; Envoy takes {RSA_BITS.start} to {RSA_BITS.stop - 1}"
                )
        case ec.EllipticCurvePublicKey():
            if not isinstance(key.curve, CURVES):
                raise Unusable(f"its ECDSA key is on curve {key.curve.name}; Envoy takes P-256, P-384 and P-521")
        case ed25519.Ed25519PublicKey():
            pass
        case _:
            raise Unusable("its key is neither RSA nor ECDSA nor Ed25519")


def _check_extensions(leaf: x509.Certificate, key: CertificatePublicKeyTypes) -> None:
    """Refuse what Envoy refuses: must-staple, for nobody staples, and an ECDSA key that may not sign."""
    try:
        extensions = leaf.extensions
    except (ValueError, x509.DuplicateExtension):
        raise Unusable(f"the extensions of the first certificate in {CERTIFICATE} are malformed") from None
    for extension in extensions:
        if isinstance(extension.value, x509.TLSFeature) and x509.TLSFeatureType.status_request in extension.value:
            raise Unusable("its certificate demands a stapled OCSP response (must-staple), which it does not get")
        signs = not isinstance(extension.value, x509.KeyUsage) or extension.value.digital_signature
        if isinstance(key, ec.EllipticCurvePublicKey) and not signs:
            raise Unusable("its certificate's key usage lacks digitalSignature, which ECDSA in TLS needs")
