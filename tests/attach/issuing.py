"""Certificates of every quality, and the keys that go with them."""

from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)

BEGINS, ENDS = datetime(2024, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@cache
def rsa_key(bits: int = 2048, nth: int = 0) -> rsa.RSAPrivateKey:
    """The nth RSA key of a size."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1, nth: int = 0) -> ec.EllipticCurvePrivateKey:
    """The nth key on a curve."""
    return ec.generate_private_key(curve())


def certificate(
    key: PrivateKey,
    *extensions: x509.ExtensionType,
    host: str = "shop.example.com",
    issuer: rsa.RSAPrivateKey | None = None,
    until: datetime = ENDS,
) -> bytes:
    """Issue a certificate for the key, by itself unless an issuer is given."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(BEGINS)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    signer = issuer or key
    plain = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(signer, None if plain else hashes.SHA256()).public_bytes(pem.Encoding.PEM)


def key_pem(key: PrivateKey, form: pem.PrivateFormat = pem.PrivateFormat.PKCS8, password: bytes | None = None) -> bytes:
    """Write a private key as PEM."""
    encryption = pem.BestAvailableEncryption(password) if password else pem.NoEncryption()
    return key.private_bytes(pem.Encoding.PEM, form, encryption)


def key_usage(*allowed: str) -> x509.KeyUsage:
    """A key usage that allows only what is named."""
    usages = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{usage: usage in allowed for usage in usages.split()})


def must_staple() -> x509.TLSFeature:
    """The extension that demands a stapled OCSP response."""
    return x509.TLSFeature([x509.TLSFeatureType.status_request])
