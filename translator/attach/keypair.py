"""A certificate chain and its private key: whether Envoy 1.40 would take them, and when the leaf expires."""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from translator.attach.certificates import CERTIFICATE, PRIVATE_KEY, Unusable

RSA_BITS = range(2048, 16385)
"""Moduli that Envoy takes: its own lower limit, BoringSSL's upper one."""
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")

BEGIN, END = b"-----BEGIN ", b"-----END "
FIRST_LINE = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*")


def not_after(chain: bytes, key_pem: bytes) -> int:
    """Return when a chain in PEM expires, in seconds since 1970; raises Unusable where it cannot be served."""
    leaf = certificates(CERTIFICATE, chain)[0]
    key = _private_key(key_pem)
    public_key = _public_key(leaf)
    _check_strength(public_key)
    if key.public_key() != public_key:
        raise Unusable(
            f"{PRIVATE_KEY} is not the key of the first certificate in {CERTIFICATE}; "
            "put the server's own certificate first, and the key that it was issued for"
        )
    _check_extensions(leaf, public_key)
    return int(leaf.not_valid_after_utc.timestamp())


def certificates(name: str, pem: bytes) -> list[x509.Certificate]:
    """Read at least one certificate in PEM; raises Unusable, which calls it by its name, where there is a bad one."""
    _blocks(name, pem)
    try:
        found = x509.load_pem_x509_certificates(pem)
        for certificate in found:
            _ = certificate.subject, certificate.issuer  # Envoy parses the names, and this parses them only when read
    except ValueError:
        raise Unusable(f"{name} is not a chain of PEM certificates") from None
    return found


def trusted(name: str, pem: bytes) -> bytes:
    """Return the certificates of a bundle without the text around them; raises Unusable where one is bad.

    Other PEM blocks are refused: a revocation list would make Envoy refuse every chain that has none.
    """
    certificates(name, pem)
    blocks = _blocks(name, pem)
    odd = dict.fromkeys(label for label, _ in blocks if label not in CERTIFICATE_LABELS)
    if odd:
        raise Unusable(f"{name} holds {' and '.join(odd)} beside its certificates; leave in certificates alone")
    return b"".join(block for _, block in blocks)


def _blocks(name: str, pem: bytes) -> list[tuple[str, bytes]]:
    """Read PEM blocks with their labels, line by line: a search for ends of blocks that have none takes for ever.

    Refuses what stricter readers than this one stumble over: blocks without content or end, or indented.
    """
    found: list[tuple[str, bytes]] = []
    label, lines = b"", list[bytes]()
    for line in pem.split(b"\n"):
        first = FIRST_LINE.fullmatch(line)
        if not label and first is not None:
            label, lines = first[1], [line]
        elif BEGIN in line:
            raise _malformed(name)
        elif label:
            lines.append(line)
            if line.rstrip() == END + label + b"-----":
                if not b"".join(lines[1:-1]).strip():
                    raise _malformed(name)
                found.append((label.decode(), b"\n".join(lines).rstrip() + b"\n"))
                label = b""
    if label:
        raise _malformed(name)
    return found


def _malformed(name: str) -> Unusable:
    return Unusable(f"a PEM block in {name} is cut short or empty, or its first or last line is indented")


def _private_key(pem: bytes) -> PrivateKeyTypes:
    _blocks(PRIVATE_KEY, pem)
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
