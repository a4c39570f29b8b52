"""ListenerSets (apis/v1/listenerset_types.go, GEP-1713): which are attached, and who has a port and a hostname."""

from typing import Any

import pytest

from tests.attach.resolving import CLASS, Found, resolve
from tests.builders import gateway, grant, https, listener, listener_set, namespace
from translator import ir
from translator.api.gateway import Gateway, ListenerSet
from translator.attach.certificates import Certificate
from translator.attach.classes import Owned
from translator.attach.conditions import Reason
from translator.attach.listener_set_status import accepted, of_listener_set
from translator.attach.listeners import Listeners
from translator.attach.status import obstacle
from translator.ir import Refusal
from translator.value import Key, Ref

EDGE = Key("shop", "edge")
GOOD = Certificate(not_after=2_000_000_000)
ALL = {"namespaces": {"from": "All"}}

Answer = tuple[bool | None, str]


def edge(*listeners: dict[str, Any], **spec: Any) -> Gateway:
    return gateway(*listeners, **{"allowedListeners": ALL, **spec})


def conflicts(found: Found, name: str, home: str = "shop") -> dict[str, str | None]:
    reports = found.sets[Key(home, name)].reports
    return {it.name: None if it.conflict is None else it.conflict.reason for it in reports}


def status(found: Listeners, obstacles: dict[Key, Refusal] | None = None) -> tuple[Answer, Answer]:
    """Accepted and Programmed."""
    said = of_listener_set(Key("shop", "extra"), found, {}, obstacles or {}, {}, {}, {})
    by_type = {it.type: (it.status, it.reason) for it in said.conditions}
    return by_type["Accepted"], by_type["Programmed"]


# ---- attachment -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "home", "attached"),
    [
        (None, "shop", False),
        ({}, "shop", False),
        ({"namespaces": {"from": "None"}}, "shop", False),
        ({"namespaces": {"from": "Same"}}, "shop", True),
        ({"namespaces": {"from": "Same"}}, "team", False),
        ({"namespaces": {"from": "All"}}, "team", True),
        ({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "gold"}}}}, "team", True),
        ({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "tin"}}}}, "team", False),
    ],
)
def test_the_gateway_says_whose_listener_sets_are_attached(
    allowed: dict[str, Any] | None, home: str, attached: bool
) -> None:
    """Conformance: ListenerSetDefaultNotAllowed, ListenerSetAllowedNamespaceNone, -Same, -Selector."""
    found = resolve(
        [gateway(**({} if allowed is None else {"allowedListeners": allowed}))],
        [listener_set(listener("more", 81), namespace=home)],
        namespaces={Key("", "team"): namespace("team", tier="gold")},
    ).sets[Key(home, "extra")]
    good = ((True, "Accepted"), (True, "Programmed"))
    assert status(found) == (good if attached else ((False, "NotAllowed"), (False, "NotAllowed")))
    assert [it.name for it in found.reports] == (["more"] if attached else [])


def test_a_listener_set_of_a_gateway_that_is_not_ours_is_left_alone() -> None:
    for given, owned in ((edge(), {}), (edge(name="other"), None)):
        assert resolve([given], [listener_set(listener("more", 81))], owned=owned).sets == {}


def test_the_listeners_are_those_of_the_gateway_with_a_parent_of_their_own() -> None:
    found = resolve([edge()], [listener_set(listener("more", 81), namespace="team")])
    assert found.sets[Key("team", "extra")].listeners == (
        ir.Listener(
            key=ir.ListenerKey(Ref("ListenerSet", "team", "extra"), "more"),
            gateway=EDGE,
            port=81,
            protocol="HTTP",
            hostname="*",
            kinds=("HTTPRoute", "GRPCRoute"),
            namespaces=found.gateways[EDGE].listeners[0].namespaces,
            table="http/81/0",
        ),
    )


def test_a_name_may_be_used_by_everybody() -> None:
    found = resolve(
        [edge(listener("web"))], [listener_set(listener("web", 81)), listener_set(listener("web", 82), name="b")]
    )
    assert conflicts(found, "extra") == conflicts(found, "b") == {"web": None}


# ---- what the Gateway is --------------------------------------------------------------------------------------------


def test_nothing_of_a_gateway_that_is_refused_is_served() -> None:
    found = resolve([edge(addresses=[{"type": "example.com/x", "value": "y"}])], [listener_set(listener("more", 81))])
    one = found.sets[Key("shop", "extra")]
    assert one.served == ()
    assert status(one) == ((False, "ParentNotAccepted"), (False, "ParentNotProgrammed"))


def test_while_the_class_is_not_accepted_nothing_is_known() -> None:
    waiting = {CLASS: Owned(Refusal(Reason.INVALID_PARAMETERS, "no such parameters"))}
    found = resolve([edge()], [listener_set(listener("more", 81))], owned=waiting)
    assert status(found.sets[Key("shop", "extra")]) == ((None, "Pending"), (None, "Pending"))


def test_a_gateway_whose_own_listeners_are_all_wrong_serves_its_listener_sets() -> None:
    """A mistake in one listener is no reason to take a tenant down."""
    found = resolve([edge(listener("odd", 80, "example.com/odd"))], [listener_set(listener("more", 81))])
    assert found.gateways[EDGE].served == ()
    assert status(found.sets[Key("shop", "extra")]) == ((True, "Accepted"), (True, "Programmed"))


def test_what_keeps_all_of_a_gateway_from_being_programmed_keeps_its_listener_sets() -> None:
    found = resolve([edge()], [listener_set(listener("more", 81))])
    why = obstacle(EDGE, found.gateways[EDGE], {EDGE: ir.Placement()})
    assert why is not None
    assert why.reason == "AddressNotAssigned"
    told = status(found.sets[Key("shop", "extra")], {EDGE: why})
    assert told == ((True, "Accepted"), (False, "ParentNotProgrammed"))


# ---- conflicts ------------------------------------------------------------------------------------------------------


def test_the_gateway_comes_first() -> None:
    """Conformance: ListenerSetHostnameConflict, ListenerSetProtocolConflict."""
    given = edge(listener("web", hostname="a.example.com"), listener("admin", 8080))
    found = resolve(
        [given],
        [
            listener_set(
                listener("same", hostname="A.example.com"),
                listener("other", hostname="b.example.com"),
                listener("raw", 8080, "TCP"),
            )
        ],
    )
    assert [it.conflict for it in found.gateways[EDGE].reports] == [None, None]
    assert conflicts(found, "extra") == {"same": "HostnameConflict", "other": None, "raw": "ProtocolConflict"}
    one = found.sets[Key("shop", "extra")]
    assert one.served == ("other",)
    assert status(one) == ((True, "ListenersNotValid"), (True, "Programmed"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": "b", "created": "2026-01-01T00:00:00Z"}, {"name": "a", "created": "2026-01-02T00:00:00Z"}),
        ({"name": "a"}, {"name": "b"}),
        ({"name": "z", "namespace": "shop"}, {"name": "a", "namespace": "team"}),
    ],
)
def test_then_the_oldest_then_the_first_by_name(first: dict[str, str], second: dict[str, str]) -> None:
    sets = [listener_set(listener("web", 81), **it) for it in (second, first)]
    found = resolve([edge()], sets)
    assert conflicts(found, first["name"], first.get("namespace", "shop")) == {"web": None}
    assert conflicts(found, second["name"], second.get("namespace", "shop")) == {"web": "HostnameConflict"}


def test_who_was_before_is_not_named_to_another_tenant() -> None:
    found = resolve([edge()], [listener_set(listener("web", 81), name=it, namespace=it) for it in ("one", "two")])
    (report,) = found.sets[Key("two", "two")].reports
    assert report.conflict == Refusal(
        Reason.HOSTNAME_CONFLICT,
        "every hostname that nobody names on port 81 belongs to a listener of another ListenerSet of Gateway "
        "shop/edge, which comes first; name another",
    )


def test_the_last_of_several_protocols_of_a_port_is_the_one_that_goes() -> None:
    found = resolve(
        [edge()],
        [
            listener_set(listener("raw", 81, "TCP"), name="b", created="2026-01-02T00:00:00Z"),
            listener_set(listener("web", 81), name="c", created="2026-01-01T00:00:00Z"),
            listener_set(listener("web", 81, hostname="a.example.com"), name="a", created="2026-01-03T00:00:00Z"),
        ],
    )
    assert {name: conflicts(found, name) for name in "abc"} == {
        "a": {"web": None},
        "b": {"raw": "ProtocolConflict"},
        "c": {"web": None},
    }


def test_a_tcp_port_is_nobodys_a_second_time() -> None:
    found = resolve([edge()], [listener_set(listener("raw", 9000, "TCP"), name=it) for it in ("a", "b")])
    assert [conflicts(found, it)["raw"] for it in ("a", "b")] == [None, "ProtocolConflict"]


def test_https_and_tls_share_a_port_and_tell_their_listeners_apart_by_hostname() -> None:
    sni = {"tls": {"mode": "Passthrough"}}
    found = resolve(
        [edge(https("web", "web-tls", hostname="a.example.com"))],
        [
            listener_set(
                listener("raw", 443, "TLS", hostname="b.example.com", **sni),
                listener("same", 443, "TLS", hostname="a.example.com", **sni),
            )
        ],
    )
    assert conflicts(found, "extra") == {"raw": None, "same": "HostnameConflict"}


def test_what_others_speak_is_no_contradiction_within_a_listener_set() -> None:
    """The listener that speaks otherwise than the Gateway goes; those beside it have nothing to do with it."""
    one = listener_set(
        listener("a", hostname="a.example.com"), listener("raw", 80, "TCP"), listener("b", hostname="b.example.com")
    )
    found = resolve([edge(listener("web", hostname="www.example.com"))], [one])
    assert conflicts(found, "extra") == {"a": None, "raw": "ProtocolConflict", "b": None}


def test_a_hostname_wanted_twice_is_left_to_the_next() -> None:
    twice = listener_set(listener("one", 81), listener("two", 81, hostname=""), name="a")
    found = resolve([edge()], [twice, listener_set(listener("web", 81), name="b")])
    assert conflicts(found, "a") == {"one": "HostnameConflict", "two": "HostnameConflict"}
    assert conflicts(found, "b") == {"web": None}


def test_what_a_listener_set_contradicts_itself_about_is_left_to_others() -> None:
    """Neither of two listeners of one object may win, and what is not served keeps nobody else from it."""
    one = listener_set(listener("web", 81), https("secure", "web-tls", port=81), name="a")
    found = resolve([edge()], [one, listener_set(listener("web", 81), name="b")])
    assert conflicts(found, "a") == {"web": "ProtocolConflict", "secure": "ProtocolConflict"}
    assert conflicts(found, "b") == {"web": None}
    assert status(found.sets[Key("shop", "a")]) == ((False, "ListenersNotValid"), (False, "ListenersNotValid"))


def test_what_the_gateway_contradicts_itself_about_is_nobodys() -> None:
    given = edge(listener("plain", 81), https("secure", "web-tls", port=81), listener("web"))
    found = resolve([given], [listener_set(listener("more", 81, hostname="a.example.com"))])
    assert conflicts(found, "extra") == {"more": "ProtocolConflict"}


def test_a_listener_set_that_is_not_attached_keeps_nobody_from_anything() -> None:
    sets = [
        listener_set(listener("web", 81), name="a", namespace="team"),
        listener_set(listener("web", 81), name="b"),
    ]
    found = resolve([edge(allowedListeners={"namespaces": {"from": "Same"}})], sets)
    assert conflicts(found, "b") == {"web": None}


def test_a_listener_without_its_certificate_keeps_its_hostname() -> None:
    """A Secret that is late, or gone for a moment, hands nobody's hostname to another tenant."""
    sets = [listener_set(https("web", f"{it}-tls"), name=it) for it in ("a", "b")]
    found = resolve([edge()], sets, checked={Key("shop", "b-tls"): GOOD, Key("shop", "a-tls"): Refusal("x", "gone")})
    assert conflicts(found, "a") == {"web": None}
    assert conflicts(found, "b") == {"web": "HostnameConflict"}
    assert [found.sets[Key("shop", it)].served for it in ("a", "b")] == [(), ()]


def test_overlaps_are_told_across_objects() -> None:
    sets = [
        listener_set(https("web", "web-tls", hostname="a.example.com"), name="a"),
        listener_set(https("web", "web-tls", hostname="a.example.net"), name="b"),
    ]
    found = resolve([edge(https("wild", "web-tls", hostname="*.example.com"))], sets)
    overlaps = [found.gateways[EDGE], *found.sets.values()]
    assert [it.reports[0].overlap is not None for it in overlaps] == [True, True, False]


# ---- references -----------------------------------------------------------------------------------------------------


def granted(kind: str) -> dict[str, Any]:
    given = grant(
        namespace="vault",
        from_=({"group": "gateway.networking.k8s.io", "kind": kind, "namespace": "shop"},),
        to=({"group": "", "kind": "Secret"},),
    )
    return {"vault": (("grant", given.spec),)}


@pytest.mark.parametrize(("kind", "served"), [("ListenerSet", ("more",)), ("Gateway", ())])
def test_a_grant_for_gateways_is_none_for_their_listener_sets(kind: str, served: tuple[str, ...]) -> None:
    """Conformance: ListenerSetReferenceGrant."""
    sets = [listener_set(https("more", "vault/web-tls", port=8443))]
    found = resolve([edge()], sets, granted=granted(kind), checked={Key("vault", "web-tls"): GOOD})
    one = found.sets[Key("shop", "extra")]
    assert one.served == served
    if not served:
        assert [it.reason for it in one.reports[0].unresolved] == ["RefNotPermitted"]
        assert one.reports[0].accepted
        assert status(one) == ((False, "ListenersNotValid"), (False, "ListenersNotValid"))


def test_a_grant_for_listener_sets_is_none_for_their_gateway() -> None:
    given = edge(https("web", "vault/web-tls"))
    found = resolve([given], granted=granted("ListenerSet"), checked={Key("vault", "web-tls"): GOOD})
    assert found.gateways[EDGE].served == ()


# ---- counting -------------------------------------------------------------------------------------------------------


def test_a_gateway_counts_the_listener_sets_that_are_accepted() -> None:
    sets = [
        listener_set(listener("web", 81), name="a"),
        listener_set(listener("web", 81), name="b"),
        listener_set(listener("web", 82), name="c"),
    ]
    found = resolve([edge()], sets)
    assert [list(accepted(key, it)) for key, it in sorted(found.sets.items())] == [
        [(EDGE, Key("shop", "a"), True)],
        [],
        [(EDGE, Key("shop", "c"), True)],
    ]


def test_a_port_of_the_envoys_own_is_refused() -> None:
    sets = [listener_set(listener("odd", 19001), listener("web", 81))]
    found = resolve([edge()], sets, placements={EDGE: ir.Placement(reserved=(19001,))})
    assert [[why.reason for why in it.refusals] for it in found.sets[Key("shop", "extra")].reports] == [
        ["PortUnavailable"],
        [],
    ]


def test_a_port_that_a_port_of_the_gateway_is_moved_onto_is_unavailable() -> None:
    """A tenant's port 10080 takes nothing from the Gateway's port 80."""
    sets = [listener_set(listener("high", 10080), listener("higher", 10443))]
    found = resolve([edge(listener("web", 80))], sets, placements={EDGE: ir.Placement(port_offset=10000)})
    assert found.gateways[EDGE].served == ("web",)
    assert found.sets[Key("shop", "extra")].served == ("higher",)


def test_a_port_moved_onto_that_of_another_object_is_unavailable() -> None:
    sets = [listener_set(listener("low", 443))]
    found = resolve([edge(listener("web", 10443))], sets, placements={EDGE: ir.Placement(port_offset=10000)})
    assert found.gateways[EDGE].served == ("web",)
    assert [it.reason for it in found.sets[Key("shop", "extra")].reports[0].refusals] == ["PortUnavailable"]


def test_listener_sets_are_read_with_every_kind_of_parent() -> None:
    """A parentRef of another group or kind is none of ours."""
    given = listener_set(listener("more", 81), parent={"name": "edge", "kind": "Mesh"})
    assert isinstance(given, ListenerSet)
    assert resolve([edge()], [given]).sets == {}


def test_a_port_shared_with_the_gateway_is_kept_from_who_wants_where_it_is_moved_to() -> None:
    sets = [
        listener_set(listener("web", 80, hostname="a.example.com"), name="one"),
        listener_set(listener("theirs", 10080), name="other", namespace="team"),
    ]
    found = resolve([edge(listener("web", 80))], sets, placements={EDGE: ir.Placement(port_offset=10000)})
    assert found.sets[Key("shop", "one")].served == ("web",)
    assert [it.reason for it in found.sets[Key("team", "other")].reports[0].refusals] == ["PortUnavailable"]
