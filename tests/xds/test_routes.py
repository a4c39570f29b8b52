"""Routes as Envoy gets them, read back with protobuf's own decoder."""

from collections.abc import Mapping
from typing import Any

import pytest
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.stateful_session.v3 import stateful_session_pb2  # noqa: F401 what Any holds
from envoy.extensions.http.stateful_session.cookie.v3 import cookie_pb2  # noqa: F401
from envoy.extensions.http.stateful_session.header.v3 import header_pb2  # noqa: F401
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from google.protobuf import json_format

from tests.xds.world import EDGE, EVERYTHING, path, to, when
from translator import ir
from translator.value import Key, Ref
from translator.xds import http_filters
from translator.xds.route import EncodedRoute, encode

CART = Ref("HTTPRoute", "shop", "cart")
OLD = ir.Age("", "", "")
H = ir.HeaderChanges
ELSEWHERE = {
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": f"type.googleapis.com/{previous_hosts_pb2.PreviousHostsPredicate.DESCRIPTOR.full_name}"
            },
        }
    ],
    "host_selection_retry_max_attempts": "100",
}
"""A retry looks for an endpoint that was not tried yet."""


def encoded(
    route: ir.Route,
    *,
    kind: str = "HTTPRoute",
    port: int = 80,
    secure: bool = False,
    unusable: Mapping[tuple[Key, str], bool] | None = None,
    counted: bool = False,
) -> EncodedRoute:
    served = ir.Served(Ref(kind, "shop", "cart"), EDGE, port, secure)
    resolved = {served.route: ir.Resolved((route,))}
    routes = encode(served, (), resolved, unusable or {}, {}, {EDGE: True} if counted else {})
    assert routes is not None
    return routes.routes[0]


def decoded(route: ir.Route, **served: Any) -> dict[str, Any]:
    """The Route that Envoy reads, with its name left out."""
    host = route_components_pb2.VirtualHost.FromString(encoded(route, **served).frame)
    message: dict[str, Any] = json_format.MessageToDict(host.routes[0], preserving_proto_field_name=True)
    assert message.pop("name") == route.name
    return message


def action(forward: ir.Action, match: ir.Match = EVERYTHING, **served: Any) -> dict[str, Any]:
    """What decides where a request goes: the members of `route` but for the timeout that is never left out."""
    message = decoded(when(match, forward), **served)
    return {name: value for name, value in message.get("route", message).items() if (name, value) != ("timeout", "0s")}


def matched(match: ir.Match) -> dict[str, Any]:
    found: dict[str, Any] = decoded(when(match, to("cart")))["match"]
    return found


def redirected(redirect: ir.Redirect, match: ir.Match = EVERYTHING, **served: Any) -> dict[str, Any]:
    found: dict[str, Any] = decoded(when(match, redirect), **served)["redirect"]
    return found


def test_a_single_backend_is_named_plainly_and_waited_for_without_limit() -> None:
    assert decoded(when(EVERYTHING, to("cart"))) == {
        "match": {"prefix": "/"},
        "route": {"cluster": "shop/cart/80", "timeout": "0s"},
    }


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (path("exact", "/cart"), {"path": "/cart"}),
        (path("prefix", "/cart"), {"path_separated_prefix": "/cart"}),
        (path("prefix", "/cart/"), {"path_separated_prefix": "/cart"}),
        (path("regex", "/cart/[0-9]+"), {"safe_regex": {"regex": "/cart/[0-9]+"}}),
        (
            path("prefix", "/", method="GET"),
            {"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]},
        ),
        (
            path("prefix", "/", headers=(ir.Named("version", "v[0-9]", True), ir.Named("team", "blue"))),
            {
                "prefix": "/",
                "headers": [
                    {"name": "version", "string_match": {"safe_regex": {"regex": "v[0-9]"}}},
                    {"name": "team", "string_match": {"exact": "blue"}},
                ],
            },
        ),
        (
            path("prefix", "/", query_params=(ir.Named("color", "red"),)),
            {"prefix": "/", "query_parameters": [{"name": "color", "string_match": {"exact": "red"}}]},
        ),
        (path("exact", "/shop.Cart/Add", grpc=True), {"path": "/shop.Cart/Add", "grpc": {}}),
    ],
)
def test_matches(match: ir.Match, expected: dict[str, Any]) -> None:
    assert matched(match) == expected


def test_backends_share_by_weight_and_one_of_weight_zero_gets_nothing() -> None:
    assert action(to("cart*8", "cart:8080*2", "old*0"))["weighted_clusters"] == {
        "clusters": [{"name": "shop/cart/80", "weight": 8}, {"name": "shop/cart/8080", "weight": 2}]
    }


def test_a_backend_that_cannot_be_reached_answers_500_for_its_share() -> None:
    assert action(to("cart*3", "*1")) == {
        "weighted_clusters": {"clusters": [{"name": "shop/cart/80", "weight": 3}, {"name": "none", "weight": 1}]},
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
    }


def test_for_grpc_the_share_of_a_backend_that_cannot_be_reached_is_unavailable() -> None:
    """Envoy's default, 503, is what a gRPC client reads as UNAVAILABLE."""
    assert "cluster_not_found_response_code" not in action(to("cart", ""), kind="GRPCRoute")


@pytest.mark.parametrize("forward", [to(), to(""), to("cart*0"), to("cart*0", "*1")])
@pytest.mark.parametrize(("kind", "status"), [("HTTPRoute", 500), ("GRPCRoute", 503)])
def test_without_a_backend_that_can_be_reached_the_answer_is_an_error(
    forward: ir.Forward, kind: str, status: int
) -> None:
    assert action(forward, kind=kind)["direct_response"] == {"status": status}


def test_a_cluster_that_envoy_refused_is_like_none() -> None:
    refused = {(EDGE, "shop/cart/80"): True}
    assert action(to("cart"), unusable=refused)["direct_response"] == {"status": 500}
    route = encoded(when(EVERYTHING, to("cart", "next")), unusable=refused)
    assert route.clusters == ("shop/next/80",)


def test_a_route_needs_the_clusters_of_its_backends_and_mirrors() -> None:
    forward = to("cart", "old*0", mirrors=(ir.Mirror(ir.ClusterKey("shop", "copy", 80)),))
    assert encoded(when(EVERYTHING, forward)).clusters == ("shop/cart/80", "shop/copy/80")


AUTH = ir.Authorization(ir.ClusterKey("shop", "auth", 80))


def test_a_route_needs_the_cluster_of_the_service_that_authorizes() -> None:
    assert encoded(when(EVERYTHING, to("cart"), authorization=AUTH)).clusters == ("shop/auth/80", "shop/cart/80")


@pytest.mark.parametrize(
    ("authorization", "unusable"), [(ir.Authorization(None), {}), (AUTH, {(EDGE, "shop/auth/80"): True})]
)
def test_where_nobody_can_be_asked_nothing_passes(authorization: ir.Authorization, unusable: Any) -> None:
    route = when(EVERYTHING, to("cart"), authorization=authorization)
    for kind, status in (("HTTPRoute", 500), ("GRPCRoute", 503)):
        found = decoded(route, kind=kind, unusable=unusable)
        assert found["direct_response"] == {"status": status}
        assert not found.keys() & {"route", "typed_per_filter_config"}


def asked(session: ir.Session, **served: Any) -> dict[str, Any]:
    """What a route to one backend asks of the session filter."""
    backend = ir.Backend(ir.ClusterKey("shop", "cart", 80), 1, session=session)
    config = decoded(when(EVERYTHING, ir.Forward((backend,))), **served)["typed_per_filter_config"]
    state: dict[str, Any] = config[http_filters.SESSION]["stateful_session"]["session_state"]["typed_config"]
    return state


def test_a_cookie_is_secure_where_clients_come_over_tls() -> None:
    plain, secure = (asked(ir.Session(cookie="s", max_age=60), secure=secure)["cookie"] for secure in (False, True))
    strict = {"name": "SameSite", "value": "Strict"}
    assert plain == {"name": "s", "path": "/", "ttl": "60s", "attributes": [strict]}
    assert secure == {**plain, "attributes": [strict, {"name": "Secure"}]}


def test_a_session_that_backends_share_is_the_routes_and_else_each_ones_own() -> None:
    def backends(*sessions: ir.Session | None) -> ir.Forward:
        keys = (ir.ClusterKey("shop", f"s{n}", 80) for n in range(len(sessions)))
        return ir.Forward(tuple(ir.Backend(key, 1, session=it) for key, it in zip(keys, sessions, strict=True)))

    one, other = ir.Session(header="x-one"), ir.Session(header="x-other")
    shared = decoded(when(EVERYTHING, backends(one, one)))
    assert list(shared["typed_per_filter_config"]) == [http_filters.SESSION]
    assert all("typed_per_filter_config" not in it for it in shared["route"]["weighted_clusters"]["clusters"])
    own = decoded(when(EVERYTHING, backends(one, other, None)))
    assert "typed_per_filter_config" not in own
    asking = ["typed_per_filter_config" in it for it in own["route"]["weighted_clusters"]["clusters"]]
    assert asking == [True, True, False]


def test_mirrors_get_their_share_and_the_same_host() -> None:
    copy, gone = ir.ClusterKey("shop", "copy", 80), ir.ClusterKey("shop", "gone", 80)
    forward = to("cart", mirrors=(ir.Mirror(copy), ir.Mirror(copy, 1, 3), ir.Mirror(copy, 0), ir.Mirror(gone)))
    assert action(forward, unusable={(EDGE, "shop/gone/80"): True})["request_mirror_policies"] == [
        {"cluster": "shop/copy/80", "disable_shadow_host_suffix_append": True},
        {
            "cluster": "shop/copy/80",
            "disable_shadow_host_suffix_append": True,
            "runtime_fraction": {"default_value": {"numerator": 333333, "denominator": "MILLION"}},
        },
    ]


def test_header_changes_are_literal() -> None:
    """A percent sign starts a substitution in Envoy's words and is nothing special in the specification's."""
    changes = H(set=(("x-share", "50%"),), add=(("x-team", "blue"),), remove=("x-debug",))
    message = decoded(when(EVERYTHING, to("cart"), request=changes, response=H(remove=("server",))))
    assert message["request_headers_to_add"] == [
        {"header": {"key": "x-share", "value": "50%%"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"},
        {"header": {"key": "x-team", "value": "blue"}},
    ]
    assert message["request_headers_to_remove"] == ["x-debug"]
    assert message["response_headers_to_remove"] == ["server"]


def test_header_changes_of_a_backend_are_made_for_its_share_alone() -> None:
    backend = ir.Backend(ir.ClusterKey("shop", "cart", 80), 1, request=H(remove=("x-debug",)))
    assert action(ir.Forward((backend,)))["weighted_clusters"] == {
        "clusters": [{"name": "shop/cart/80", "weight": 1, "request_headers_to_remove": ["x-debug"]}]
    }


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"request_timeout": 500}, {"timeout": "0.500s"}),
        ({"request_timeout": 0}, {"timeout": "0s", "idle_timeout": "0s"}),
        ({"request_timeout": 600_000}, {"timeout": "600s", "idle_timeout": "600s"}),
        ({"backend_timeout": 200}, {"timeout": "0.200s"}),
        ({"request_timeout": 500, "backend_timeout": 200}, {"timeout": "0.200s"}),
        (
            {"request_timeout": 500, "backend_timeout": 200, "retry": ir.Retry(2)},
            {
                "timeout": "0.500s",
                "retry_policy": {
                    "retry_on": "connect-failure,refused-stream,reset",
                    "num_retries": 2,
                    "per_try_timeout": "0.200s",
                    **ELSEWHERE,
                },
            },
        ),
        ({"retry": ir.Retry(0)}, {"timeout": "0s", "retry_policy": {}}),
        ({"backend_timeout": 200, "retry": ir.Retry(0)}, {"timeout": "0.200s", "retry_policy": {}}),
        (
            {"retry": ir.Retry(1, (502, 503), 100)},
            {
                "timeout": "0s",
                "retry_policy": {
                    "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
                    "num_retries": 1,
                    "retriable_status_codes": [502, 503],
                    "retry_back_off": {"base_interval": "0.100s"},
                    **ELSEWHERE,
                },
            },
        ),
    ],
)
def test_timeouts_and_retries(times: dict[str, Any], expected: dict[str, Any]) -> None:
    route = decoded(when(EVERYTHING, to("cart", **times)))["route"]
    assert route == {"cluster": "shop/cart/80", **expected}


def test_a_grpc_stream_may_be_silent_for_ever() -> None:
    assert action(to("cart"), kind="GRPCRoute")["idle_timeout"] == "0s"


@pytest.mark.parametrize(
    ("match", "change", "expected"),
    [
        (path("prefix", "/foo"), ir.PathChange(False, "/xyz"), {"prefix_rewrite": "/xyz"}),
        (path("prefix", "/foo/"), ir.PathChange(False, "/xyz/"), {"prefix_rewrite": "/xyz"}),
        (path("prefix", "/"), ir.PathChange(False, "/xyz"), {"prefix_rewrite": "/xyz/"}),
        (
            path("prefix", "/foo.x"),
            ir.PathChange(False, "/"),
            {"regex_rewrite": {"pattern": {"regex": r"^/foo\.x/*"}, "substitution": "/"}},
        ),
        (path("prefix", "/foo"), ir.PathChange(True, "/50%"), {"path_rewrite": "/50%%"}),
        (path("exact", "/foo"), ir.PathChange(True, "/bar"), {"path_rewrite": "/bar"}),
    ],
)
def test_rewritten_paths(match: ir.Match, change: ir.PathChange, expected: dict[str, Any]) -> None:
    assert action(to("cart", path=change), match) == {"cluster": "shop/cart/80", **expected}


def test_rewritten_hosts() -> None:
    assert action(to("cart", hostname="cart.example.com"))["host_rewrite_literal"] == "cart.example.com"


@pytest.mark.parametrize(
    ("redirect", "listener", "port"),
    [
        (ir.Redirect(302), (80, False), 0),
        (ir.Redirect(302), (8080, False), 8080),
        (ir.Redirect(302), (443, True), 0),
        (ir.Redirect(302), (443, False), 443),
        (ir.Redirect(302, scheme="https"), (80, False), 0),
        (ir.Redirect(302, scheme="https"), (8080, False), 443),
        (ir.Redirect(302, scheme="https", hostname="example.com"), (8080, False), 0),
        (ir.Redirect(302, scheme="http"), (443, True), 0),
        (ir.Redirect(302, scheme="https", port=8443), (80, False), 8443),
        (ir.Redirect(302, port=8443), (443, True), 8443),
    ],
)
def test_the_port_of_a_redirect(redirect: ir.Redirect, listener: tuple[int, bool], port: int) -> None:
    """The well-known port of the scheme asked for, or else the listener's; not said where the scheme implies it."""
    message = redirected(redirect, port=listener[0], secure=listener[1])
    assert message.get("port_redirect", 0) == port


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        (ir.Redirect(301, hostname="example.com"), {"host_redirect": "example.com"}),
        (ir.Redirect(308, scheme="https"), {"scheme_redirect": "https", "response_code": "PERMANENT_REDIRECT"}),
        (ir.Redirect(301, path=ir.PathChange(True, "/new")), {"path_redirect": "/new"}),
        (ir.Redirect(301, path=ir.PathChange(False, "/new/")), {"prefix_rewrite": "/new"}),
        (
            ir.Redirect(301, path=ir.PathChange(False, "/")),
            {"regex_rewrite": {"pattern": {"regex": "^/old/*"}, "substitution": "/"}},
        ),
    ],
)
def test_redirects(redirect: ir.Redirect, expected: dict[str, Any]) -> None:
    assert redirected(redirect, path("prefix", "/old")) == expected


def test_an_answer_without_a_backend() -> None:
    assert action(ir.Respond(404))["direct_response"] == {"status": 404}


def test_cors() -> None:
    cors = ir.Cors(("https://a.com", "https://*.b.com", "*"), ("GET", "PUT"), ("x-team",), ("*",), True, 60)
    packed = decoded(when(EVERYTHING, to("cart"), cors=cors))["typed_per_filter_config"]["envoy.filters.http.cors"]
    assert packed == {
        "@type": f"type.googleapis.com/{cors_pb2.CorsPolicy.DESCRIPTOR.full_name}",
        "allow_origin_string_match": [
            {"exact": "https://a.com"},
            {"safe_regex": {"regex": r"https://.*\.b\.com"}},
            {"safe_regex": {"regex": ".*"}},
        ],
        "allow_methods": "GET, PUT",
        "allow_headers": "x-team",
        "max_age": "60",
        "allow_credentials": True,
        "forward_not_matching_preflights": False,
    }


def test_a_route_that_resolved_to_nothing_has_no_encoding() -> None:
    assert encode(ir.Served(CART, EDGE, 80, False), (), {}, {}, {}, {}) is None


def test_requests_are_counted_by_route_where_that_is_asked_for() -> None:
    """All rules of a route count as one."""
    assert decoded(when(EVERYTHING, to("cart")), counted=True)["stat_prefix"] == "httproute/shop/cart"
    assert "stat_prefix" not in decoded(when(EVERYTHING, to("cart")))
