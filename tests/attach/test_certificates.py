"""Certificates: what is served and what is refused, and that Envoy sees it the same way."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.attach.issuing import certificate, ec_key, key_pem, key_usage, must_staple, rsa_key
from tests.builders import gateway, gateway_class, https, listener, secret
from tests.envoy.running import validate
from translator.api.core import Secret
from translator.attach.certificates import Certificate, check, wanted
from translator.attach.conditions import Reason
from translator.ir import Refusal
from translator.pipeline import Translator
from translator.value import Key, Ref

WEB = Key("shop", "web-tls")
RSA, OTHER, P256, ED25519, ED448 = (
    rsa_key(),
    rsa_key(nth=1),
    ec_key(),
    ed25519.Ed25519PrivateKey.generate(),
    ed448.Ed448PrivateKey.generate(),
)
AUTHORITY = certificate(OTHER, host="authority")
LEAF = certificate(RSA, issuer=OTHER)
NOT_A_CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

SERVED = {
    "RSA 2048": (certificate(RSA), key_pem(RSA)),
    "RSA 3072": (certificate(rsa_key(3072)), key_pem(rsa_key(3072))),
    "PKCS #1 key": (certificate(RSA), key_pem(RSA, PrivateFormat.TraditionalOpenSSL)),
    "ECDSA P-256": (certificate(P256), key_pem(P256)),
    "ECDSA P-384": (certificate(ec_key(ec.SECP384R1)), key_pem(ec_key(ec.SECP384R1))),
    "ECDSA P-521": (certificate(ec_key(ec.SECP521R1)), key_pem(ec_key(ec.SECP521R1))),
    "SEC 1 key with parameters": (certificate(P256), EC_PARAMETERS + key_pem(P256, PrivateFormat.TraditionalOpenSSL)),
    "Ed25519": (certificate(ED25519), key_pem(ED25519)),
    "chain": (LEAF + AUTHORITY, key_pem(RSA)),
    "chain with an authority that did not sign it": (LEAF + certificate(P256), key_pem(RSA)),
    "text around the PEM": (b"Bag Attributes\n" + LEAF + b"\nissuer:\n" + AUTHORITY + b"end", key_pem(RSA)),
    "lines that end as on Windows": (LEAF.replace(b"\n", b"\r\n"), key_pem(RSA).replace(b"\n", b"\r\n")),
    "expired": (certificate(RSA, until=datetime(2024, 2, 1, tzinfo=UTC)), key_pem(RSA)),
    "ECDSA that may sign": (certificate(P256, key_usage("digital_signature")), key_pem(P256)),
    "all on one line": (LEAF[:28] + LEAF[28:-27].replace(b"\n", b"") + b"\n" + LEAF[-26:], key_pem(RSA)),
    "key before the chain": (key_pem(RSA) + LEAF, key_pem(RSA)),
}

REFUSED = {
    "RSA 1024": (certificate(rsa_key(1024)), key_pem(rsa_key(1024)), "has 1024 bits"),
    "RSA 2040": (certificate(rsa_key(2040)), key_pem(rsa_key(2040)), "has 2040 bits"),
    "ECDSA P-224": (certificate(ec_key(ec.SECP224R1)), key_pem(ec_key(ec.SECP224R1)), "on curve secp224r1"),
    "ECDSA secp256k1": (certificate(ec_key(ec.SECP256K1)), key_pem(ec_key(ec.SECP256K1)), "on curve secp256k1"),
    "Ed448": (certificate(ED448), key_pem(ED448), "neither RSA nor ECDSA"),
    "another's key": (LEAF, key_pem(OTHER), "is not the key of the first certificate"),
    "a key of another type": (LEAF, key_pem(P256), "is not the key of the first certificate"),
    "authority first": (AUTHORITY + LEAF, key_pem(RSA), "put the server's own certificate first"),
    "another's key first": (LEAF, key_pem(OTHER) + key_pem(RSA), "is not the key of the first certificate"),
    "encrypted key": (LEAF, key_pem(RSA, password=b"secret"), "tls.key is encrypted"),
    "not a key": (LEAF, LEAF, "tls.key is not a PEM private key"),
    "not PEM": (b"certificate", key_pem(RSA), "tls.crt is not a chain of PEM certificates"),
    "not a certificate": (NOT_A_CERTIFICATE, key_pem(RSA), "tls.crt is not a chain of PEM certificates"),
    "second is no certificate": (LEAF + NOT_A_CERTIFICATE, key_pem(RSA), "tls.crt is not a chain of PEM certificates"),
    "cut short": (LEAF + AUTHORITY[:300], key_pem(RSA), "a PEM block in tls.crt is cut short"),
    "indented certificate": (b"  " + LEAF, key_pem(RSA), "a PEM block in tls.crt is cut short or empty, or its first"),
    "indented key": (LEAF, b"\t" + key_pem(RSA), "a PEM block in tls.key is cut short or empty, or its first"),
    "must-staple": (certificate(RSA, must_staple()), key_pem(RSA), "must-staple"),
    "ECDSA that may not sign": (certificate(P256, key_usage("key_agreement")), key_pem(P256), "lacks digitalSignature"),
}


def checked(found: Secret | None) -> Certificate | Refusal:
    return check(WEB, (), {} if found is None else {WEB: found})


def tls_secret(chain: bytes, key: bytes) -> Secret:
    return secret("web-tls", {"tls.crt": chain, "tls.key": key})


@pytest.mark.parametrize("case", SERVED)
def test_a_certificate_that_envoy_takes_is_served(case: str) -> None:
    assert isinstance(checked(tls_secret(*SERVED[case])), Certificate)


@pytest.mark.parametrize("case", REFUSED)
def test_a_certificate_that_envoy_refuses_is_refused_with_what_is_wrong(case: str) -> None:
    chain, key, words = REFUSED[case]
    refusal = checked(tls_secret(chain, key))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "InvalidCertificateRef"
    assert refusal.message.startswith("Secret shop/web-tls cannot be served: ")
    assert words in refusal.message


@pytest.mark.envoy
@pytest.mark.parametrize("case", SERVED)
def test_envoy_takes_what_is_served(case: str) -> None:
    validate(serving(*SERVED[case]))


@pytest.mark.envoy
@pytest.mark.parametrize("case", REFUSED)
def test_envoy_refuses_what_is_refused(case: str) -> None:
    chain, key, _ = REFUSED[case]
    with pytest.raises(AssertionError, match="error initializing configuration"):
        validate(serving(chain, key))


def test_an_expired_certificate_says_since_when() -> None:
    assert checked(tls_secret(*SERVED["expired"])) == Certificate(not_after=1706745600)


def test_nothing_of_the_key_stays_in_the_row() -> None:
    assert Certificate.__struct_fields__ == ("not_after",)


def test_a_missing_secret_is_named() -> None:
    assert checked(None) == Refusal(Reason.INVALID_CERTIFICATE_REF, "Secret shop/web-tls does not exist")


def test_only_secrets_for_tls_are_served() -> None:
    refusal = checked(secret("web-tls", {"tls.crt": LEAF, "tls.key": key_pem(RSA)}, type_="Opaque"))
    assert refusal == Refusal(
        Reason.INVALID_CERTIFICATE_REF,
        "Secret shop/web-tls cannot be served: it is of type Opaque; make it one of type kubernetes.io/tls",
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "it has no tls.crt and no tls.key"),
        ({"tls.crt": LEAF}, "it has no tls.key"),
        ({"tls.crt": b"", "tls.key": key_pem(RSA)}, "it has no tls.crt"),
    ],
)
def test_both_halves_must_be_there(data: dict[str, bytes] | None, words: str) -> None:
    refusal = checked(secret("web-tls", data))
    assert refusal == Refusal(Reason.INVALID_CERTIFICATE_REF, f"Secret shop/web-tls cannot be served: {words}")


def test_listeners_that_terminate_tls_want_their_secrets() -> None:
    given = gateway(
        listener(),
        https("secure", "web-tls", "vault/more-tls"),
        listener("tls", 8443, "TLS", tls={"mode": "Terminate", "certificateRefs": [{"name": "web-tls"}]}),
        listener("sni", 9443, "TLS", tls={"mode": "Passthrough", "certificateRefs": [{"name": "ignored"}]}),
        listener("odd", 443, "HTTPS", tls={"certificateRefs": [{"kind": "ConfigMap", "name": "ignored"}]}),
    )
    edge = Ref("Gateway", "shop", "edge")
    assert list(wanted("Gateway", edge.key, given)) == [
        (Key("shop", "web-tls"), (edge, "secure", 0), "secure"),
        (Key("vault", "more-tls"), (edge, "secure", 1), "secure"),
        (Key("shop", "web-tls"), (edge, "tls", 0), "tls"),
    ]


def test_certificates_that_are_served_can_be_asked_for() -> None:
    translator = Translator()
    translator.put("GatewayClass", gateway_class())
    translator.put("Gateway", gateway(https("secure", "web-tls", "more-tls")))
    translator.put("Secret", tls_secret(*SERVED["expired"]))
    translator.put("Secret", secret("unused-tls", dict(zip(("tls.crt", "tls.key"), SERVED["chain"], strict=True))))
    translator.commit()
    assert list(translator.certificates()) == [(WEB, Certificate(not_after=1706745600))]


def serving(chain: bytes, key: bytes) -> dict[str, object]:
    """A bootstrap whose one listener serves a certificate."""
    types = "type.googleapis.com/envoy.extensions"
    certificates = [{"certificate_chain": _inline(chain), "private_key": _inline(key)}]
    tls = {
        "@type": f"{types}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificates": certificates},
    }
    echo = {"name": "echo", "typed_config": {"@type": f"{types}.filters.network.echo.v3.Echo"}}
    chains = [{"transport_socket": {"name": "tls", "typed_config": tls}, "filters": [echo]}]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"static_resources": {"listeners": [{"name": "tls", "address": address, "filter_chains": chains}]}}


def _inline(content: bytes) -> dict[str, str]:
    return {"inline_bytes": base64.b64encode(content).decode()}
