from typing import Any

import msgspec
import pytest

from tests.builders import grant, service
from translator import ir
from translator.api.core import Service
from translator.api.routes import BackendObjectReference
from translator.attach import backends
from translator.attach.conditions import Reason
from translator.attach.policies import Applied
from translator.value import Key, Ref

HTTP, GRPC = Ref("HTTPRoute", "shop", "route"), Ref("GRPCRoute", "shop", "route")
CART = Key("shop", "cart")


def resolve(
    document: dict[str, Any], *services: Service, home: Ref = HTTP, granted: Any = None, targeted: Any = None
) -> ir.ClusterKey | ir.Refusal:
    ref = msgspec.convert(document, BackendObjectReference)
    return backends.resolve(ref, home, {it.metadata.key: it for it in services}, granted or {}, targeted or {})


def reason(*args: Any, **kwargs: Any) -> str:
    it = resolve(*args, **kwargs)
    assert isinstance(it, ir.Refusal), it
    return it.reason


def cart(**port: Any) -> Service:
    return service("cart", ports=[{"port": 8080, **port}])


def test_a_service_port_is_a_cluster() -> None:
    assert resolve({"name": "cart", "port": 8080}, cart()) == ir.ClusterKey("shop", "cart", 8080, "http1")


def test_a_grpc_route_speaks_http2() -> None:
    assert resolve({"name": "cart", "port": 8080}, cart(), home=GRPC) == ir.ClusterKey("shop", "cart", 8080, "http2")


def test_a_missing_service_is_not_found() -> None:
    assert resolve({"name": "cart", "port": 8080}) == ir.Refusal(
        Reason.BACKEND_NOT_FOUND, "Service shop/cart does not exist"
    )


def test_a_port_that_the_service_lacks_is_not_found() -> None:
    assert reason({"name": "cart", "port": 81}, cart()) == Reason.BACKEND_NOT_FOUND
    assert reason({"name": "cart"}, cart()) == Reason.BACKEND_NOT_FOUND


def test_an_unknown_kind_is_an_invalid_kind_even_elsewhere() -> None:
    assert resolve({"name": "x", "kind": "Bucket", "group": "example.net", "namespace": "bank"}) == ir.Refusal(
        Reason.INVALID_KIND,
        "backendRef x is of kind Bucket.example.net: only Services, ServiceImports and XBackends are supported",
    )


def test_another_namespace_needs_a_grant_before_it_is_asked_what_exists() -> None:
    ref = {"name": "cart", "namespace": "bank", "port": 8080}
    there = service("cart", namespace="bank")
    assert reason(ref, there) == Reason.REF_NOT_PERMITTED
    assert reason(ref) == Reason.REF_NOT_PERMITTED
    spec = grant(
        from_=({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"},),
        to=({"group": "", "kind": "Service"},),
    ).spec
    granted = {"bank": (("grant", spec),)}
    assert resolve(ref, there, granted=granted) == ir.ClusterKey("bank", "cart", 8080, "http1")
    assert reason(ref, granted=granted) == Reason.BACKEND_NOT_FOUND
    assert reason(ref, there, home=GRPC, granted=granted) == Reason.REF_NOT_PERMITTED


@pytest.mark.parametrize(
    ("app_protocol", "http", "grpc"),
    [
        (None, "http1", "http2"),
        ("http", "http1", "http2"),
        ("kubernetes.io/h2c", "http2", "http2"),
        ("grpc", "http2", "http2"),
        ("kubernetes.io/ws", "http1", None),
        ("kubernetes.io/wss", "https1", None),
        ("https", "https1", "https2"),
        ("postgresql", None, None),
        ("kubernetes.io/h3", None, None),
    ],
)
def test_app_protocol_says_how_a_backend_is_spoken_to(
    app_protocol: str | None, http: str | None, grpc: str | None
) -> None:
    for home, expected in ((HTTP, http), (GRPC, grpc)):
        found = resolve({"name": "cart", "port": 8080}, cart(appProtocol=app_protocol), home=home)
        if expected is None:
            assert isinstance(found, ir.Refusal)
            assert found.reason == Reason.UNSUPPORTED_PROTOCOL
        else:
            assert found == ir.ClusterKey("shop", "cart", 8080, expected)


def test_a_udp_port_is_an_unsupported_protocol() -> None:
    assert resolve({"name": "cart", "port": 8080}, cart(protocol="UDP")) == ir.Refusal(
        Reason.UNSUPPORTED_PROTOCOL, "port 8080 of Service shop/cart is a UDP port, and HTTPRoute needs TCP"
    )
    assert reason({"name": "cart", "port": 8080}, cart(), home=Ref("UDPRoute", "shop", "r")) == (
        Reason.UNSUPPORTED_PROTOCOL
    )


def test_one_number_may_be_a_port_of_two_protocols() -> None:
    both = service("cart", ports=[{"port": 8080, "protocol": "UDP"}, {"port": 8080, "appProtocol": "https"}])
    assert resolve({"name": "cart", "port": 8080}, both) == ir.ClusterKey("shop", "cart", 8080, "https1")


def test_headless_services_are_services() -> None:
    headless = service("cart", 8080, clusterIP="None")
    assert resolve({"name": "cart", "port": 8080}, headless) == ir.ClusterKey("shop", "cart", 8080)


def test_an_external_name_without_ports_has_every_port() -> None:
    external = service("cart", ports=[], type="ExternalName", externalName="cart.example.com")
    assert resolve({"name": "cart", "port": 443}, external) == ir.ClusterKey("shop", "cart", 443)
    listed = service("cart", 8080, type="ExternalName", externalName="cart.example.com")
    assert reason({"name": "cart", "port": 443}, listed) == Reason.BACKEND_NOT_FOUND


TLS_ROUTE = Ref("TLSRoute", "shop", "cart")
IN_FORCE = {CART: (Applied("", Key("shop", "verify"), None),)}


@pytest.mark.parametrize(
    ("home", "app_protocol", "protocol"),
    [
        (HTTP, None, "https1"),
        (HTTP, "https", "https1"),
        (HTTP, "kubernetes.io/h2c", "https2"),
        (HTTP, "kubernetes.io/ws", "https1"),
        (GRPC, None, "https2"),
        (GRPC, "https", "https2"),
        (TLS_ROUTE, None, "tls"),
    ],
)
def test_a_policy_has_its_service_spoken_to_over_tls(home: Ref, app_protocol: str | None, protocol: str) -> None:
    given = service("cart", ports=[{"port": 8080, "appProtocol": app_protocol}])
    found = resolve({"name": "cart", "port": 8080}, given, home=home, targeted=IN_FORCE)
    assert found == ir.ClusterKey("shop", "cart", 8080, protocol)


def test_a_policy_for_a_port_leaves_the_others_as_they_are() -> None:
    given = service("cart", ports=[{"name": "web", "port": 8080}, {"name": "admin", "port": 9090}])
    targeted = {CART: (Applied("web", Key("shop", "verify"), None),)}
    assert resolve({"name": "cart", "port": 8080}, given, targeted=targeted) == ir.ClusterKey(*CART, 8080, "https1")
    assert resolve({"name": "cart", "port": 9090}, given, targeted=targeted) == ir.ClusterKey(*CART, 9090)


def test_a_service_whose_policy_cannot_be_followed_is_refused() -> None:
    """Nothing goes out in clear, or unverified, that was asked to be encrypted and verified."""
    refusal = ir.Refusal(Reason.INVALID_BACKEND_TLS, "BackendTLSPolicy shop/verify cannot be followed")
    targeted = {CART: (Applied("", Key("shop", "verify"), refusal),)}
    assert resolve({"name": "cart", "port": 8080}, cart(), targeted=targeted) == refusal


def test_udp_is_left_as_it_is() -> None:
    given = service("cart", ports=[{"port": 53, "protocol": "UDP"}])
    found = resolve({"name": "cart", "port": 53}, given, home=Ref("UDPRoute", "shop", "cart"), targeted=IN_FORCE)
    assert found == ir.ClusterKey("shop", "cart", 53, "udp")


def test_the_names_of_iana_are_read_in_any_case() -> None:
    given = service("cart", ports=[{"port": 8080, "appProtocol": "HTTPS"}])
    assert resolve({"name": "cart", "port": 8080}, given) == ir.ClusterKey("shop", "cart", 8080, "https1")
