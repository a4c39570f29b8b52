from typing import Any

import msgspec

from tests.builders import gateway, grpc_route, http_route, meta, namespace
from translator import ir
from translator.api.gateway import FromNamespaces
from translator.api.meta import LabelExpression, LabelSelector, Meta
from translator.api.routes import HTTPRoute, L4RouteSpec, ParentReference, Route, TCPRoute
from translator.attach import parents
from translator.attach.conditions import Reason
from translator.value import Key, Ref

EDGE = Key("infra", "edge")
ROUTE = Ref("HTTPRoute", "shop", "route")
SAME = FromNamespaces("Same")
ALL = FromNamespaces("All")


def listener(
    name: str = "http", hostname: str = "*", port: int = 80, protocol: str = "HTTP", **rest: Any
) -> ir.Listener:
    fields: dict[str, Any] = {"kinds": ir.HTTP_ROUTES, "namespaces": ALL, **rest}
    key = ir.ListenerKey(Ref("Gateway", *EDGE), name)
    table = f"http/{port}/0" if protocol == "HTTP" else f"https/{port}/{name}/0"
    return ir.Listener(key, EDGE, port, protocol, hostname, table=table, **fields)


def route(*hostnames: str, **parent: Any) -> HTTPRoute:
    return http_route(hostnames=hostnames, parents=({"name": "edge", "namespace": "infra", **parent},))


def bind(
    ref: Ref,
    it: Route,
    listeners: tuple[ir.Listener, ...],
    namespaces: dict[Key, Any],
    at: Key = EDGE,
    sets: dict[Ref, ir.Parent] | None = None,
    defaults: dict[str, parents.Defaults] | None = None,
) -> ir.Bound | None:
    rows = {Ref("Gateway", *at): ir.Parent(EDGE, listeners), **(sets or {})}
    sharing: dict[parents.Sharing, list[object]] = {}
    taken = {}
    for key, row in rows.items():
        for group, order, _ in parents.by_sharing(key, row):
            sharing.setdefault(group, []).append(order)
        taken.update({group: order for group, order, _ in parents.by_hostname(key, row)})
    shared = {group: True for group, members in sharing.items() if parents.is_shared(group, tuple(members))}
    return parents.bind(ref, it, rows, namespaces, defaults or {}, shared, taken)


def bond(it: HTTPRoute, *listeners: ir.Listener, namespaces: Any = None) -> ir.Bond:
    bound = bind(ROUTE, it, listeners, namespaces or {}, EDGE)
    assert bound is not None
    (only,) = bound.bonds
    return only


def hosts(it: ir.Bond) -> dict[str, tuple[tuple[str, str], ...]]:
    return {attachment.listener.key.name: attachment.hosts for attachment in it.attachments}


def reason(it: ir.Bond) -> str | None:
    assert (it.refusal is None) == bool(it.attachments)
    return None if it.refusal is None else it.refusal.reason


def test_a_route_attaches_to_every_listener_of_its_gateway() -> None:
    found = bond(route(), listener("a"), listener("b", port=8080))
    assert hosts(found) == {"a": (("", "*"),), "b": (("", "*"),)}


def test_a_bound_route_says_its_generation_and_age() -> None:
    it = http_route(metadata=meta("route", generation=7, creationTimestamp="2026-01-01T00:00:00Z"))
    bound = bind(ROUTE, it, (listener(),), {}, Key("shop", "edge"))
    assert bound is not None
    assert bound.generation == 7
    assert bound.age == ir.Age("2026-01-01T00:00:00Z", "shop/route", "HTTPRoute")


def test_a_parent_that_is_not_ours_is_none_of_our_business() -> None:
    it = http_route(
        parents=(
            {"name": "elsewhere"},
            {"name": "edge", "namespace": "infra", "kind": "Service", "group": ""},
            {"name": "edge", "namespace": "infra", "kind": "ListenerSet"},
        )
    )
    assert bind(ROUTE, it, (listener(),), {}, EDGE) is None


def test_a_parent_without_namespace_is_in_that_of_the_route() -> None:
    bound = bind(ROUTE, http_route(), (listener(),), {}, Key("shop", "edge"))
    assert bound is not None
    assert bound.bonds[0].parent_ref == ParentReference("edge")


def test_section_name_and_port_choose_listeners() -> None:
    listeners = (listener("a"), listener("b", port=8080), listener("c", "c.example.com", port=8080))
    assert list(hosts(bond(route(sectionName="b"), *listeners))) == ["b"]
    assert list(hosts(bond(route(port=8080), *listeners))) == ["b", "c"]
    assert list(hosts(bond(route(sectionName="c", port=8080), *listeners))) == ["c"]


def test_no_listener_of_that_section_or_port_is_no_matching_parent() -> None:
    for parent in ({"sectionName": "b"}, {"port": 81}, {"sectionName": "http", "port": 81}):
        assert reason(bond(route(**parent), listener())) == Reason.NO_MATCHING_PARENT


def test_a_listener_that_does_not_admit_the_kind_does_not_allow_the_route() -> None:
    found = bond(route(), listener(kinds=("GRPCRoute",)))
    assert found.refusal == ir.Refusal(
        Reason.NOT_ALLOWED_BY_LISTENERS,
        "no HTTPRoute is admitted by Gateway infra/edge, listener http: see its protocol and allowedRoutes.kinds",
    )


def test_a_tcp_route_on_an_http_listener_is_not_allowed() -> None:
    ref = ParentReference("edge", namespace="infra")
    it = TCPRoute(Meta("route", "shop"), L4RouteSpec((ref,)))
    bound = bind(Ref("TCPRoute", "shop", "route"), it, (listener(),), {}, EDGE)
    assert bound is not None
    assert reason(bound.bonds[0]) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_same_admits_the_gateways_own_namespace() -> None:
    assert reason(bond(route(), listener(namespaces=SAME))) == Reason.NOT_ALLOWED_BY_LISTENERS
    home = Ref("HTTPRoute", "infra", "route")
    it = http_route(metadata=meta("route", "infra"))
    bound = bind(home, it, (listener(namespaces=SAME),), {}, EDGE)
    assert bound is not None
    assert reason(bound.bonds[0]) is None


def test_none_admits_nothing() -> None:
    assert reason(bond(route(), listener(namespaces=FromNamespaces("None")))) == Reason.NOT_ALLOWED_BY_LISTENERS


def selecting(labels: dict[str, str] | None = None, *expressions: LabelExpression) -> ir.Listener:
    return listener(namespaces=FromNamespaces("Selector", LabelSelector(labels or {}, expressions)))


def test_a_selector_reads_the_labels_of_the_routes_namespace() -> None:
    namespaces = {Key("", "shop"): namespace("shop", team="red")}
    assert reason(bond(route(), selecting({"team": "red"}), namespaces=namespaces)) is None
    refused = reason(bond(route(), selecting({"team": "blue"}), namespaces=namespaces))
    assert refused == Reason.NOT_ALLOWED_BY_LISTENERS


def test_a_namespace_without_object_has_its_name_for_a_label() -> None:
    assert reason(bond(route(), selecting({"kubernetes.io/metadata.name": "shop"}))) is None
    assert reason(bond(route(), selecting({"team": "red"}))) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_expressions_of_a_selector_must_all_hold() -> None:
    namespaces = {Key("", "shop"): namespace("shop", team="red")}
    for expression, expected in (
        (LabelExpression("team", "In", ("red", "blue")), True),
        (LabelExpression("team", "In", ("blue",)), False),
        (LabelExpression("tier", "In", ("red",)), False),
        (LabelExpression("team", "NotIn", ("red",)), False),
        (LabelExpression("tier", "NotIn", ("red",)), True),
        (LabelExpression("team", "Exists"), True),
        (LabelExpression("tier", "Exists"), False),
        (LabelExpression("team", "DoesNotExist"), False),
        (LabelExpression("tier", "DoesNotExist"), True),
        (LabelExpression("team", "Like", ("red",)), False),
    ):
        found = bond(route(), selecting({}, LabelExpression("team", "Exists"), expression), namespaces=namespaces)
        assert bool(found.attachments) == expected, expression


def test_an_empty_selector_admits_all_and_a_missing_one_nobody() -> None:
    assert reason(bond(route(), selecting())) is None
    missing = listener(namespaces=FromNamespaces("Selector"))
    assert reason(bond(route(), missing)) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_hostnames_are_intersected() -> None:
    found = bond(route("Test.example.com", "*.example.com", "test.example.net"), listener(hostname="*.example.com"))
    assert hosts(found) == {
        "http": (("test.example.com", "test.example.com"), ("*.example.com", "*.example.com")),
    }


def test_a_wildcard_of_the_route_is_reached_under_the_listeners_hostname() -> None:
    found = bond(route("*.example.com"), listener(hostname="very.specific.example.com"))
    assert hosts(found) == {"http": (("*.example.com", "very.specific.example.com"),)}


def test_no_common_hostname_is_no_matching_listener_hostname() -> None:
    found = bond(route("example.net"), listener(hostname="*.example.com"))
    assert found.refusal == ir.Refusal(
        Reason.NO_MATCHING_LISTENER_HOSTNAME,
        "none of example.net is a hostname of Gateway infra/edge, listener http (*.example.com)",
    )


def test_the_reason_is_that_of_the_listener_that_came_nearest() -> None:
    listeners = (listener("a", kinds=("GRPCRoute",)), listener("b", "b.example.com"))
    assert reason(bond(route("example.net"), *listeners)) == Reason.NO_MATCHING_LISTENER_HOSTNAME
    assert reason(bond(route(sectionName="a"), *listeners)) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_one_admitting_listener_is_enough() -> None:
    found = bond(route("example.net"), listener("a", "example.com"), listener("b", "example.net"))
    assert reason(found) is None
    assert list(hosts(found)) == ["b"]


def test_a_domain_belongs_to_the_most_specific_listener_of_the_port() -> None:
    """The hostnames of the conformance test GatewayHTTPListenerIsolation."""
    listeners = (
        listener("empty"),
        listener("wild", "*.example.com"),
        listener("wilder", "*.foo.example.com"),
        listener("exact", "abc.foo.example.com"),
    )
    it = route("bar.com", "*.example.com", "*.foo.example.com", "abc.foo.example.com")
    assert hosts(bond(it, *listeners)) == {
        "empty": (("bar.com", "bar.com"),),
        "wild": (("*.example.com", "*.example.com"),),
        "wilder": (("*.example.com", "*.foo.example.com"), ("*.foo.example.com", "*.foo.example.com")),
        "exact": (
            ("*.example.com", "abc.foo.example.com"),
            ("*.foo.example.com", "abc.foo.example.com"),
            ("abc.foo.example.com", "abc.foo.example.com"),
        ),
    }


def test_a_listener_keeps_nothing_from_those_of_another_port_or_protocol() -> None:
    wild = listener("wild", "*.example.com")
    for other in (
        listener("exact", "a.example.com", port=8080),
        listener("exact", "a.example.com", protocol="HTTPS"),
        listener("exact", "a.example.com", serves=False),
    ):
        assert hosts(bond(route("a.example.com", sectionName="wild"), wild, other)) == {
            "wild": (("a.example.com", "a.example.com"),)
        }


def test_a_listener_that_does_not_serve_takes_routes_and_no_domains() -> None:
    found = bond(route(), listener(serves=False))
    assert reason(found) is None
    assert hosts(found) == {"http": ()}


def test_attached_routes_counts_each_accepted_route_once() -> None:
    found = bond(route(), listener("a"), listener("b", port=8080))
    bound = ir.Bound(1, ir.Age("", "shop/route", "HTTPRoute"), (found, found))
    a, b = (ir.ListenerKey(Ref("Gateway", *EDGE), name) for name in "ab")
    assert parents.attached_to(ROUTE, bound, {}) == (a, b)
    assert list(parents.by_listener(ROUTE, (a, b))) == [(a, ROUTE, True), (b, ROUTE, True)]
    assert parents.count(a, ((ROUTE, True), (Ref("GRPCRoute", "shop", "route"), True))) == 2


def test_a_route_that_is_not_accepted_does_not_count() -> None:
    refused = bond(route("example.net"), listener(hostname="example.com"))
    age = ir.Age("", "shop/route", "HTTPRoute")
    assert parents.attached_to(ROUTE, ir.Bound(1, age, (refused,)), {}) is None
    accepted = ir.Bound(1, age, (bond(route(), listener()),))
    assert parents.attached_to(ROUTE, accepted, {ROUTE: ir.Refusal(Reason.UNSUPPORTED_VALUE, "")}) is None


def test_grpc_routes_attach_like_http_routes() -> None:
    it = grpc_route(hostnames=("a.example.com",), parents=({"name": "edge", "namespace": "infra"},))
    bound = bind(Ref("GRPCRoute", "shop", "route"), it, (listener(),), {}, EDGE)
    assert bound is not None
    assert hosts(bound.bonds[0]) == {"http": (("a.example.com", "a.example.com"),)}


# ---- ListenerSets ---------------------------------------------------------------------------------------------------

EXTRA = Ref("ListenerSet", "team", "extra")
OF_SET = {"kind": "ListenerSet", "name": "extra", "namespace": "team"}


def of_set(name: str = "web", hostname: str = "*", **fields: Any) -> ir.Listener:
    given = listener(name, hostname, **fields)
    return msgspec.structs.replace(given, key=ir.ListenerKey(EXTRA, name))


def bonds(it: HTTPRoute, *own: ir.Listener, extra: ir.Parent | None = None, **lookups: Any) -> list[ir.Bond]:
    sets = {} if extra is None else {EXTRA: extra}
    bound = bind(ROUTE, it, own, {}, sets=sets, **lookups)
    return [] if bound is None else list(bound.bonds)


def test_a_route_attaches_to_the_listeners_of_its_direct_parent_alone() -> None:
    extra = ir.Parent(EDGE, (of_set("web"), of_set("more", port=8080)))
    (own,) = bonds(route(), listener("web", "own.example.com"), extra=extra)
    assert [it.listener.key.parent.kind for it in own.attachments] == ["Gateway"]
    (there,) = bonds(http_route(parents=(OF_SET,)), listener("web", "own.example.com"), extra=extra)
    assert [it.listener.key for it in there.attachments] == [
        ir.ListenerKey(EXTRA, "web"),
        ir.ListenerKey(EXTRA, "more"),
    ]


def test_each_parent_ref_is_for_itself() -> None:
    both = http_route(parents=({"name": "edge", "namespace": "infra", "sectionName": "more"}, OF_SET))
    own, there = bonds(both, listener("web"), extra=ir.Parent(EDGE, (of_set("more"),)))
    assert reason(own) == Reason.NO_MATCHING_PARENT
    assert reason(there) is None


def test_a_listener_set_that_is_not_allowed_is_nobodys_parent() -> None:
    extra = ir.Parent(EDGE, (), ir.Refusal(Reason.NOT_ALLOWED, "see allowedListeners"))
    (found,) = bonds(http_route(parents=(OF_SET,)), extra=extra)
    assert found.refusal == ir.Refusal(
        Reason.NO_MATCHING_PARENT, "ListenerSet team/extra is not attached: see allowedListeners"
    )


def test_the_namespace_of_a_listener_set_is_its_own_and_not_the_gateways() -> None:
    extra = ir.Parent(EDGE, (of_set(namespaces=SAME),))
    inside = http_route(parents=(OF_SET,), metadata=meta("route", "team"))
    bound = bind(Ref("HTTPRoute", "team", "route"), inside, (), {}, sets={EXTRA: extra})
    assert bound is not None
    assert reason(bound.bonds[0]) is None
    outside = http_route(parents=(OF_SET,), metadata=meta("route", "infra"))
    bound = bind(Ref("HTTPRoute", "infra", "route"), outside, (), {}, sets={EXTRA: extra})
    assert bound is not None
    assert reason(bound.bonds[0]) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_a_domain_belongs_to_the_most_specific_listener_whoever_has_it() -> None:
    extra = ir.Parent(EDGE, (of_set("team", "*.team.example.com"), of_set("a", "a.team.example.com")))
    it = route("www.example.com", "b.team.example.com", "a.team.example.com", "*.example.com")
    (found,) = bonds(it, listener("web"), extra=extra)
    assert hosts(found) == {"web": (("www.example.com", "www.example.com"), ("*.example.com", "*.example.com"))}


def test_only_what_is_served_has_a_domain() -> None:
    extra = ir.Parent(EDGE, (of_set("team", "a.example.com", serves=False),))
    (found,) = bonds(route("a.example.com"), listener("web"), extra=extra)
    assert hosts(found) == {"web": (("a.example.com", "a.example.com"),)}


# ---- default Gateways -----------------------------------------------------------------------------------------------


def defaulted(*parents: dict[str, Any], scope: str = "All") -> HTTPRoute:
    return msgspec.convert(
        {"metadata": meta("route"), "spec": {"parentRefs": parents, "useDefaultGateways": scope}}, HTTPRoute
    )


DEFAULTS: dict[str, parents.Defaults] = {"All": ((EDGE, True),)}


def test_a_route_that_uses_default_gateways_attaches_to_them_as_if_it_named_them() -> None:
    (found,) = bonds(defaulted(), listener(), defaults=DEFAULTS)
    assert found.parent_ref == ParentReference("edge", namespace="infra")
    assert [it.listener.key.name for it in found.attachments] == ["http"]


def test_what_a_default_gateway_admits_stays_as_it_is() -> None:
    (found,) = bonds(defaulted(), listener(namespaces=SAME), defaults=DEFAULTS)
    assert reason(found) == Reason.NOT_ALLOWED_BY_LISTENERS


def test_a_default_gateway_that_is_named_is_there_once() -> None:
    (named,) = bonds(defaulted({"name": "edge", "namespace": "infra"}), listener(), defaults=DEFAULTS)
    assert named.parent_ref == ParentReference("edge", namespace="infra")
    section = {"name": "edge", "namespace": "infra", "sectionName": "http"}
    assert len(bonds(defaulted(section), listener(), defaults=DEFAULTS)) == 2


def test_a_route_of_no_scope_has_its_own_parents_alone() -> None:
    for scope in ("", "None", "Other"):
        assert bonds(defaulted(scope=scope), listener(), defaults=DEFAULTS) == []
    assert bonds(defaulted(), listener()) == []


def test_a_gateway_is_a_default_one_of_its_scope() -> None:
    assert list(parents.by_scope(EDGE, gateway(defaultScope="All"))) == [("All", EDGE, True)]
    assert [list(parents.by_scope(EDGE, gateway(defaultScope=it))) for it in ("", "None")] == [[], []]
