"""Certificate authorities: what is trusted and what is refused, and that Envoy sees it the same way."""

import base64
import time
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.attach.issuing import BEGINS, ENDS, certificate, ec_key, key_pem, rsa_key
from tests.builders import backend_tls_policy, build, config_map, gateway, meta, secret
from tests.envoy.running import validate
from translator.api.core import ClusterTrustBundle
from translator.attach.authorities import Bundle, check, of_gateway, of_policy
from translator.ir import Refusal
from translator.value import Key, Ref

KEY = rsa_key()
ROOT = certificate(KEY, x509.BasicConstraints(True, None), host="root")
SELF_SIGNED = certificate(ec_key())
NOT_A_CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
CA = Ref("ConfigMap", "shop", "ca")


def revocations() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(BEGINS).next_update(ENDS)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


TRUSTED = {
    "an authority": ROOT,
    "a server's own certificate": SELF_SIGNED,
    "several": ROOT + SELF_SIGNED,
    "the same twice": ROOT + ROOT,
    "a key too short to be served": certificate(rsa_key(1024)),
    "a curve that is not served": certificate(ec_key(ec.SECP256K1)),
    "expired": certificate(KEY, until=datetime(2024, 2, 1, tzinfo=UTC)),
    "text around the PEM": b"# root\n" + ROOT + b"# other\n" + SELF_SIGNED + b"end",
    "lines that end as on Windows": ROOT.replace(b"\n", b"\r\n"),
    "the older label": ROOT.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
}

REFUSED = {
    "empty": (b" \n", "it has no ca.crt"),
    "not PEM": (b"authority", "ca.crt is not a chain of PEM certificates"),
    "not a certificate": (NOT_A_CERTIFICATE, "ca.crt is not a chain of PEM certificates"),
    "one of two is none": (ROOT + NOT_A_CERTIFICATE, "ca.crt is not a chain of PEM certificates"),
    "cut short": (ROOT + ROOT[:300], "a PEM block in ca.crt is cut short"),
    "indented": (ROOT + b"  " + ROOT, "a PEM block in ca.crt is cut short or empty, or its first"),
    "a key": (key_pem(KEY), "ca.crt is not a chain of PEM certificates"),
    "a key beside it": (ROOT + key_pem(KEY), "ca.crt holds PRIVATE KEY beside its certificates"),
    "revocations beside it": (ROOT + revocations(), "ca.crt holds X509 CRL beside its certificates"),
}


def checked(pem: bytes) -> Bundle | Refusal:
    return check(CA, (), {Key("shop", "ca"): config_map("ca", pem.decode())}, {}, {})


@pytest.mark.parametrize("case", TRUSTED)
def test_good_authorities_are_trusted(case: str) -> None:
    assert isinstance(checked(TRUSTED[case]), Bundle)


@pytest.mark.parametrize("case", REFUSED)
def test_bad_authorities_are_refused_with_what_is_wrong(case: str) -> None:
    pem, words = REFUSED[case]
    refusal = checked(pem)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "InvalidCACertificateRef"
    assert refusal.message.startswith("ConfigMap shop/ca holds no CA certificates that can be used: ")
    assert words in refusal.message


@pytest.mark.envoy
@pytest.mark.parametrize("case", TRUSTED)
def test_envoy_takes_what_is_trusted(case: str) -> None:
    bundle = checked(TRUSTED[case])
    assert isinstance(bundle, Bundle)
    validate(trusting(bundle.pem))


@pytest.mark.envoy
@pytest.mark.parametrize("case", ["not PEM", "not a certificate", "one of two is none", "cut short", "a key"])
def test_envoy_refuses_what_is_refused(case: str) -> None:
    with pytest.raises(AssertionError, match="error initializing configuration"):
        validate(trusting(REFUSED[case][0]))


def test_nothing_but_certificates_is_passed_on() -> None:
    assert checked(b"# root\n" + ROOT + b"# other\n" + SELF_SIGNED + b"end") == Bundle(ROOT + SELF_SIGNED)


@pytest.mark.parametrize(
    "line",
    [b"-----BEGIN CERTIFICATE-----\nx\n", b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n", b"\n"],
)
def test_a_megabyte_of_anything_is_judged_in_no_time(line: bytes) -> None:
    """Who may write a ConfigMap must not be able to keep everybody else waiting."""
    began = time.process_time()
    assert isinstance(checked(line * (2**20 // len(line))), Refusal)
    assert time.process_time() - began < 5


def test_authorities_are_read_from_secrets_and_cluster_trust_bundles_too() -> None:
    of_cluster = build(meta("internal", ""), {"trustBundle": ROOT.decode()}, ClusterTrustBundle)
    held = {Key("shop", "ca"): secret("ca", {"ca.crt": ROOT}, type_="Opaque")}
    assert check(Ref("Secret", "shop", "ca"), (), {}, held, {}) == Bundle(ROOT)
    of_all = {Key("", "internal"): of_cluster}
    assert check(Ref("ClusterTrustBundle", "", "internal"), (), {}, {}, of_all) == Bundle(ROOT)


def test_what_is_not_there_is_named() -> None:
    refusal = Refusal("InvalidCACertificateRef", "ClusterTrustBundle internal does not exist")
    assert check(Ref("ClusterTrustBundle", "", "internal"), (), {}, {}, {}) == refusal


def test_a_policy_wants_its_authorities() -> None:
    policy = backend_tls_policy(
        authorities=(
            {"group": "", "kind": "ConfigMap", "name": "ca"},
            {"group": "certificates.k8s.io", "kind": "ClusterTrustBundle", "name": "internal"},
            {"group": "example.com", "kind": "Vault", "name": "odd"},
        )
    )
    owner = Ref("BackendTLSPolicy", "shop", "verify")
    assert list(of_policy(Key("shop", "verify"), policy)) == [
        (CA, (owner, 0), True),
        (Ref("ClusterTrustBundle", "", "internal"), (owner, 1), True),
    ]


def test_a_gateway_wants_those_of_its_clients() -> None:
    default = [{"group": "", "kind": "ConfigMap", "name": "ca"}]
    port = [{"group": "", "kind": "Secret", "name": "partners", "namespace": "vault"}]
    frontend = {
        "default": {"validation": {"caCertificateRefs": default}},
        "perPort": [{"port": 8443, "tls": {"validation": {"caCertificateRefs": port}}}, {"port": 9443, "tls": {}}],
    }
    owner = Ref("Gateway", "shop", "edge")
    assert list(of_gateway(Key("shop", "edge"), gateway(tls={"frontend": frontend}))) == [
        (CA, (owner, 0), True),
        (Ref("Secret", "vault", "partners"), (owner, 1), True),
    ]


def trusting(pem: bytes) -> dict[str, object]:
    """A bootstrap whose one cluster trusts a bundle."""
    context = {"validation_context": {"trusted_ca": {"inline_bytes": base64.b64encode(pem).decode()}}}
    tls = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": context,
    }
    socket = {"name": "tls", "typed_config": tls}
    return {"static_resources": {"clusters": [{"name": "trusting", "type": "STATIC", "transport_socket": socket}]}}
