"""The first request that is told to whoever runs a stack: one that its route answers."""

from typing import Any

import pytest

from tests import builders
from translator.api.routes import ParentReference
from translator.status import Condition, ParentStatus, RouteStatus
from xds_server.local.endpoints import Endpoint, first_request

URL = "http://127.20.0.1:10080"
SECURE = Endpoint(listener="https", scheme="https", hostname="", address="127.20.0.1", port=10443, listener_port=443)


def plain(hostname: str = "") -> Endpoint:
    return Endpoint(
        listener="http", scheme="http", hostname=hostname, address="127.20.0.1", port=10080, listener_port=80
    )


def status(accepted: bool = True) -> RouteStatus:
    condition = Condition("Accepted", accepted, "Accepted", "", 1)
    return RouteStatus(parents=(ParentStatus(ParentReference(name="edge"), (condition,)),))


@pytest.mark.parametrize(
    ("rule", "command"),
    [
        ({}, f"curl {URL}/"),
        ({"matches": []}, f"curl {URL}/"),
        ({"matches": [{"path": {"value": "/cart"}}]}, f"curl {URL}/cart"),
        ({"matches": [{"method": "PUT"}]}, f"curl -X PUT {URL}/"),
        ({"matches": [{"headers": [{"name": "x-user", "value": "a b"}]}]}, f"curl -H 'x-user: a b' {URL}/"),
        ({"matches": [{"queryParams": [{"name": "q", "value": "a b"}]}]}, f"curl '{URL}/?q=a+b'"),
    ],
)
def test_it_is_what_the_first_match_asks_for(rule: dict[str, Any], command: str) -> None:
    """Path, method, headers and query parameters of the first match; a rule without matches takes any request."""
    assert first_request(builders.http_route(rule), status(), [plain()]) == command


def test_a_match_by_regular_expression_is_passed_over() -> None:
    """Another match is tried; a route of such matches alone has no first request."""
    regex = {"matches": [{"path": {"type": "RegularExpression", "value": "/a+"}}]}
    other = {"matches": [{"path": {"value": "/b"}}]}
    assert first_request(builders.http_route(regex, other), status(), [plain()]) == f"curl {URL}/b"
    assert first_request(builders.http_route(regex), status(), [plain()]) is None


@pytest.mark.parametrize(
    ("wanted", "listener", "host"),
    [
        (("shop.example.com",), "", "shop.example.com"),
        (("*.example.com",), "shop.example.com", "shop.example.com"),
        (("*.example.com",), "*.shop.example.com", "any.shop.example.com"),
        (("other.org", "shop.example.com"), "*.example.com", "shop.example.com"),
        ((), "*.example.com", "any.example.com"),
    ],
)
def test_its_host_is_one_that_route_and_listener_have_in_common(
    wanted: tuple[str, ...], listener: str, host: str
) -> None:
    """A hostname of the route that the listener has not is not asked for."""
    route = builders.http_route({}, hostnames=wanted)
    assert first_request(route, status(), [plain(listener)]) == f"curl -H 'Host: {host}' {URL}/"


def test_https_finds_the_address_by_name() -> None:
    """The name goes into the URL, for TLS is to know it."""
    route = builders.http_route({}, hostnames=("shop.example.com",))
    command = "curl -k --resolve shop.example.com:10443:127.20.0.1 https://shop.example.com:10443/"
    assert first_request(route, status(), [SECURE]) == command


def test_a_route_that_is_not_accepted_has_none() -> None:
    """Nobody is told to send what nobody answers."""
    assert first_request(builders.http_route({}), status(accepted=False), [plain()]) is None
