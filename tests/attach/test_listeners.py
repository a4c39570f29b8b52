"""Gateway listeners (apis/v1/gateway_types.go): protocols, conflicts, route kinds, certificates, what is refused."""

from typing import Any

from tests.attach.resolving import CLASS, resolve
from tests.builders import gateway, grant, https, listener
from translator import ir
from translator.api.gateway import FromNamespaces, Gateway
from translator.attach.certificates import Certificate
from translator.attach.classes import Owned
from translator.attach.conditions import Reason
from translator.attach.listeners import GatewayListeners, ListenerReport, parent_of_kind
from translator.ir import Refusal
from translator.value import Key, Ref

EDGE = Key("shop", "edge")
GOOD = Certificate(not_after=2_000_000_000)
BAD = Refusal(Reason.INVALID_CERTIFICATE_REF, "Secret shop/bad does not exist")


def resolved(given: Gateway, **lookups: Any) -> GatewayListeners:
    return resolve([given], **lookups).gateways[EDGE]


def reports(given: Gateway, **lookups: Any) -> dict[str, ListenerReport]:
    return {report.name: report for report in resolved(given, **lookups).reports}


def reasons(refusals: tuple[Refusal, ...]) -> list[str]:
    return [refusal.reason for refusal in refusals]


def serves(report: ListenerReport) -> bool:
    return report.listener is not None and report.listener.serves


# ---- what a listener becomes ----------------------------------------------------------------------------------------


def test_a_gateway_of_another_class_is_none_of_ours() -> None:
    assert resolve([gateway()], owned={}).gateways == {}


def test_an_http_listener_shares_the_route_table_of_its_port() -> None:
    report = reports(gateway(listener("web", 8080, hostname="Shop.Example.com")))["web"]
    assert report.listener == ir.Listener(
        key=ir.ListenerKey(Ref("Gateway", "shop", "edge"), "web"),
        gateway=EDGE,
        port=8080,
        protocol="HTTP",
        hostname="shop.example.com",
        kinds=("HTTPRoute", "GRPCRoute"),
        namespaces=FromNamespaces("Same"),
        table="http/8080/0",
    )
    assert report.supported_kinds == ("HTTPRoute", "GRPCRoute")


def test_an_https_listener_has_a_route_table_of_its_own_and_serves_its_certificates() -> None:
    report = reports(gateway(https("secure", "web-tls")), checked={Key("shop", "web-tls"): GOOD})["secure"]
    assert report.listener is not None
    assert report.listener.table == "https/443/secure/0"
    assert report.listener.certificates == (Key("shop", "web-tls"),)
    assert report.listener.hostname == "*"
    assert serves(report)


def test_a_change_of_generation_changes_nothing_that_routes_read() -> None:
    before = resolved(gateway(metadata={"name": "edge", "namespace": "shop", "generation": 1}))
    after = resolved(gateway(metadata={"name": "edge", "namespace": "shop", "generation": 2}))
    assert before != after
    assert list(parent_of_kind("Gateway", EDGE, before)) == list(parent_of_kind("Gateway", EDGE, after))


# ---- protocols ------------------------------------------------------------------------------------------------------


def test_every_protocol_of_the_specification_supports_kinds_of_its_own() -> None:
    found = reports(
        gateway(
            listener("tls", 8443, "TLS", tls={"mode": "Passthrough"}),
            listener("tcp", 9000, "TCP"),
            listener("udp", 53, "UDP"),
        )
    )
    assert {name: report.supported_kinds for name, report in found.items()} == {
        "tls": ("TLSRoute",),
        "tcp": ("TCPRoute",),
        "udp": ("UDPRoute",),
    }
    assert all(serves(report) for report in found.values())


def test_a_protocol_that_nobody_knows_becomes_no_listener() -> None:
    report = reports(gateway(listener("odd", 1111, "INVALID")))["odd"]
    assert report.listener is None
    assert reasons(report.refusals) == ["UnsupportedProtocol"]
    assert report.supported_kinds == ()


# ---- distinct listeners ---------------------------------------------------------------------------------------------


def test_http_and_https_on_one_port_conflict_and_neither_wins() -> None:
    found = reports(gateway(listener("plain", 443), https("secure", "web-tls")), checked={Key("shop", "web-tls"): GOOD})
    assert found["plain"].conflict == Refusal(
        Reason.PROTOCOL_CONFLICT,
        "port 443 speaks HTTP here but HTTPS for listener secure; give each protocol a port of its own",
    )
    assert found["secure"].conflict is not None
    assert not serves(found["plain"])
    assert not serves(found["secure"])


def test_the_same_hostname_twice_on_one_port_conflicts_and_spares_the_others() -> None:
    found = reports(
        gateway(
            listener("one", hostname="a.example.com"),
            listener("two", hostname="A.example.com"),
            listener("three", hostname="b.example.com"),
        )
    )
    assert [name for name, report in found.items() if report.conflict] == ["one", "two"]
    assert found["one"].conflict is not None
    assert found["one"].conflict.reason == "HostnameConflict"
    assert serves(found["three"])


def test_the_same_hostname_on_two_ports_is_distinct() -> None:
    found = reports(gateway(listener("one", 80), listener("two", 8080)))
    assert [report.conflict for report in found.values()] == [None, None]


def test_tcp_shares_its_port_with_nobody_and_udp_has_ports_of_its_own() -> None:
    found = reports(gateway(listener("web", 80), listener("raw", 80, "TCP"), listener("dns", 80, "UDP")))
    assert {name: report.conflict and report.conflict.reason for name, report in found.items()} == {
        "web": "ProtocolConflict",
        "raw": "ProtocolConflict",
        "dns": None,
    }


def test_https_listeners_whose_hostnames_overlap_are_told() -> None:
    """The example of the OverlappingTLSConfig condition: A and C overlap, B does not."""
    found = reports(
        gateway(
            https("a", "web-tls", hostname="foo.example.com"),
            https("b", "web-tls", hostname="foo.example.org"),
            https("c", "web-tls", hostname="*.example.com"),
            listener("d", 80, hostname="*.example.com"),
        )
    )
    assert {name: report.overlap.reason for name, report in found.items() if report.overlap} == {
        "a": "OverlappingHostnames",
        "c": "OverlappingHostnames",
    }


def test_a_wildcard_does_not_overlap_with_its_own_domain() -> None:
    found = reports(
        gateway(https("a", "web-tls", hostname="example.com"), https("b", "web-tls", hostname="*.example.com"))
    )
    assert [report.overlap for report in found.values()] == [None, None]


def test_a_port_moved_onto_one_that_is_taken_is_unavailable() -> None:
    placements = {EDGE: ir.Placement(bind="127.0.0.2", port_offset=10000)}
    found = reports(gateway(listener("low", 80), listener("high", 10080)), placements=placements)
    assert found["low"].refusals == (
        Refusal(
            Reason.PORT_UNAVAILABLE,
            "port 80 is bound at 10080, which another listener has for its port 10080; "
            "give one of them another port, or choose another port offset",
        ),
    )
    assert not serves(found["low"])
    assert serves(found["high"])


# ---- route kinds ----------------------------------------------------------------------------------------------------


def test_kinds_narrow_what_a_listener_admits() -> None:
    report = reports(gateway(listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]})))["http"]
    assert report.supported_kinds == ("GRPCRoute",)
    assert report.unresolved == ()


def test_an_invalid_kind_is_named_and_the_valid_ones_stay() -> None:
    """Conformance: GatewayInvalidRouteKind."""
    kinds = [{"group": "example.com", "kind": "HTTPRoute"}, {"kind": "TCPRoute"}, {"kind": "HTTPRoute"}]
    report = reports(gateway(listener(allowedRoutes={"kinds": kinds})))["http"]
    assert report.supported_kinds == ("HTTPRoute",)
    assert report.unresolved == (
        Refusal(
            Reason.INVALID_ROUTE_KINDS,
            "allowedRoutes.kinds of listener http names example.com/HTTPRoute, gateway.networking.k8s.io/TCPRoute, "
            "but HTTP listeners support HTTPRoute, GRPCRoute",
        ),
    )
    assert serves(report)


def test_only_invalid_kinds_leave_none() -> None:
    report = reports(gateway(listener(allowedRoutes={"kinds": [{"kind": "InvalidRoute"}]})))["http"]
    assert report.supported_kinds == ()
    assert reasons(report.unresolved) == ["InvalidRouteKinds"]


# ---- certificate references -----------------------------------------------------------------------------------------


def test_a_listener_without_a_usable_certificate_keeps_its_routes_and_serves_nothing() -> None:
    """Conformance: GatewayWithAttachedRoutes, unresolved Gateway."""
    report = reports(gateway(https("secure", "bad")), checked={Key("shop", "bad"): BAD})["secure"]
    assert report.unresolved == (BAD,)
    assert report.accepted
    assert report.listener is not None
    assert report.listener.kinds == ("HTTPRoute", "GRPCRoute")
    assert not report.listener.serves


def test_of_several_certificates_the_good_ones_are_served() -> None:
    checked = {Key("shop", "good"): GOOD, Key("shop", "bad"): BAD}
    report = reports(gateway(https("secure", "good", "bad", "good")), checked=checked)["secure"]
    assert report.listener is not None
    assert report.listener.certificates == (Key("shop", "good"),)
    assert report.unresolved == (BAD,)
    assert serves(report)


def test_https_without_certificate_refs_is_told_to_name_one() -> None:
    report = reports(gateway(listener("secure", 443, "HTTPS")))["secure"]
    assert report.unresolved == (
        Refusal(
            Reason.INVALID_CERTIFICATE_REF,
            "listener secure terminates TLS without a certificate; name a Secret in tls.certificateRefs",
        ),
    )
    assert not serves(report)


def test_only_core_secrets_are_certificates() -> None:
    refs = [{"group": "example.com", "kind": "Secret", "name": "web-tls"}, {"kind": "ConfigMap", "name": "web-tls"}]
    given = gateway(listener("secure", 443, "HTTPS", tls={"certificateRefs": refs}))
    report = reports(given, checked={Key("shop", "web-tls"): GOOD})["secure"]
    assert reasons(report.unresolved) == ["InvalidCertificateRef", "InvalidCertificateRef"]
    assert not serves(report)


def test_a_secret_in_another_namespace_needs_a_grant_and_is_not_spoken_of() -> None:
    """Without a grant the answer is the same whether the Secret exists, is malformed or is missing."""
    given = gateway(https("secure", "vault/web-tls"))
    refusal = Refusal(
        Reason.REF_NOT_PERMITTED,
        "no ReferenceGrant in namespace vault permits Gateways of namespace shop to use Secret vault/web-tls",
    )
    for checked in ({}, {Key("vault", "web-tls"): GOOD}, {Key("vault", "web-tls"): BAD}):
        report = reports(given, checked=checked)["secure"]
        assert report.unresolved == (refusal,)
        assert not serves(report)


def test_a_grant_for_gateways_permits_a_secret_of_another_namespace() -> None:
    given = grant(
        namespace="vault",
        from_=({"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"},),
        to=({"group": "", "kind": "Secret"},),
    )
    report = reports(
        gateway(https("secure", "vault/web-tls")),
        checked={Key("vault", "web-tls"): GOOD},
        granted={"vault": (("grant", given.spec),)},
    )["secure"]
    assert report.unresolved == ()
    assert serves(report)


# ---- what is not supported ------------------------------------------------------------------------------------------


def test_parameters_of_an_unknown_kind_are_refused_and_nothing_of_the_gateway_is_served() -> None:
    reference = {"group": "invalid.io", "kind": "InvalidParameters", "name": "invalid"}
    found = resolved(gateway(infrastructure={"parametersRef": reference}))
    assert found.refusal == Refusal(
        Reason.INVALID_PARAMETERS,
        "parametersRef of Gateway shop/edge names InvalidParameters invalid of group invalid.io; "
        "use kind EnvoyParameters of group gatehouse.dev",
    )
    assert not serves(found.reports[0])


def test_addresses_of_other_types_are_refused() -> None:
    found = resolved(gateway(addresses=[{"type": "example.com/fake", "value": "x"}, {"value": "127.0.0.9"}]))
    assert found.refusal is not None
    assert found.refusal.reason == "UnsupportedAddress"
    assert found.requested == ("127.0.0.9",)


def test_gateways_of_a_refused_class_wait_for_it() -> None:
    found = resolved(gateway(), owned={CLASS: Owned(Refusal(Reason.INVALID_PARAMETERS, "remove spec.parametersRef"))})
    assert found.refusal == Refusal(Reason.PENDING, "GatewayClass gatehouse is not accepted: remove spec.parametersRef")
    assert not serves(found.reports[0])


def test_tls_options_and_listener_filters_are_not_ignored() -> None:
    tls = {"certificateRefs": [{"name": "web-tls"}], "options": {"example.com/min-version": "1.3"}}
    filters = {"requests": [{"type": "ExtensionRef"}]}
    found = reports(gateway(listener("a", 443, "HTTPS", tls=tls), listener("b", filters=filters)))
    assert found["a"].refusals == (
        Refusal(Reason.UNSUPPORTED_VALUE, "tls.options example.com/min-version are not supported; remove them"),
    )
    assert found["b"].refusals == (
        Refusal(Reason.UNSUPPORTED_VALUE, "filters.requests[0]: filter ExtensionRef is not supported"),
    )
