"""A certificate authority for tests: it signs certificates of servers and clients."""

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from tests.attach.issuing import BEGINS, ENDS, key_pem


class Pair(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """An authority; two of one name are told apart by their keys."""

    def __init__(self, name: str) -> None:
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = _builder(self._name, self._name, self._key).add_extension(identifier, critical=False)
        self.certificate = _signed(builder.add_extension(x509.BasicConstraints(True, None), critical=True), self._key)

    @property
    def text(self) -> str:
        """Its certificate, as a ConfigMap holds it."""
        return self.certificate.decode()

    def issue(self, common_name: str, *hostnames: str, uri: str = "") -> Pair:
        """Sign a certificate with these subject alternative names, the common name if none is given."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(it) for it in hostnames]
        names += [x509.UniformResourceIdentifier(uri)] if uri else []
        alternative = x509.SubjectAlternativeName(names or [x509.DNSName(common_name)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = _builder(_named(common_name), self._name, key).add_extension(alternative, critical=False)
        return Pair(_signed(builder.add_extension(issuer, critical=False), self._key), key_pem(key))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(pem.Encoding.PEM)
