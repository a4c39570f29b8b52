"""Status of GatewayClasses, Gateways, ListenerSets, policies and routes, in the specification's words."""

from typing import Any

from tests.attach.resolving import resolve
from tests.builders import gateway, gateway_class, https, listener, meta
from translator import ir
from translator.api.gateway import Gateway
from translator.api.routes import ParentReference
from translator.attach.certificates import Certificate
from translator.attach.classes import Owned, owned
from translator.attach.status import of_class, of_gateway, of_route
from translator.ir import Refusal
from translator.status import Condition, GatewayClassStatus, GatewayStatus, ListenerStatus
from translator.value import Key, Ref
from translator.xds.resource import Unserved

CONTROLLER = "gatehouse.dev/gateway-controller"
GATEHOUSE = Key("", "gatehouse")
OURS = {GATEHOUSE: Owned()}
EDGE = Key("shop", "edge")
HTTP_KINDS = (("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "GRPCRoute"))

Answer = tuple[bool | None, str]


def status(
    given: Gateway,
    counted: dict[ir.ListenerKey, int] | None = None,
    placement: ir.Placement | None = None,
    owned: dict[Key, Owned] | None = None,
    **lookups: Any,
) -> GatewayStatus:
    placements = {} if placement is None else {EDGE: placement}
    row = resolve([given], owned=owned or OURS, checked=lookups.get("checked"), placements=placements).gateways[EDGE]
    return of_gateway(
        EDGE,
        row,
        counted or {},
        lookups.get("attached", {}),
        placements,
        lookups.get("unserved", {}),
        lookups.get("blamed", {}),
        lookups.get("progress", {}),
        lookups.get("awaits_envoys", False),
    )


def answers(conditions: tuple[Condition, ...]) -> dict[str, Answer]:
    return {it.type: (it.status, it.reason) for it in conditions}


def messages(conditions: tuple[Condition, ...]) -> dict[str, str]:
    return {it.type: it.message for it in conditions}


# ---- GatewayClass ---------------------------------------------------------------------------------------------------


def class_status(**spec: Any) -> GatewayClassStatus | None:
    given = gateway_class(**spec)
    ours = owned(CONTROLLER, GATEHOUSE, given, {})
    return of_class(("Gateway", "HTTPRoute"), GATEHOUSE, given, {} if ours is None else {GATEHOUSE: ours})


def test_a_port_that_envoy_refuses_is_not_programmed() -> None:
    """What an Envoy says of a port stands at its listeners and at the Gateway, which stay Accepted."""
    said = status(
        gateway(listener("web"), listener("admin", 8080)), unserved={(EDGE, "tcp/80"): Unserved("address in use")}
    )
    words = "Envoy refuses port 80: address in use"
    web, admin = said.listeners
    programmed = {it.type: it for it in web.conditions}["Programmed"]
    assert (programmed.status, programmed.reason, programmed.message) == (False, "Invalid", words)
    assert answers(web.conditions)["Accepted"] == (True, "Accepted")
    assert answers(admin.conditions)["Programmed"] == (True, "Programmed")
    whole = {it.type: it for it in said.conditions}["Programmed"]
    assert (whole.status, whole.message) == (False, f"listener web: {words}")


def test_a_class_of_another_controller_is_left_alone() -> None:
    assert class_status(controller="example.com/other") is None


def test_a_class_of_ours_is_accepted_with_what_it_supports() -> None:
    assert class_status() == GatewayClassStatus(
        conditions=(
            Condition("Accepted", True, "Accepted", "Gateways of this class are served", 1),
            Condition("SupportedVersion", True, "SupportedVersion", "Gateway API v1.7 is supported", 1),
        ),
        supported_features=("Gateway", "HTTPRoute"),
    )


def test_a_class_with_parameters_is_refused() -> None:
    found = class_status(parametersRef={"group": "example.com", "kind": "Config", "name": "big"})
    assert found is not None
    assert found.conditions[0] == Condition(
        "Accepted",
        False,
        "InvalidParameters",
        "parametersRef of GatewayClass gatehouse names Config big of group example.com; "
        "use kind EnvoyParameters of group gatehouse.dev",
        1,
    )


# ---- Gateway --------------------------------------------------------------------------------------------------------


def test_a_good_gateway_says_so_of_itself_and_of_its_listener() -> None:
    key = ir.ListenerKey(Ref("Gateway", "shop", "edge"), "http")
    given = gateway(metadata=meta("edge", generation=7))
    assert status(given, {key: 3}, ir.Placement(addresses=(("IPAddress", "127.0.0.2"),))) == GatewayStatus(
        conditions=(
            Condition("Accepted", True, "Accepted", "the Gateway is valid", 7),
            Condition("Programmed", True, "Programmed", "the Envoys of the Gateway have its configuration", 7),
            Condition("ResolvedRefs", True, "ResolvedRefs", "all references resolve", 7),
        ),
        listeners=(
            ListenerStatus(
                name="http",
                supported_kinds=HTTP_KINDS,
                attached_routes=3,
                conditions=(
                    Condition("Accepted", True, "Accepted", "the listener is valid", 7),
                    Condition("Programmed", True, "Programmed", "the Envoys of the Gateway have its configuration", 7),
                    Condition("ResolvedRefs", True, "ResolvedRefs", "all references resolve", 7),
                    Condition("Conflicted", False, "NoConflicts", "the listener is distinct", 7),
                ),
            ),
        ),
        addresses=(("IPAddress", "127.0.0.2"),),
    )


def test_conditions_hold_plain_strings() -> None:
    """Writers of YAML and JSON know no others."""
    condition = status(gateway()).conditions[0]
    assert (type(condition.type), type(condition.reason)) == (str, str)


def test_a_gateway_with_no_accepted_listener_is_not_accepted() -> None:
    """Conformance: GatewayListenerUnsupportedProtocol."""
    found = status(gateway(listener("invalid", 1111, "INVALID")))
    assert answers(found.conditions) == {
        "Accepted": (False, "ListenersNotValid"),
        "Programmed": (False, "Invalid"),
        "ResolvedRefs": (True, "ResolvedRefs"),
    }
    assert found.listeners[0].supported_kinds == ()
    assert answers(found.listeners[0].conditions)["Accepted"] == (False, "UnsupportedProtocol")
    assert answers(found.listeners[0].conditions)["Programmed"] == (False, "Invalid")


def test_one_accepted_listener_is_enough_and_the_message_names_the_rest() -> None:
    found = status(gateway(listener("http"), listener("invalid", 1111, "INVALID")))
    assert found.conditions[0] == Condition(
        "Accepted",
        True,
        "ListenersNotValid",
        "listener invalid: protocol INVALID is not known; use one of HTTP, HTTPS, TLS, TCP, UDP; served: http",
        1,
    )
    assert answers(found.conditions)["Programmed"] == (True, "Programmed")


def test_conflicted_listeners_say_so_in_three_conditions() -> None:
    found = status(gateway(listener("a"), listener("b"), listener("c", 8080)))
    conflicted = {
        "Accepted": (False, "HostnameConflict"),
        "Programmed": (False, "HostnameConflict"),
        "ResolvedRefs": (True, "ResolvedRefs"),
        "Conflicted": (True, "HostnameConflict"),
    }
    assert [answers(it.conditions) for it in found.listeners[:2]] == [conflicted, conflicted]
    assert answers(found.listeners[2].conditions)["Programmed"] == (True, "Programmed")
    assert answers(found.conditions)["Accepted"] == (True, "ListenersNotValid")


def test_a_listener_without_a_certificate_is_accepted_but_not_programmed() -> None:
    """Conformance: GatewayInvalidTLSConfiguration, GatewayWithAttachedRoutes."""
    missing: dict[Key, Certificate | Refusal] = {
        Key("shop", "gone"): Refusal("InvalidCertificateRef", "Secret shop/gone does not exist")
    }
    found = status(gateway(https("tls", "gone")), checked=missing)
    assert answers(found.listeners[0].conditions) == {
        "Accepted": (True, "Accepted"),
        "Programmed": (False, "Invalid"),
        "ResolvedRefs": (False, "InvalidCertificateRef"),
        "Conflicted": (False, "NoConflicts"),
    }
    assert found.listeners[0].supported_kinds == HTTP_KINDS
    assert answers(found.conditions) == {
        "Accepted": (True, "ListenersNotValid"),
        "Programmed": (False, "Invalid"),
        "ResolvedRefs": (False, "ListenersNotResolved"),
    }
    assert messages(found.conditions)["ResolvedRefs"] == "listener tls: Secret shop/gone does not exist"


def test_overlapping_hostnames_are_told_on_https_listeners_alone() -> None:
    good: dict[Key, Certificate | Refusal] = {Key("shop", "web"): Certificate(0)}
    given = gateway(https("a", "web", hostname="*.example.com"), https("b", "web", hostname="a.example.com"))
    found = status(given, checked=good)
    assert [answers(it.conditions)["OverlappingTLSConfig"] for it in found.listeners] == [
        (True, "OverlappingHostnames"),
        (True, "OverlappingHostnames"),
    ]
    assert "OverlappingTLSConfig" not in answers(status(gateway()).listeners[0].conditions)


def test_parameters_make_a_gateway_invalid_as_a_whole() -> None:
    reference = {"group": "example.com", "kind": "Config", "name": "big"}
    found = status(gateway(infrastructure={"parametersRef": reference}))
    assert answers(found.conditions)["Accepted"] == (False, "InvalidParameters")
    assert answers(found.conditions)["Programmed"] == (False, "Invalid")
    assert answers(found.listeners[0].conditions)["Programmed"] == (False, "Invalid")


def test_a_gateway_waits_for_a_class_that_is_not_accepted() -> None:
    refused = {GATEHOUSE: Owned(Refusal("InvalidParameters", "remove spec.parametersRef"))}
    found = status(gateway(), owned=refused)
    assert answers(found.conditions)["Accepted"] == (None, "Pending")
    assert answers(found.conditions)["Programmed"] == (None, "Pending")
    assert answers(found.listeners[0].conditions)["Programmed"] == (None, "Pending")


def test_a_default_gateway_says_that_it_is_one() -> None:
    """GEP-3793: a Gateway without a scope says nothing of it."""
    found = status(gateway(defaultScope="All"))
    assert answers(found.conditions)["DefaultGateway"] == (True, "DefaultGateway")
    for scope in ("", "None"):
        assert "DefaultGateway" not in answers(status(gateway(defaultScope=scope)).conditions)


# ---- addresses ------------------------------------------------------------------------------------------------------


def test_a_gateway_of_unknown_place_has_the_addresses_it_asks_for() -> None:
    found = status(gateway(addresses=[{"value": "192.0.2.1"}, {"type": "IPAddress"}]))
    assert found.addresses == (("IPAddress", "192.0.2.1"),)
    assert answers(found.conditions)["Programmed"] == (True, "Programmed")


def test_an_address_that_the_gateway_does_not_have_is_not_usable() -> None:
    found = status(
        gateway(addresses=[{"value": "192.0.2.1"}]), placement=ir.Placement(addresses=(("IPAddress", "127.0.0.2"),))
    )
    assert found.conditions[1] == Condition(
        "Programmed",
        False,
        "AddressNotUsable",
        "address 192.0.2.1 cannot be used: the Gateway is at 127.0.0.2; ask for that or for none",
        1,
    )
    assert found.addresses == (("IPAddress", "127.0.0.2"),)


def test_a_gateway_without_an_address_is_not_programmed() -> None:
    assert answers(status(gateway(), placement=ir.Placement()).conditions)["Programmed"] == (
        False,
        "AddressNotAssigned",
    )


# ---- routes ---------------------------------------------------------------------------------------------------------

ROUTE = Ref("HTTPRoute", "shop", "cart")
AGE = ir.Age("2024-01-01T00:00:00Z", "shop/cart", "HTTPRoute")
TO_EDGE, TO_OTHER = ParentReference(name="edge"), ParentReference(name="other", section_name="web")
A_RULE = ir.Route("httproute/shop/cart/rule/0/match/0", (), ir.Match(ir.Path("prefix", "/")), ir.Respond(500))
UNRESOLVED = Refusal("BackendNotFound", "Service shop/cart does not exist")
UNSUPPORTED = Refusal("UnsupportedValue", "rule 1: regex ( does not compile")


def route_status(rules: ir.Resolved, *bonds: ir.Bond) -> dict[ParentReference, tuple[Condition, ...]]:
    found = of_route(ROUTE, ir.Bound(4, AGE, bonds), {ROUTE: rules}, {}, {})
    assert found is not None
    return {it.parent_ref: it.conditions for it in found.parents}


def test_a_route_without_parents_of_ours_is_left_alone() -> None:
    assert of_route(ROUTE, ir.Bound(1, AGE, ()), {}, {}, {}) is None


def test_each_parent_gets_its_own_answer() -> None:
    elsewhere = Refusal("NoMatchingParent", "Gateway shop/other has no listener web")
    found = route_status(ir.Resolved((A_RULE,)), ir.Bond(TO_EDGE), ir.Bond(TO_OTHER, refusal=elsewhere))
    assert found == {
        TO_EDGE: (
            Condition("Accepted", True, "Accepted", "the route is accepted", 4),
            Condition("ResolvedRefs", True, "ResolvedRefs", "all references resolve", 4),
        ),
        TO_OTHER: (
            Condition("Accepted", False, "NoMatchingParent", "Gateway shop/other has no listener web", 4),
            Condition("ResolvedRefs", True, "ResolvedRefs", "all references resolve", 4),
        ),
    }


def test_a_route_that_nobody_accepts_still_reports_its_references() -> None:
    refused = ir.Bond(TO_EDGE, refusal=Refusal("NotAllowedByListeners", "no"))
    found = route_status(ir.Resolved((A_RULE,), refusals=(UNRESOLVED, UNRESOLVED)), refused)
    assert found[TO_EDGE][1] == Condition(
        "ResolvedRefs", False, "BackendNotFound", "Service shop/cart does not exist", 4
    )


def test_a_route_whose_rules_are_all_invalid_is_not_accepted() -> None:
    found = route_status(ir.Resolved((A_RULE,), invalid=(UNSUPPORTED,), valid=False), ir.Bond(TO_EDGE))
    assert answers(found[TO_EDGE]) == {
        "Accepted": (False, "UnsupportedValue"),
        "ResolvedRefs": (True, "ResolvedRefs"),
    }


def test_a_route_with_some_invalid_rules_says_which_were_dropped() -> None:
    found = route_status(ir.Resolved((A_RULE,), invalid=(UNSUPPORTED,)), ir.Bond(TO_EDGE))
    assert found[TO_EDGE][0].status is True
    assert found[TO_EDGE][2] == Condition(
        "PartiallyInvalid", True, "UnsupportedValue", "Dropped Rule: rule 1: regex ( does not compile", 4
    )


def test_partially_invalid_is_not_said_of_a_route_that_is_not_accepted() -> None:
    refused = ir.Bond(TO_EDGE, refusal=Refusal("NotAllowedByListeners", "no"))
    found = route_status(ir.Resolved((A_RULE,), invalid=(UNSUPPORTED,)), refused)
    assert list(answers(found[TO_EDGE])) == ["Accepted", "ResolvedRefs"]
