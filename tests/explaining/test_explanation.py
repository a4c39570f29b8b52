"""What an explanation says, of small worlds whose answers are written out."""

from tests.builders import backend_tls_policy, gateway, gateway_class, http_route, https, listener, service
from translator.api.core import Service
from translator.ir import Placement
from translator.pipeline import Settings, Translator
from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, explain, in_words
from xds_server.explaining.request import read
from xds_server.rendering import route_configuration


def world(*objects: tuple[str, object], port_offset: int = 0) -> Configuration:
    translator = Translator(Settings(dns_services=True))
    translator.place(Key("shop", "edge"), Placement(port_offset=port_offset))
    translator.put("GatewayClass", gateway_class())
    for kind, value in objects:
        translator.put(kind, value)  # type: ignore[arg-type]
    translator.commit()
    rows: list[tuple[str, str, bytes]] = [(kind, item.name, item.body) for _, kind, item in translator.resources()]
    rows += [(ResourceType.ROUTE, t.name, route_configuration(t, hosts)) for _, t, hosts in translator.tables()]
    return Configuration("shop/edge", rows)


def cart() -> tuple[str, Service]:
    return "Service", service("cart", 80)


def to_cart(*, weight: int = 1, **match: object) -> dict[str, object]:
    return {"matches": [match], "backendRefs": [{"name": "cart", "port": 80, "weight": weight}]}


def asked(url: str, *headers: str, on: Configuration, method: str = "GET") -> Explanation:
    return explain(read(method, url, headers), on)


def test_the_first_reason_of_each_loser_is_named() -> None:
    """Rules stand in the order in which Envoy asks them, each with what speaks against it first."""
    on = world(
        ("Gateway", gateway()),
        cart(),
        (
            "HTTPRoute",
            http_route(
                to_cart(path={"type": "Exact", "value": "/cart"}, method="POST"),
                to_cart(path={"type": "PathPrefix", "value": "/"}, headers=[{"name": "x-user", "value": "7"}]),
                name="cart",
            ),
        ),
    )
    found = asked("http://shop.example.com/cart", "x-user: 8", on=on)
    assert [(it.object, it.lost) for it in found.considered] == [
        ("HTTPRoute shop/cart, rule 0, match 0", "method is GET, not POST"),
        ("HTTPRoute shop/cart, rule 1, match 0", "header x-user is 8, not 7"),
    ]
    assert (found.is_served, found.status) == (False, 404)
    assert found.hints == (
        "HTTPRoute shop/cart, rule 0, match 0 would take it, but method is GET, not POST",
        "HTTPRoute shop/cart, rule 1, match 0 would take it, but header x-user is 8, not 7",
    )


def test_a_winner_names_its_cluster_and_endpoints() -> None:
    on = world(("Gateway", gateway()), cart(), ("HTTPRoute", http_route(to_cart(), name="cart")))
    [won] = asked("http://shop.example.com/", on=on).won
    [destination] = won.answer.destinations
    assert (destination.cluster, destination.percent) == ("shop/cart/80", 100.0)
    assert [(it.address, it.health) for it in destination.endpoints] == [("cart:80", "unknown")]


def test_a_winner_says_what_its_backend_has_to_show() -> None:
    policy = backend_tls_policy("cart", authorities=(), wellKnownCACertificates="System")
    route = http_route(to_cart(), name="cart")
    on = world(("Gateway", gateway()), cart(), ("BackendTLSPolicy", policy), ("HTTPRoute", route))
    [won] = asked("http://shop.example.com/", on=on).won
    assert won.answer.filters == (
        "speaks TLS to shop/cart/80/https1 for cart.example.com, verified as cart.example.com by ca/System",
    )
    unverified = ("Service", service("cart", ports=[{"port": 80, "appProtocol": "https"}]))
    [won] = asked("http://shop.example.com/", on=world(("Gateway", gateway()), unverified, ("HTTPRoute", route))).won
    assert won.answer.filters == ("speaks TLS to shop/cart/80/https1 for cart, not verified",)


def test_a_share_without_a_backend_says_what_becomes_of_it() -> None:
    rule = {"backendRefs": [{"name": "cart", "port": 80, "weight": 3}, {"name": "gone", "port": 80, "weight": 1}]}
    on = world(("Gateway", gateway()), cart(), ("HTTPRoute", http_route(rule, name="cart")))
    [won] = asked("http://shop.example.com/", on=on).won
    assert [(it.percent, it.words) for it in won.answer.destinations] == [(75.0, ""), (25.0, "answered with 500")]


def test_a_rule_without_a_backend_points_to_the_condition_that_says_why() -> None:
    rule = {"backendRefs": [{"name": "gone", "port": 80}]}
    found = asked(
        "http://shop.example.com/", on=world(("Gateway", gateway()), ("HTTPRoute", http_route(rule, name="cart")))
    )
    assert [won.answer.status for won in found.won] == [500]
    assert found.hints == (
        "no backend of HTTPRoute shop/cart, rule 0, match 0 can be reached: its ResolvedRefs condition says why",
    )


def test_a_port_without_a_listener_is_said_with_those_there_are() -> None:
    found = asked("https://shop.example.com/", on=world(("Gateway", gateway(listener("http")))))
    assert found.words == "no listener on port 443; there is tcp/80"


def test_a_port_that_envoys_serve_elsewhere_is_known_by_both_numbers() -> None:
    on = world(("Gateway", gateway(listener("http"))), cart(), ("HTTPRoute", http_route(to_cart())), port_offset=10000)
    found = [asked(url, on=on) for url in ("http://shop.example.com/", "http://shop.example.com:10080/")]
    assert [(it.listener, it.is_served) for it in found] == [("tcp/80", True)] * 2


def test_an_unknown_host_is_told_which_there_are() -> None:
    hosts = ("shop.example.com",)
    on = world(("Gateway", gateway()), cart(), ("HTTPRoute", http_route(to_cart(), name="cart", hostnames=hosts)))
    found = asked("http://shop.example.org/", on=on)
    assert (found.status, found.hints) == (404, ("hosts of this port: shop.example.com",))


def test_a_listener_without_a_certificate_serves_nothing() -> None:
    on = world(("Gateway", gateway(https("tls", "missing"))))
    assert not asked("https://shop.example.com/", on=on).is_served


def test_names_of_routes_are_put_into_words() -> None:
    assert in_words("grpcroute/shop/cart/rule/2/match/0") == "GRPCRoute shop/cart, rule 2, match 0"
    assert in_words("something-else") == "something-else"
