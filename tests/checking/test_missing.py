"""What the files refer to and lack: said once, as a warning, and then taken to be as it should be."""

from tests import builders
from tests.checking.judged import CLASS, errors, judged, to, warnings
from translator.value import Ref

EDGE = builders.gateway()
CART = builders.service()


def test_a_missing_class_is_a_warning_and_the_gateway_is_judged_as_ours() -> None:
    edge = builders.gateway(builders.listener("sctp", 90, "SCTP"))
    assert warnings(edge) == [("Gateway shop/edge", "spec.gatewayClassName", "NotFound")]
    assert errors(edge) == [("Gateway shop/edge", "spec.listeners[0].protocol", "UnsupportedProtocol")]


def test_a_missing_parent_is_a_warning_and_the_references_are_judged() -> None:
    route = builders.http_route({"backendRefs": [to(), to(port=9090)]}, parents=({"name": "gone", "sectionName": "x"},))
    assert warnings(CLASS, route, CART) == [("HTTPRoute shop/route", "spec.parentRefs[0]", "NotFound")]
    assert errors(CLASS, route, CART) == [("HTTPRoute shop/route", "spec.rules[0].backendRefs[1]", "BackendNotFound")]


def test_a_missing_parent_is_not_blamed_for_what_it_might_not_admit() -> None:
    http = builders.http_route({"backendRefs": [to()]}, hostnames=("a.example.com",), parents=({"name": "gone"},))
    grpc = builders.grpc_route({"backendRefs": [to()]}, hostnames=("a.example.com",), parents=({"name": "gone"},))
    assert errors(CLASS, http, grpc, CART) == []


def test_a_missing_service_is_a_warning_and_not_a_backend_that_is_not_found() -> None:
    route = builders.http_route({"backendRefs": [to()]})
    assert warnings(CLASS, EDGE, route) == [("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "NotFound")]
    assert errors(CLASS, EDGE, route) == []


def test_the_service_that_a_mirror_names_may_be_missing_too() -> None:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": to("copy")}}
    route = builders.grpc_route({"backendRefs": [to(filters=[mirror])]})
    field = "spec.rules[0].backendRefs[0].filters[0].requestMirror.backendRef"
    assert warnings(CLASS, EDGE, CART, route) == [("GRPCRoute shop/route", field, "NotFound")]


def test_a_missing_secret_is_a_warning_and_the_listener_is_taken_to_serve() -> None:
    edge = builders.gateway(builders.https("https", "cert"))
    field = "spec.listeners[0].tls.certificateRefs[0]"
    assert warnings(CLASS, edge) == [("Gateway shop/edge", field, "NotFound")]
    assert errors(CLASS, edge) == []


def test_a_listener_that_does_not_terminate_tls_lacks_no_secret() -> None:
    through = {"tls": {"mode": "Passthrough", "certificateRefs": [{"name": "cert"}]}}
    assert warnings(CLASS, builders.gateway({**builders.listener("tls", 443, "TLS"), **through})) == []


def test_strict_makes_what_is_missing_an_error() -> None:
    route = builders.http_route({"backendRefs": [to()]})
    assert errors(CLASS, EDGE, route, strict=True) == [
        ("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "NotFound")
    ]


def test_an_object_that_many_name_is_missing_once() -> None:
    routes = [builders.http_route({"backendRefs": [to()]}, name=name) for name in "abc"]
    (trouble,) = judged(CLASS, EDGE, *routes)
    assert "Service shop/cart is not among the files (also named by 2 more references)" in trouble.message


def test_an_object_that_was_refused_is_not_missing() -> None:
    route = builders.http_route({"backendRefs": [to()]})
    assert judged(CLASS, EDGE, route, refused=(Ref("Service", "shop", "cart"),)) == []


def test_a_reference_without_a_grant_is_an_error_whether_its_target_is_there_or_not() -> None:
    route = builders.http_route({"backendRefs": [to(namespace="far")]})
    expected = [("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "RefNotPermitted")]
    assert errors(CLASS, EDGE, route) == expected
    assert errors(CLASS, EDGE, route, builders.service(namespace="far")) == expected
    assert warnings(CLASS, EDGE, route) == []


def test_a_permitted_reference_to_a_service_that_is_not_there_is_a_warning() -> None:
    route = builders.http_route({"backendRefs": [to(namespace="far")]})
    grant = builders.grant(
        namespace="far",
        from_=({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"},),
        to=({"group": "", "kind": "Service"},),
    )
    assert warnings(CLASS, EDGE, route, grant) == [("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "NotFound")]
    assert errors(CLASS, EDGE, route, grant) == []


def test_gateways_of_another_controller_are_left_alone_with_their_routes() -> None:
    theirs = builders.gateway_class(controller="example.com/other")
    edge = builders.gateway(builders.listener("sctp", 90, "SCTP"), builders.https("https", "cert"))
    assert judged(theirs, edge, builders.http_route({"backendRefs": [to()]})) == []


def test_missing_authorities_and_certificates_are_warnings_and_taken_to_be_good() -> None:
    clients = {"validation": {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "clients"}]}}
    tls = {"frontend": {"default": clients}, "backend": {"clientCertificateRef": {"name": "edge-client"}}}
    edge = builders.gateway(builders.https("https", "edge-tls"), tls=tls)
    bundle = {"group": "certificates.k8s.io", "kind": "ClusterTrustBundle", "name": "internal"}
    world = (CLASS, edge, builders.http_route({"backendRefs": [to()]}), CART)
    policy = builders.backend_tls_policy("cart", authorities=(bundle,))
    assert errors(*world, policy) == []
    assert warnings(*world, policy) == [
        ("Gateway shop/edge", "spec.listeners[0].tls.certificateRefs[0]", "NotFound"),
        ("Gateway shop/edge", "spec.tls.backend.clientCertificateRef", "NotFound"),
        ("Gateway shop/edge", "spec.tls.frontend.default.validation.caCertificateRefs[0]", "NotFound"),
        ("BackendTLSPolicy shop/verify", "spec.validation.caCertificateRefs[0]", "NotFound"),
    ]


def test_a_policy_that_cannot_be_followed_is_an_error() -> None:
    policy = builders.backend_tls_policy("cart", options={"minVersion": "1.3"})
    ca = builders.config_map("ca", "no certificate")
    found = errors(CLASS, EDGE, builders.http_route({"backendRefs": [to()]}), CART, policy, ca)
    assert {(who, reason) for who, _, reason in found} == {
        ("BackendTLSPolicy shop/verify", "Invalid"),
        ("BackendTLSPolicy shop/verify", "InvalidCACertificateRef"),
        ("HTTPRoute shop/route", "InvalidBackendTLS"),
    }
