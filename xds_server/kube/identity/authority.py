"""The own certificate authority: when a new one is due, what is trusted meanwhile, and what it signs, without a clock.

Every step is safe for a replica, or an Envoy, that has not seen it yet: a new authority is trusted for a day before it
signs anything, and an old one is trusted until it expires.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from translator.value import Value

AUTHORITY_LIFETIME = timedelta(days=365)
CERTIFICATE_LIFETIME = timedelta(days=30)
OVERLAP = timedelta(days=1)
"""How long an authority is trusted before it signs: far more than a kubelet takes to bring a file up to date."""
SKEW = timedelta(hours=1)
"""How far clocks may be apart."""
RENEWED_AT = 2 / 3
"""Of a lifetime; then the next one begins."""


class Unreadable(ValueError):
    """What was found is no certificate with its key; the message says what of it, and holds no part of a key."""


class Pair(Value):
    """A certificate and its private key, as PEM."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Pair(...)"


class Authority(Value):
    """Who signs, who will sign next, and the certificates of those who did and are still trusted."""

    current: Pair
    coming: Pair | None = None
    former: tuple[str, ...] = ()

    @property
    def bundle(self) -> str:
        """The certificates of all that are trusted, as PEM."""
        coming = () if self.coming is None else (self.coming.certificate,)
        return "".join((self.current.certificate, *coming, *self.former))


def found(now: datetime) -> Authority:
    """Make an authority where there was none."""
    return Authority(_new(now))


def advanced(authority: Authority, now: datetime) -> Authority:
    """Return an authority as it should be now; the same one as long as nothing is due."""
    current, coming = authority.current, authority.coming
    former = tuple(pem for pem in authority.former if _loaded(pem).not_valid_after_utc > now)
    if expired(current.certificate, now):
        return Authority(coming if coming and not expired(coming.certificate, now) else _new(now), None, former)
    if coming is None:
        return Authority(current, _new(now) if due(current.certificate, now) else None, former)
    if now >= _loaded(coming.certificate).not_valid_before_utc + SKEW + OVERLAP:
        return Authority(coming, None, (current.certificate, *former))
    return Authority(current, coming, former)


def due(pem: str, now: datetime) -> bool:
    """Whether a certificate should be followed by a new one by now."""
    certificate = _loaded(pem)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now >= certificate.not_valid_before_utc + lifetime * RENEWED_AT


def expired(pem: str, now: datetime) -> bool:
    """Whether a certificate is good no more."""
    return _loaded(pem).not_valid_after_utc <= now


def issued(authority: Authority, names: Sequence[str], now: datetime) -> Pair:
    """Issue a server's certificate for DNS names; it never outlives who signed it."""
    signer = _loaded(authority.current.certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + CERTIFICATE_LIFETIME, signer.not_valid_after_utc)
    certificate = (
        _builder("gatehouse xDS", signer.subject, key, now - SKEW, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_issuer(signer), critical=False)
        .sign(_key(authority.current.key), hashes.SHA256())
    )
    return _pair(certificate, key)


def checked(pair: Pair) -> Pair:
    """Return a pair whose certificate and key belong together; raises Unreadable for any other."""
    certificate = _loaded(pair.certificate)
    try:
        key = serialization.load_pem_private_key(pair.key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unreadable("the private key cannot be read") from error
    if key.public_key() != certificate.public_key():
        raise Unreadable("the private key is not that of the certificate")
    return pair


def checked_bundle(bundle: str) -> str:
    """Return certificates as they came; raises Unreadable where there are none."""
    try:
        x509.load_pem_x509_certificates(bundle.encode())
    except ValueError as error:
        raise Unreadable("there is no certificate of an authority") from error
    return bundle


# ---- as the data of a Secret ------------------------------------------------------------------------------------


def written(authority: Authority) -> dict[str, str]:
    """Return an authority as a Secret's data, ca.crt being what clients trust."""
    data = {
        "tls.crt": authority.current.certificate,
        "tls.key": authority.current.key,
        "ca.crt": authority.bundle,
        "former.crt": "".join(authority.former),
    }
    if authority.coming is not None:
        data |= {"next.crt": authority.coming.certificate, "next.key": authority.coming.key}
    return {name: b64encode(text.encode()).decode() for name, text in data.items()}


def read(data: Mapping[str, str]) -> Authority:
    """Read an authority from a Secret's data; raises Unreadable if somebody has put something else there."""
    try:
        texts = {name: b64decode(text).decode() for name, text in data.items()}
        current = checked(Pair(texts["tls.crt"], texts["tls.key"]))
        coming = checked(Pair(texts["next.crt"], texts["next.key"])) if "next.crt" in texts else None
        former = texts.get("former.crt", "").encode()
        certificates = x509.load_pem_x509_certificates(former) if former else []
    except KeyError as missing:
        raise Unreadable(f"{missing.args[0]} is missing") from missing
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable("there is something that is no certificate") from error
    if not isinstance(_any_key(current.key), ec.EllipticCurvePrivateKey):
        raise Unreadable("the private key is of a kind that is not made here")
    return Authority(current, coming, tuple(_pem(it) for it in certificates))


# ---- certificates -------------------------------------------------------------------------------------------------


def _new(now: datetime) -> Pair:
    """Make an authority's certificate; each has a name of its own, or one would be taken for another."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = f"gatehouse xDS authority {x509.random_serial_number():040x}"[:64]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    certificate = (
        _builder(subject, name, key, now - SKEW, now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def _builder(
    subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer(signer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(_pem(certificate), private.decode())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _loaded(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise Unreadable("the certificate cannot be read") from error


def _any_key(pem: str) -> object:
    return serialization.load_pem_private_key(pem.encode(), None)


def _key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = _any_key(pem)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
