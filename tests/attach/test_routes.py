"""Rules of HTTPRoutes and GRPCRoutes as a whole: what is served, what is reported and what is refused."""

from typing import Any

import pytest

from tests.builders import grpc_route, http_route, service
from translator import ir
from translator.api.meta import Meta
from translator.api.routes import BackendRef, L4RouteRule, L4RouteSpec, TLSRoute
from translator.attach import routes
from translator.attach.conditions import Reason
from translator.value import Key, Ref

HTTP, GRPC = Ref("HTTPRoute", "shop", "route"), Ref("GRPCRoute", "shop", "route")
SERVICES = {Key("shop", name): service(name) for name in ("cart", "canary", "audit")}
CART, CANARY, AUDIT = (ir.ClusterKey("shop", name, 8080) for name in ("cart", "canary", "audit"))


def ref(name: str = "cart", weight: int = 1, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "port": 8080, "weight": weight, "filters": filters}


def mirror(name: str = "audit", **share: Any) -> dict[str, Any]:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 8080}, **share}}


def setting(name: str, value: str = "v", type_: str = "Request") -> dict[str, Any]:
    member = f"{type_.lower()}HeaderModifier"
    return {"type": f"{type_}HeaderModifier", member: {"set": [{"name": name, "value": value}]}}


def path(value: str, type_: str = "PathPrefix") -> dict[str, Any]:
    return {"path": {"type": type_, "value": value}}


EXTENSION = {"type": "ExtensionRef", "extensionRef": {"group": "example.net", "kind": "Auth", "name": "one"}}


def http(*rules: dict[str, Any]) -> ir.Resolved:
    found = routes.resolve(HTTP, http_route(*rules), SERVICES, {}, {})
    assert found is not None
    return found


def grpc(*rules: dict[str, Any]) -> ir.Resolved:
    found = routes.resolve(GRPC, grpc_route(*rules), SERVICES, {}, {})
    assert found is not None
    return found


def actions(resolved: ir.Resolved) -> list[ir.Action]:
    return [it.action for it in resolved.routes]


def action(rule: dict[str, Any]) -> ir.Action:
    (only,) = actions(http(rule))
    return only


def forward(rule: dict[str, Any]) -> ir.Forward:
    it = action(rule)
    assert isinstance(it, ir.Forward)
    return it


def test_each_match_of_each_rule_is_a_route_in_the_order_written() -> None:
    found = http(
        {"matches": [path("/b"), path("/a", "Exact")], "backendRefs": [ref()]},
        {"name": "second", "backendRefs": [ref("canary")]},
    )
    assert [(it.name, it.match.path) for it in found.routes] == [
        ("httproute/shop/route/rule/0/match/0", ir.Path("prefix", "/b")),
        ("httproute/shop/route/rule/0/match/1", ir.Path("exact", "/a")),
        ("httproute/shop/route/rule/1/match/0", ir.Path("prefix", "/")),
    ]
    assert actions(found) == [
        ir.Forward((ir.Backend(CART, 1),)),
        ir.Forward((ir.Backend(CART, 1),)),
        ir.Forward((ir.Backend(CANARY, 1),)),
    ]
    assert (found.refusals, found.invalid, found.valid) == ((), (), True)


def test_traffic_is_split_by_weight() -> None:
    backends = (ir.Backend(CART, 80), ir.Backend(CANARY, 20))
    assert action({"backendRefs": [ref("cart", 80), ref("canary", 20)]}) == ir.Forward(backends)


def test_a_backend_without_weight_gets_nothing_and_is_still_reported() -> None:
    found = http({"backendRefs": [ref(), ref("missing", 0)]})
    assert actions(found) == [ir.Forward((ir.Backend(CART, 1),))]
    assert [it.reason for it in found.refusals] == [Reason.BACKEND_NOT_FOUND]


def test_an_invalid_backend_keeps_its_share_as_an_error() -> None:
    found = http({"backendRefs": [ref("cart", 3), ref("missing", 1)]})
    assert actions(found) == [ir.Forward((ir.Backend(CART, 3), ir.Backend(None, 1)))]
    assert found.refusals == (ir.Refusal(Reason.BACKEND_NOT_FOUND, "Service shop/missing does not exist"),)
    assert (found.invalid, found.valid) == ((), True)


@pytest.mark.parametrize(
    "backends", [[], [ref("missing")], [ref("cart", 0)], [ref("cart", 0), ref("missing", 1)]], ids=str
)
def test_where_there_is_nothing_to_forward_to_http_gets_500_and_grpc_unavailable(backends: list[Any]) -> None:
    assert actions(http({"backendRefs": backends})) == [ir.Respond(500)]
    assert actions(grpc({"backendRefs": backends})) == [ir.Respond(503)]


def test_rule_filters_change_headers_path_and_host() -> None:
    found = http(
        {
            "filters": [
                setting("a"),
                setting("b", type_="Response"),
                {
                    "type": "URLRewrite",
                    "urlRewrite": {
                        "hostname": "cart.example.com",
                        "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"},
                    },
                },
                {"type": "CORS", "cors": {"allowOrigins": ["*"]}},
            ],
            "matches": [path("/v1")],
            "backendRefs": [ref()],
        }
    )
    (route,) = found.routes
    assert route.action == ir.Forward((ir.Backend(CART, 1),), "cart.example.com", ir.PathChange(False, "/v2"))
    assert route.request == ir.HeaderChanges((("a", "v"),))
    assert route.response == ir.HeaderChanges((("b", "v"),))
    assert route.cors == ir.Cors(("*",), (), (), (), False, 5)


def test_a_redirect_needs_no_backend() -> None:
    moved = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    assert action({"filters": [moved]}) == ir.Redirect(301, "https", port=443)


def test_mirrors_get_a_share_of_the_requests() -> None:
    rule = {
        "filters": [
            mirror(),
            mirror("canary", percent=42),
            mirror("cart", fraction={"numerator": 5, "denominator": 1000}),
            mirror("cart", fraction={"numerator": 1}),
            mirror("audit", percent=0),
        ],
        "backendRefs": [ref()],
    }
    assert forward(rule).mirrors == (
        ir.Mirror(AUDIT, 100, 100),
        ir.Mirror(CANARY, 42, 100),
        ir.Mirror(CART, 5, 1000),
        ir.Mirror(CART, 1, 100),
    )


def test_a_mirror_that_leads_nowhere_is_dropped_and_reported() -> None:
    found = http({"filters": [mirror("missing")], "backendRefs": [ref()]})
    assert actions(found) == [ir.Forward((ir.Backend(CART, 1),))]
    assert [it.reason for it in found.refusals] == [Reason.BACKEND_NOT_FOUND]


def test_timeouts_and_retries() -> None:
    rule = {
        "timeouts": {"request": "1s500ms", "backendRequest": "0s"},
        "retry": {"attempts": 3, "codes": [500, 503], "backoff": "100ms"},
        "backendRefs": [ref()],
    }
    backends = (ir.Backend(CART, 1),)
    retry = ir.Retry(3, (500, 503), 100)
    assert action(rule) == ir.Forward(backends, request_timeout=1500, backend_timeout=0, retry=retry)


def test_a_retry_is_tried_once_unless_it_says_otherwise() -> None:
    assert forward({"retry": {}, "backendRefs": [ref()]}).retry == ir.Retry(1)
    assert forward({"retry": {"attempts": 0}, "backendRefs": [ref()]}).retry == ir.Retry(0)


def test_headers_may_be_changed_for_one_backend() -> None:
    rule = {"backendRefs": [ref("cart", 1, setting("a")), ref("canary", 1, setting("b", type_="Response"))]}
    assert action(rule) == ir.Forward(
        (
            ir.Backend(CART, 1, request=ir.HeaderChanges((("a", "v"),))),
            ir.Backend(CANARY, 1, response=ir.HeaderChanges((("b", "v"),))),
        )
    )


def test_the_only_backends_mirror_is_the_rules() -> None:
    rule = {"filters": [mirror("canary")], "backendRefs": [ref("cart", 1, mirror("audit"))]}
    (route,) = http(rule).routes
    assert route.match == ir.Match(ir.Path("prefix", "/"))
    assert route.action == ir.Forward((ir.Backend(CART, 1),), mirrors=(ir.Mirror(CANARY), ir.Mirror(AUDIT)))


def test_backends_with_filters_of_their_own_get_routes_by_share() -> None:
    moved = {"type": "RequestRedirect", "requestRedirect": {"hostname": "example.org"}}
    allowed = {"type": "CORS", "cors": {"allowOrigins": ["*"]}}
    found = http(
        {
            "filters": [setting("rule")],
            "backendRefs": [
                ref("cart", 1, mirror()),
                ref("canary", 2, moved, setting("own", type_="Response")),
                ref("missing", 1, moved),
                ref("canary", 4, allowed, setting("own")),
            ],
        }
    )
    rule = ir.HeaderChanges((("rule", "v"),))
    own = ir.HeaderChanges((("own", "v"),))
    assert [(it.name[-9:], it.match.share) for it in found.routes] == [
        ("backend/0", 125_000),
        ("backend/1", 375_000),
        ("backend/2", 500_000),
        ("backend/3", 0),
    ]
    assert actions(found) == [
        ir.Forward((ir.Backend(CART, 1),), mirrors=(ir.Mirror(AUDIT),)),
        ir.Redirect(302, hostname="example.org"),
        ir.Respond(500),
        ir.Forward((ir.Backend(CANARY, 4, request=own),)),
    ]
    assert [it.request for it in found.routes] == [rule] * 4
    assert [it.response for it in found.routes] == [ir.NO_CHANGES, own, ir.NO_CHANGES, ir.NO_CHANGES]
    assert [it.cors is not None for it in found.routes] == [False, False, False, True]
    assert len({it.rank for it in found.routes}) == 1


def test_what_a_backend_ref_rewrites_stands_before_what_its_rule_does() -> None:
    def rewrite(**settings: Any) -> dict[str, Any]:
        return {"type": "URLRewrite", "urlRewrite": settings}

    whole = {"type": "ReplaceFullPath", "replaceFullPath": "/rule"}
    other = {"type": "ReplaceFullPath", "replaceFullPath": "/own"}
    found = http(
        {
            "filters": [rewrite(hostname="rule.internal", path=whole)],
            "retry": {"attempts": 2},
            "backendRefs": [
                ref("cart", 1, rewrite(hostname="own.internal")),
                ref("canary", 1, rewrite(path=other)),
                ref("audit", 2),
            ],
        }
    )
    retry = ir.Retry(2)
    assert [(it.match.share, it.action) for it in found.routes] == [
        (250_000, ir.Forward((ir.Backend(CART, 1),), "own.internal", ir.PathChange(True, "/rule"), retry=retry)),
        (500_000, ir.Forward((ir.Backend(CANARY, 1),), "rule.internal", ir.PathChange(True, "/own"), retry=retry)),
        (0, ir.Forward((ir.Backend(AUDIT, 2),), "rule.internal", ir.PathChange(True, "/rule"), retry=retry)),
    ]


def invalid_rule(**rule: Any) -> ir.Resolved:
    """A good rule, then a bad one."""
    return http(
        {"matches": [path("/good")], "backendRefs": [ref()]},
        {"name": "bad", "matches": [path("/bad")], "backendRefs": [ref()], **rule},
    )


@pytest.mark.parametrize(
    ("rule", "reason", "words"),
    [
        ({"filters": [EXTENSION]}, Reason.UNSUPPORTED_VALUE, "filter ExtensionRef names Auth.example.net one"),
        ({"filters": [{"type": "ExternalAuth"}]}, Reason.UNSUPPORTED_VALUE, "filter ExternalAuth is not supported"),
        ({"filters": [mirror(), setting("a"), setting("b")]}, Reason.INCOMPATIBLE_FILTERS, "more than once"),
        ({"timeouts": {"request": "1d"}}, Reason.UNSUPPORTED_VALUE, "'1d' is not a duration"),
        ({"retry": {"backoff": "x"}}, Reason.UNSUPPORTED_VALUE, "'x' is not a duration"),
        ({"backendRefs": [ref("cart", 1, EXTENSION)]}, Reason.UNSUPPORTED_VALUE, "backendRef cart: filter Extension"),
    ],
)
def test_a_rule_that_cannot_be_served_answers_500_where_it_stood(
    rule: dict[str, Any], reason: Reason, words: str
) -> None:
    found = invalid_rule(**rule)
    assert actions(found) == [ir.Forward((ir.Backend(CART, 1),)), ir.Respond(500)]
    assert found.routes[1].match == ir.Match(ir.Path("prefix", "/bad"))
    assert [it.reason for it in found.invalid] == [reason]
    assert found.invalid[0].message.startswith("rules[1] (bad): ")
    assert words in found.invalid[0].message
    assert found.valid
    assert routes.rejected(HTTP, found) is None


def test_an_extension_ref_is_a_reference_of_an_unknown_kind() -> None:
    found = invalid_rule(filters=[EXTENSION])
    assert [it.reason for it in found.refusals] == [Reason.INVALID_KIND]


def test_the_references_of_an_invalid_rule_are_reported() -> None:
    found = invalid_rule(filters=[EXTENSION, mirror("gone")], backendRefs=[ref("missing")])
    assert [it.reason for it in found.refusals] == [
        Reason.BACKEND_NOT_FOUND,
        Reason.BACKEND_NOT_FOUND,
        Reason.INVALID_KIND,
    ]


def test_a_bad_match_makes_its_rule_invalid() -> None:
    found = invalid_rule(matches=[path("/bad"), path("(", "RegularExpression")])
    assert actions(found)[1:] == [ir.Respond(500)]
    assert [it.reason for it in found.invalid] == [Reason.UNSUPPORTED_VALUE]


def test_a_replaced_prefix_needs_prefix_matches() -> None:
    replaced = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/a"}}
    for it in (
        {"type": "URLRewrite", "urlRewrite": replaced},
        {"type": "RequestRedirect", "requestRedirect": replaced},
    ):
        found = invalid_rule(matches=[path("/bad", "Exact")], filters=[it])
        assert [it.message for it in found.invalid] == [
            "rules[1] (bad): replacePrefixMatch needs matches of type PathPrefix alone"
        ]
        assert invalid_rule(filters=[it]).invalid == ()


def test_a_route_whose_rules_are_all_invalid_is_rejected() -> None:
    found = http({"filters": [EXTENSION], "backendRefs": [ref()]})
    assert actions(found) == [ir.Respond(500)]
    assert not found.valid
    assert routes.rejected(HTTP, found) == found.invalid[0]


def test_grpc_rules() -> None:
    found = grpc(
        {
            "matches": [{"method": {"service": "shop.Cart", "method": "Add"}}],
            "filters": [setting("a"), mirror()],
            "backendRefs": [ref("cart", 1, setting("b")), ref("missing")],
        },
        {},
        {"filters": [EXTENSION], "matches": [{"headers": [{"name": "A", "value": "b"}]}]},
    )
    cart, audit = CART._replace(protocol="http2"), AUDIT._replace(protocol="http2")
    backends = (ir.Backend(cart, 1, request=ir.HeaderChanges((("b", "v"),))), ir.Backend(None, 1))
    assert [(it.name, it.match) for it in found.routes] == [
        ("grpcroute/shop/route/rule/0/match/0", ir.Match(ir.Path("exact", "/shop.Cart/Add"), grpc=True)),
        ("grpcroute/shop/route/rule/1/match/0", ir.Match(ir.Path("prefix", "/"), grpc=True)),
        (
            "grpcroute/shop/route/rule/2/match/0",
            ir.Match(ir.Path("prefix", "/"), headers=(ir.Named("a", "b"),), grpc=True),
        ),
    ]
    assert actions(found) == [ir.Forward(backends, mirrors=(ir.Mirror(audit),)), ir.Respond(503), ir.Respond(503)]
    assert found.routes[0].request == ir.HeaderChanges((("a", "v"),))
    assert [it.reason for it in found.refusals] == [Reason.BACKEND_NOT_FOUND, Reason.INVALID_KIND]
    assert [it.reason for it in found.invalid] == [Reason.UNSUPPORTED_VALUE]


def test_a_grpc_route_without_rules_is_valid_and_does_nothing() -> None:
    found = grpc()
    assert (found.routes, found.invalid, found.valid) == ((), (), True)


def test_routes_of_other_kinds_report_their_references() -> None:
    rule = L4RouteRule(backend_refs=(BackendRef("cart", port=8080), BackendRef("missing", port=443)))
    it = TLSRoute(Meta("route", "shop"), L4RouteSpec(rules=(rule,)))
    found = routes.resolve(Ref("TLSRoute", "shop", "route"), it, SERVICES, {}, {})
    missing = (ir.Refusal(Reason.BACKEND_NOT_FOUND, "Service shop/missing does not exist"),)
    stream = ir.Stream((ir.Backend(ir.ClusterKey("shop", "cart", 8080, "tcp"), 1), ir.Backend(None, 1)), missing)
    assert found == ir.Resolved((), missing, stream=stream, sealed=stream)


def test_a_preflight_is_answered_by_the_rule_it_is_for() -> None:
    """A rule with CORS that matches a method or headers gets a route for the OPTIONS request that asks leave for it."""
    cors = {"type": "CORS", "cors": {"allowOrigins": ["*"], "allowMethods": ["PUT"]}}
    match = {"method": "PUT", "headers": [{"name": "x-version", "value": "2"}]}
    asked, preflight = http({"matches": [match], "filters": [cors], "backendRefs": [ref()]}).routes
    assert preflight.name == f"{asked.name}/preflight"
    assert preflight.match.method == "OPTIONS"
    assert preflight.match.headers == (ir.Named("access-control-request-method", "PUT"),)
    assert preflight.cors == asked.cors


def test_a_rule_that_matches_every_method_answers_its_preflights_itself() -> None:
    """Without a method or headers to match there is nothing that hides a preflight."""
    cors = {"type": "CORS", "cors": {"allowOrigins": ["*"]}}
    assert len(http({"filters": [cors], "backendRefs": [ref()]}).routes) == 1
