from typing import Any

import msgspec
import pytest

from tests.builders import grant, http_route, service
from translator import ir
from translator.api.routes import HTTPExternalAuthFilter
from translator.attach import authorization, routes
from translator.attach.conditions import Reason
from translator.value import Key, Ref

AUTH = {"name": "auth", "port": 9000}
ROUTE = Ref("HTTPRoute", "shop", "route")
CART = Key("shop", "cart")


def read(**written: Any) -> ir.Authorization | ir.Refusal:
    return authorization.read(msgspec.convert({"backendRef": AUTH, **written}, HTTPExternalAuthFilter))


def resolved(settings: dict[str, Any], services: dict[Key, Any], granted: dict[str, Any] | None = None) -> ir.Resolved:
    rule = {
        "filters": [{"type": "ExternalAuth", "externalAuth": settings}],
        "backendRefs": [{"name": "cart", "port": 8080}],
    }
    found = routes.resolve(ROUTE, http_route(rule), {CART: service("cart"), **services}, granted or {}, {})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ({"protocol": "HTTP"}, ir.Authorization(None)),
        ({"protocol": "GRPC"}, ir.Authorization(None, True)),
        (
            {"protocol": "GRPC", "grpc": {"allowedHeaders": ["X-B", "x-a", "X-A"]}, "forwardBody": {"maxSize": 7}},
            ir.Authorization(None, True, ("x-a", "x-b"), body=7),
        ),
        (
            {
                "protocol": "HTTP",
                "http": {"path": "/check/", "allowedHeaders": ["X-A"], "allowedResponseHeaders": ["X-B"]},
            },
            ir.Authorization(None, False, ("x-a",), "/check", ("x-b",)),
        ),
    ],
)
def test_what_a_service_is_asked_with(written: dict[str, Any], asked: ir.Authorization) -> None:
    assert read(**written) == asked


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"protocol": "Odd"}, "protocol Odd is not supported"),
        ({"protocol": "HTTP", "http": {"path": "check"}}, "'check' is not a normalised absolute path"),
        ({"protocol": "HTTP", "http": {"path": "/a/../b"}}, "is not a normalised absolute path"),
        ({"protocol": "HTTP", "http": {"allowedHeaders": ["a b"]}}, "'a b' is not the name of a header"),
        ({"protocol": "GRPC", "grpc": {"allowedHeaders": [""]}}, "'' is not the name of a header"),
    ],
)
def test_what_cannot_be_asked_is_refused(written: dict[str, Any], words: str) -> None:
    refused = read(**written)
    assert isinstance(refused, ir.Refusal)
    assert refused.reason is Reason.UNSUPPORTED_VALUE
    assert words in refused.message


@pytest.mark.parametrize(("protocol", "spoken"), [("HTTP", "http1"), ("GRPC", "http2")])
def test_the_service_is_spoken_to_as_the_protocol_asks(protocol: str, spoken: str) -> None:
    found = resolved({"protocol": protocol, "backendRef": AUTH}, {Key("shop", "auth"): service("auth", 9000)})
    assert found.routes[0].authorization == ir.Authorization(
        ir.ClusterKey("shop", "auth", 9000, spoken), protocol == "GRPC"
    )
    assert found.refusals == ()


def test_a_service_that_is_not_there_lets_nothing_pass_and_is_reported() -> None:
    found = resolved({"protocol": "HTTP", "backendRef": AUTH}, {})
    assert found.routes[0].authorization == ir.Authorization(None)
    assert [it.reason for it in found.refusals] == [Reason.BACKEND_NOT_FOUND]
    assert found.valid


def test_a_service_of_another_namespace_needs_a_grant() -> None:
    ref = {**AUTH, "namespace": "security"}
    there = {Key("security", "auth"): service("auth", 9000, namespace="security")}
    found = resolved({"protocol": "HTTP", "backendRef": ref}, there)
    assert [it.reason for it in found.refusals] == [Reason.REF_NOT_PERMITTED]
    given = grant(
        namespace="security",
        from_=({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"},),
        to=({"group": "", "kind": "Service"},),
    )
    found = resolved({"protocol": "HTTP", "backendRef": ref}, there, {"security": (("grant", given.spec),)})
    assert found.refusals == ()
    assert found.routes[0].authorization == ir.Authorization(ir.ClusterKey("security", "auth", 9000))
