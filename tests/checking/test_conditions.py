"""Conditions that are not as they should be: each trouble once, at the field at fault."""

from datetime import UTC, datetime, timedelta

from tests import builders
from tests.attach.issuing import certificate, ec_key, key_pem
from tests.checking.judged import CLASS, NOW, errors, judged, to, warnings
from translator.api.core import Secret, ServiceImport
from translator.api.experimental import XBackend, XBackendTrafficPolicy
from translator.api.gateway import ListenerSet
from translator.api.routes import HTTPRoute
from xds_server.files import Severity

EDGE = builders.gateway()
CART = builders.service()


def test_nothing_is_said_of_what_is_as_it_should_be() -> None:
    assert judged(CLASS, EDGE, CART, builders.http_route({"backendRefs": [to()]})) == []


def test_a_fault_is_told_once_and_not_for_each_parent() -> None:
    edge = builders.gateway(builders.listener("a", 80), builders.listener("b", 81))
    parents = ({"name": "edge", "sectionName": "a"}, {"name": "edge", "sectionName": "b"})
    route = builders.http_route({"backendRefs": [to(port=1)]}, parents=parents)
    assert errors(CLASS, edge, CART, route) == [
        ("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "BackendNotFound")
    ]


def test_what_is_wrong_with_a_service_import_is_told_at_its_reference() -> None:
    cart = builders.build(builders.meta("cart"), {"ports": [{"port": 8080}]}, ServiceImport)
    group, kind = "multicluster.x-k8s.io", "ServiceImport"
    refs = [to(group=group, kind=kind), to(port=1, group=group, kind=kind)]
    route = builders.http_route({"backendRefs": refs})
    assert errors(CLASS, EDGE, cart, route) == [
        ("HTTPRoute shop/route", "spec.rules[0].backendRefs[1]", "BackendNotFound")
    ]


def test_a_parent_that_refuses_is_told_at_its_reference() -> None:
    parents = ({"name": "edge", "sectionName": "http"}, {"name": "edge", "sectionName": "none"})
    route = builders.http_route({"backendRefs": [to()]}, parents=parents)
    assert errors(CLASS, EDGE, CART, route) == [("HTTPRoute shop/route", "spec.parentRefs[1]", "NoMatchingParent")]


def test_a_default_gateway_that_refuses_is_told_at_what_asks_for_it() -> None:
    edge = builders.gateway(defaultScope="All")
    spec = {"useDefaultGateways": "All", "rules": [{"backendRefs": [to(namespace="shop")]}]}
    route = builders.build(builders.meta("route", "elsewhere"), spec, HTTPRoute)
    found = errors(CLASS, edge, CART, route)
    assert ("HTTPRoute elsewhere/route", "spec.useDefaultGateways", "NotAllowedByListeners") in found


def test_hostnames_that_no_listener_has_are_told_at_the_hostnames() -> None:
    edge = builders.gateway(builders.listener(hostname="a.example.com"))
    route = builders.http_route({"backendRefs": [to()]}, hostnames=("b.example.com",))
    assert errors(CLASS, edge, CART, route) == [
        ("HTTPRoute shop/route", "spec.hostnames", "NoMatchingListenerHostname")
    ]


def test_a_rule_is_told_at_the_match_that_is_refused() -> None:
    bad = {"path": {"type": "RegularExpression", "value": "("}}
    good = {"backendRefs": [to()]}
    route = builders.http_route(good, {"name": "second", "matches": [{}, bad], "backendRefs": [to()]})
    assert errors(CLASS, EDGE, CART, route) == [
        ("HTTPRoute shop/route", "spec.rules[1].matches[1]", "UnsupportedValue")
    ]


def test_a_filter_of_an_unknown_kind_is_told_once() -> None:
    extension = {"type": "ExtensionRef", "extensionRef": {"group": "a.b", "kind": "C", "name": "d"}}
    route = builders.http_route({"filters": [extension], "backendRefs": [to()]}, {"backendRefs": [to()]})
    assert errors(CLASS, EDGE, CART, route) == [("HTTPRoute shop/route", "spec.rules[0].filters[0]", "InvalidKind")]


def test_the_filter_that_a_backend_may_not_have_is_told_at_the_rule() -> None:
    auth = {"protocol": "HTTP", "backendRef": {"name": "cart", "port": 8080}}
    route = builders.http_route({"backendRefs": [to(filters=[{"type": "ExternalAuth", "externalAuth": auth}])]})
    assert errors(CLASS, EDGE, CART, route) == [("HTTPRoute shop/route", "spec.rules[0]", "UnsupportedValue")]


def test_both_of_two_conflicting_listeners_are_told_and_the_gateway_is_not() -> None:
    edge = builders.gateway(builders.listener("a"), builders.listener("b"))
    assert errors(CLASS, edge) == [
        ("Gateway shop/edge", "spec.listeners[0].hostname", "HostnameConflict"),
        ("Gateway shop/edge", "spec.listeners[1].hostname", "HostnameConflict"),
    ]


def test_every_listener_with_a_fault_of_its_own_is_told() -> None:
    edge = builders.gateway(builders.listener("a", 90, "SCTP"), builders.listener("b", 91, "SCTP"))
    assert errors(CLASS, edge) == [
        ("Gateway shop/edge", "spec.listeners[0].protocol", "UnsupportedProtocol"),
        ("Gateway shop/edge", "spec.listeners[1].protocol", "UnsupportedProtocol"),
    ]


def test_a_certificate_that_cannot_be_served_is_told_at_its_reference() -> None:
    edge = builders.gateway(builders.https("https", "good", "empty"))
    assert errors(CLASS, edge, _secret("good", NOW + timedelta(days=365)), builders.secret("empty", {})) == [
        ("Gateway shop/edge", "spec.listeners[0].tls.certificateRefs[1]", "InvalidCertificateRef")
    ]


def test_a_class_that_is_refused_is_told_and_its_gateways_are_not() -> None:
    parameters = {"group": "a.b", "kind": "C", "name": "d"}
    assert errors(builders.gateway_class(parametersRef=parameters), EDGE) == [
        ("GatewayClass gatehouse", "spec.parametersRef", "InvalidParameters")
    ]


def test_overlapping_hostnames_are_a_warning_for_both_listeners_serve() -> None:
    wildcard = builders.https("a", "good", hostname="*.example.com")
    edge = builders.gateway(wildcard, builders.https("b", "good", hostname="b.example.com"))
    world = (CLASS, edge, _secret("good", NOW + timedelta(days=365)))
    assert errors(*world) == []
    assert [reason for _, _, reason in warnings(*world)] == ["OverlappingHostnames", "OverlappingHostnames"]


def test_a_namespace_without_known_labels_is_told_beside_the_selector_that_refuses_it() -> None:
    chosen = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"access": "yes"}}}}
    edge = builders.gateway(builders.listener(allowedRoutes=chosen))
    (trouble,) = judged(CLASS, edge, CART, builders.http_route({"backendRefs": [to()]}))
    assert trouble.reason == "NotAllowedByListeners"
    assert "Namespace shop is not among the files" in trouble.message


def test_a_listener_set_is_told_at_its_parent() -> None:
    edge = builders.gateway(allowedListeners={"namespaces": {"from": "Same"}})
    spec = {"parentRef": {"name": "edge", "namespace": "shop"}, "listeners": [builders.listener("more", 81)]}
    extra = builders.build(builders.meta("extra", "elsewhere"), spec, ListenerSet)
    assert [(field, reason) for _, field, reason in errors(CLASS, edge, extra)] == [("spec.parentRef", "NotAllowed")]


def test_a_conflict_of_a_listener_set_is_told_at_its_listener() -> None:
    edge = builders.gateway(allowedListeners={"namespaces": {"from": "Same"}})
    spec = {"parentRef": {"name": "edge"}, "listeners": [builders.listener("same"), builders.listener("more", 81)]}
    extra = builders.build(builders.meta("extra"), spec, ListenerSet)
    assert [(field, reason) for _, field, reason in errors(CLASS, edge, extra)] == [
        ("spec.listeners[0].hostname", "HostnameConflict")
    ]


def test_a_certificate_that_expired_or_soon_will_is_a_warning() -> None:
    edge = builders.gateway(builders.https("https", "old", "soon", "good"))
    ends = {"old": NOW - timedelta(days=1), "soon": NOW + timedelta(days=29), "good": NOW + timedelta(days=31)}
    secrets = [_secret(name, end) for name, end in ends.items()]
    found = {str(it.ref): (it.field, it.reason, it.severity) for it in judged(CLASS, edge, *secrets)}
    assert found == {
        "Secret shop/old": ("data[tls.crt]", "CertificateExpired", Severity.WARNING),
        "Secret shop/soon": ("data[tls.crt]", "CertificateExpiresSoon", Severity.WARNING),
    }


def _secret(name: str, until: datetime) -> Secret:
    key = ec_key()
    pems = {"tls.crt": certificate(key, until=until.astimezone(UTC)), "tls.key": key_pem(key)}
    return builders.secret(name, pems)


XBACKEND = {"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": "pay"}
OUTSIDE = {"type": "ExternalHostname", "port": {"number": 443}, "externalHostname": {"hostname": "pay.example.com"}}


def test_an_xbackend_is_a_backend_like_another() -> None:
    route = builders.http_route({"backendRefs": [XBACKEND]})
    good = builders.build(builders.meta("pay"), OUTSIDE, XBackend)
    assert judged(CLASS, EDGE, route, good) == []
    assert warnings(CLASS, EDGE, route) == [("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "NotFound")]
    assert errors(CLASS, EDGE, route) == []
    tcp = builders.build(builders.meta("pay"), {**OUTSIDE, "protocol": "TCP"}, XBackend)
    assert errors(CLASS, EDGE, route, tcp) == [
        ("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "UnsupportedProtocol")
    ]


def test_what_an_xbackend_or_a_policy_asks_in_vain_is_told_of_it() -> None:
    session = {"absoluteTimeout": "1h"}
    backend = builders.build(builders.meta("pay"), {**OUTSIDE, "sessionPersistence": session}, XBackend)
    route = builders.http_route({"backendRefs": [XBACKEND, to()]})
    assert errors(CLASS, EDGE, CART, route, backend) == [
        ("XBackend shop/pay", "spec", "UnsupportedValue"),
        ("HTTPRoute shop/route", "spec.rules[0].backendRefs[0]", "BackendNotFound"),
    ]
    spec = {"targetRefs": [{"group": "", "kind": "Service", "name": "cart"}], "sessionPersistence": session}
    policy = builders.build(builders.meta("limits"), spec, XBackendTrafficPolicy)
    plain = builders.http_route({"backendRefs": [to()]})
    assert errors(CLASS, EDGE, CART, plain, policy) == [
        ("XBackendTrafficPolicy shop/limits", "spec", "UnsupportedValue")
    ]
    assert warnings(CLASS, policy) == [("XBackendTrafficPolicy shop/limits", "spec.targetRefs[0]", "NotFound")]


def test_services_that_authorize_are_references() -> None:
    auth = {"type": "ExternalAuth", "externalAuth": {"protocol": "HTTP", "backendRef": to("auth")}}
    route = builders.http_route({"filters": [auth], "backendRefs": [to()]})
    field = "spec.rules[0].filters[0].externalAuth.backendRef"
    assert warnings(CLASS, EDGE, CART, route) == [("HTTPRoute shop/route", field, "NotFound")]
    edge = builders.gateway(builders.listener(filters={"requests": [auth]}))
    field = "spec.listeners[0].filters.requests[0].externalAuth.backendRef"
    assert warnings(CLASS, edge) == [("Gateway shop/edge", field, "NotFound")]
    assert errors(CLASS, edge, builders.service("auth", 1)) == [
        ("Gateway shop/edge", "spec.listeners[0].filters", "InvalidListenerFilterRef")
    ]
