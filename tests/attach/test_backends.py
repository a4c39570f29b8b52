from typing import Any

import msgspec
import pytest

from tests.builders import grant, service
from translator import ir
from translator.api.core import Service
from translator.api.routes import BackendObjectReference
from translator.attach import backends
from translator.attach.conditions import Reason
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
        Reason.INVALID_KIND, "backendRef x is of kind Bucket.example.net: only Services are supported"
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


def test_a_service_that_a_policy_wants_reached_over_tls_is_refused() -> None:
    """Nothing goes out in clear that was asked to be encrypted."""
    targeted = {CART: (((Key("shop", "cart-tls"), 0), ""),)}
    assert resolve({"name": "cart", "port": 8080}, cart(), targeted=targeted) == ir.Refusal(
        Reason.UNSUPPORTED_PROTOCOL,
        "BackendTLSPolicy shop/cart-tls asks for TLS to Service shop/cart, which is not done yet; nothing is sent "
        "without it, so remove the policy to send unverified",
    )


def test_a_service_that_a_policy_wants_over_tls_gets_no_plain_traffic() -> None:
    targeted = {CART: (((Key("shop", "policy"), 0), ""),)}
    assert reason({"name": "cart", "port": 8080}, cart(), targeted=targeted) == Reason.UNSUPPORTED_PROTOCOL
