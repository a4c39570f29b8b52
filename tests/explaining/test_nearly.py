"""What nearly served a request: the objects that Envoys never heard of, and what they are told."""

from typing import Any

from tests.builders import backend_tls_policy, gateway, gateway_class, http_route, https, listener, meta, service
from translator.pipeline import Settings, Translator
from translator.value import Key
from xds_server.cli.offline import Offline, of_translator
from xds_server.debug.explained import World, explained
from xds_server.debug.v1 import debug_pb2 as pb

TO_CART = {"backendRefs": [{"name": "cart", "port": 80}]}


def asked(url: str, *objects: tuple[str, Any], **more: Any) -> Any:
    """Explain a request in a world of these objects and a Service."""
    translator = Translator(Settings())
    for kind, value in (("GatewayClass", gateway_class()), ("Service", service("cart", 80)), *objects):
        translator.put(kind, value)
    translator.commit()
    world: Offline = of_translator(translator)
    request = pb.ExplainRequest(method="GET", url=url, gateway="shop/edge", **more)
    [found] = explained(request, world.snapshots, World(translator, world.statuses)).explanations
    return found


def test_a_route_that_was_not_accepted_is_named_with_its_condition() -> None:
    only = listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]})
    route = http_route(TO_CART, name="cart", hostnames=("shop.example.com",))
    found = asked("http://shop.example.com/", ("Gateway", gateway(only)), ("HTTPRoute", route))
    assert any(it.startswith("HTTPRoute shop/cart has the host, but Accepted is False (") for it in found.hints)


def test_a_route_of_another_host_is_not_named() -> None:
    only = listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]})
    route = http_route(TO_CART, name="cart", hostnames=("other.example.com",))
    found = asked("http://shop.example.com/", ("Gateway", gateway(only)), ("HTTPRoute", route))
    assert not any("HTTPRoute" in it for it in found.hints)


def test_a_listener_that_is_not_served_is_named_with_its_condition() -> None:
    found = asked("https://shop.example.com/", ("Gateway", gateway(listener(), https("tls", "missing"))))
    assert any("listener tls of Gateway shop/edge has port 443, but" in it and "missing" in it for it in found.hints)


def test_a_rule_without_a_backend_comes_with_the_condition_that_says_why() -> None:
    route = http_route({"backendRefs": [{"name": "gone", "port": 80}]}, name="cart")
    found = asked("http://shop.example.com/", ("Gateway", gateway()), ("HTTPRoute", route))
    [hint] = [it for it in found.hints if "(BackendNotFound)" in it]
    assert hint.startswith("HTTPRoute shop/cart: ResolvedRefs is False (BackendNotFound): ")


def test_policies_that_have_a_say_are_named_with_what_they_are_told() -> None:
    """One that cannot be followed as well: then nothing reaches the backend."""
    route = http_route(TO_CART, name="cart")
    world = (("Gateway", gateway()), ("HTTPRoute", route))
    in_force = backend_tls_policy("cart", authorities=(), wellKnownCACertificates="System")
    [policy] = asked("http://a.example.com/", *world, ("BackendTLSPolicy", in_force)).policies
    assert (policy.object.name, policy.target, policy.words) == ("verify", "backend shop/cart/80/https1", "in force")


def test_a_session_is_told_and_where_it_comes_from() -> None:
    rule = {**TO_CART, "sessionPersistence": {"type": "Header", "header": {"name": "kept"}}}
    found = asked("http://a.example.com/", ("Gateway", gateway()), ("HTTPRoute", http_route(rule, name="cart")))
    assert "keeps a client at its endpoint by header kept" in found.won[0].filters


def test_what_the_backend_is_asked_for_is_told() -> None:
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"}, "hostname": "inner.test"}
    rule = {
        "matches": [{"path": {"value": "/cart"}}],
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
        **TO_CART,
    }
    route = http_route(rule, metadata=meta("cart"))
    [won] = asked("http://a.example.com/cart/7?x=1", ("Gateway", gateway()), ("HTTPRoute", route)).won
    assert (won.path, won.host) == ("/v2/7?x=1", "inner.test")


def test_the_gateway_is_the_one_that_was_asked() -> None:
    found = asked("http://a.example.com/", ("Gateway", gateway()))
    assert found.gateway == str(Key("shop", "edge"))
