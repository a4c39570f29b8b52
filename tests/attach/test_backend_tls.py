"""TLS to backends: what a cluster verifies, and the certificate that a Gateway shows."""

from typing import Any

import msgspec
import pytest

from tests.builders import gateway, grant, service
from translator import ir
from translator.attach.backend_tls import client_certificate, presented, secured, wanted
from translator.attach.certificates import Certificate
from translator.attach.grants import by_namespace
from translator.attach.policies import Applied, Judged
from translator.ir import Refusal
from translator.value import Key, Ref

CART, EDGE = Key("shop", "cart"), Key("shop", "edge")
POLICY = Key("shop", "verify")
VERIFIED = ir.Verification("cart.example.com", (("DNS", "cart.example.com"),), (Ref("ConfigMap", "shop", "ca"),))


def cluster(protocol: str) -> ir.Cluster:
    return ir.Cluster("cart", ir.ClusterKey("shop", "cart", 443, protocol), server_name="cart.shop.svc")


def of(given: ir.Cluster, judged: Judged, section: str = "https") -> ir.Cluster | None:
    services = {CART: service("cart", ports=[{"name": "https", "port": 443}])}
    return secured(given.name, given, services, {CART: (Applied(section, POLICY, None),)}, {POLICY: judged})


@pytest.mark.parametrize("protocol", ["https1", "https2", "tls"])
def test_a_cluster_over_tls_verifies_what_its_policy_says(protocol: str) -> None:
    given = cluster(protocol)
    wanted = msgspec.structs.replace(given, server_name="cart.example.com", verification=VERIFIED)
    assert of(given, Judged(VERIFIED)) == of(given, Judged(VERIFIED), section="") == wanted


def test_a_policy_for_another_port_changes_nothing() -> None:
    assert of(cluster("https1"), Judged(VERIFIED), section="admin") == cluster("https1")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_is_passed_through_is_left_as_it_is(protocol: str) -> None:
    assert of(cluster(protocol), Judged(VERIFIED)) == cluster(protocol)


def test_there_is_no_cluster_while_its_policy_cannot_be_followed() -> None:
    assert of(cluster("https1"), Judged(None, Refusal("Invalid", "odd"))) is None


def shown(
    ref: dict[str, Any] | None, checked: dict[Key, Certificate | Refusal] | None = None, **granted: Any
) -> Key | Refusal | None:
    given = gateway() if ref is None else gateway(tls={"backend": {"clientCertificateRef": ref}})
    return client_certificate(EDGE, given, checked or {}, granted)


def test_a_gateway_shows_the_certificate_that_it_names() -> None:
    assert shown({"name": "edge-tls"}) == Key("shop", "edge-tls")
    assert shown(None) is None
    given = gateway(tls={"backend": {"clientCertificateRef": {"name": "edge-tls"}}})
    assert list(wanted(EDGE, given)) == [(Key("shop", "edge-tls"), (Ref("Gateway", "shop", "edge"), "", 0), "")]


def test_a_certificate_that_cannot_be_shown_is_refused() -> None:
    gone = Refusal("InvalidCertificateRef", "Secret shop/edge-tls does not exist")
    found = shown({"name": "edge-tls"}, {Key("shop", "edge-tls"): gone})
    assert found == Refusal(
        "InvalidClientCertificateRef",
        "tls.backend.clientCertificateRef: Secret shop/edge-tls does not exist; backends are shown no certificate",
    )
    assert presented(EDGE, found) is None


def test_only_secrets_can_be_shown() -> None:
    found = shown({"name": "edge-tls", "group": "example.com", "kind": "Vault"})
    assert isinstance(found, Refusal)
    assert found.reason == "InvalidClientCertificateRef"


def test_a_secret_of_another_namespace_needs_a_grant() -> None:
    found = shown({"name": "edge-tls", "namespace": "vault"})
    assert isinstance(found, Refusal)
    assert found.reason == "RefNotPermitted"
    [(namespace, name, spec)] = by_namespace(
        Key("vault", "grant"),
        grant(
            namespace="vault",
            from_=({"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"},),
            to=({"group": "", "kind": "Secret"},),
        ),
    )
    permitted = shown({"name": "edge-tls", "namespace": "vault"}, **{namespace: ((name, spec),)})
    assert permitted == Key("vault", "edge-tls")
