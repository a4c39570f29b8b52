"""Frontend validation: which client certificates a Gateway's ports ask for, and what becomes of bad references."""

from typing import Any

from tests.builders import gateway, grant
from translator import ir
from translator.api.gateway import Listener
from translator.attach.authorities import Bundle
from translator.attach.frontend import NOTHING, Frontend, Frontends, of_gateway
from translator.attach.grants import by_namespace
from translator.ir import Refusal
from translator.value import Key, Ref

EDGE = Key("shop", "edge")
CA, THEIRS = Ref("ConfigMap", "shop", "ca"), Ref("ConfigMap", "vault", "ca")
WHERE = "tls.frontend of Gateway shop/edge: "
GONE = Refusal("InvalidCACertificateRef", f"{WHERE}ConfigMap shop/gone does not exist")
BUNDLES: dict[Ref, Bundle | Refusal] = {
    CA: Bundle(b"pem"),
    THEIRS: Bundle(b"pem"),
    Ref("ConfigMap", "shop", "gone"): Refusal("InvalidCACertificateRef", "ConfigMap shop/gone does not exist"),
    Ref("ClusterTrustBundle", "", "internal"): Bundle(b"pem"),
}
HTTP, HTTPS, TLS = Listener("http", 443, "HTTP"), Listener("https", 443, "HTTPS"), Listener("tls", 443, "TLS")


def validation(*names: str, **fields: Any) -> dict[str, Any]:
    """A `validation` by ConfigMaps, `name` or `namespace/name`."""
    refs = []
    for it in names:
        namespace, _, name = it.rpartition("/")
        refs.append({"group": "", "kind": "ConfigMap", "name": name} | ({"namespace": namespace} if namespace else {}))
    return {"validation": {"caCertificateRefs": refs, **fields}}


def frontends(default: dict[str, Any], *ports: tuple[int, dict[str, Any]], **granted: Any) -> Frontends:
    tls = {"frontend": {"default": default, "perPort": [{"port": port, "tls": config} for port, config in ports]}}
    found = of_gateway(EDGE, gateway(tls=tls), BUNDLES, granted)
    assert found is not None
    return found


def test_a_gateway_that_does_not_speak_of_clients_asks_for_nothing() -> None:
    assert of_gateway(EDGE, gateway(), BUNDLES, {}) is None


def test_https_listeners_ask_for_certificates_and_no_others_do() -> None:
    found = frontends(validation("ca"))
    assert found.of(HTTPS) == Frontend(ir.ClientValidation((CA,), required=True))
    assert found.of(HTTP) == found.of(TLS) == NOTHING


def test_a_port_of_its_own_replaces_the_default_even_with_nothing() -> None:
    found = frontends(validation("ca"), (8443, {}), (9443, validation("ca", mode="AllowInsecureFallback")))
    assert found.of(Listener("open", 8443, "HTTPS")) == NOTHING
    lenient = Frontend(ir.ClientValidation((CA,), required=False))
    assert found.of(Listener("lenient", 9443, "HTTPS")) == lenient


def test_where_anybody_is_let_in_is_said() -> None:
    fallback = validation("ca", mode="AllowInsecureFallback")
    assert frontends(validation("ca")).insecure == ""
    found = frontends(fallback, (8443, fallback), (9443, validation("ca")))
    assert found.insecure == "clients are let in without a valid certificate: by default, port 8443"


def test_of_several_references_the_good_ones_count() -> None:
    assert frontends(validation("gone", "ca")).of(HTTPS) == Frontend(
        ir.ClientValidation((CA,), required=True), (), (GONE,)
    )


def test_without_one_good_reference_nobody_is_let_in() -> None:
    found = frontends(validation("gone", mode="AllowInsecureFallback")).of(HTTPS)
    assert found == Frontend(None, (Refusal("NoValidCACertificate", GONE.message),), (GONE,))


def test_a_reference_to_an_unknown_kind_is_told_apart() -> None:
    found = frontends({"validation": {"caCertificateRefs": [{"group": "", "kind": "Service", "name": "ca"}]}}).of(HTTPS)
    words = f"{WHERE}caCertificateRef ca is of kind Service; name a ConfigMap, a Secret or a ClusterTrustBundle"
    assert found.unresolved == (Refusal("InvalidCACertificateKind", words),)
    assert found.refusals == (Refusal("NoValidCACertificate", words),)


def test_a_reference_across_namespaces_needs_a_grant() -> None:
    words = f"{WHERE}no ReferenceGrant in namespace vault permits Gateways of namespace shop to use ConfigMap vault/ca"
    found = frontends(validation("vault/ca")).of(HTTPS)
    assert found.unresolved == (Refusal("RefNotPermitted", words),)
    assert found.validation is None
    [(namespace, name, spec)] = by_namespace(
        Key("vault", "grant"),
        grant(
            namespace="vault",
            from_=({"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"},),
            to=({"group": "", "kind": "ConfigMap"},),
        ),
    )
    permitted = frontends(validation("vault/ca"), **{namespace: ((name, spec),)}).of(HTTPS)
    assert permitted == Frontend(ir.ClientValidation((THEIRS,), required=True))


def test_a_cluster_trust_bundle_needs_no_grant() -> None:
    ref = {"group": "certificates.k8s.io", "kind": "ClusterTrustBundle", "name": "internal"}
    found = frontends({"validation": {"caCertificateRefs": [ref]}}).of(HTTPS)
    assert found == Frontend(ir.ClientValidation((Ref("ClusterTrustBundle", "", "internal"),), required=True))
