from typing import Any

import pytest

from tests.attach.test_endpoints import slice_
from tests.builders import service
from translator import ir
from translator.api.core import Service
from translator.attach import clusters
from translator.value import Key, Ref

ROUTE = Ref("HTTPRoute", "shop", "route")
CART = Key("shop", "cart")


def reach(
    it: Service | None, protocol: str = "http1", port: int = 8080, sliced: Any = None, dns: bool = False
) -> ir.Cluster | None:
    named = ((ROUTE, ir.ClusterKey("shop", "cart", port, protocol)),)
    return clusters.reach(
        dns, "name", named, {} if it is None else {CART: it}, {} if sliced is None else {CART: sliced}
    )


def dns(cluster: ir.Cluster | None) -> tuple[tuple[str, int], ...]:
    assert cluster is not None
    return cluster.dns


def test_a_route_names_the_clusters_of_its_backends_and_mirrors_once() -> None:
    cart, audit, http2 = (
        ir.ClusterKey("shop", "cart", 8080),
        ir.ClusterKey("shop", "audit", 80),
        ir.ClusterKey("shop", "cart", 8080, "http2"),
    )
    actions: tuple[ir.Action, ...] = (
        ir.Forward((ir.Backend(cart, 1), ir.Backend(None, 1), ir.Backend(http2, 1)), mirrors=(ir.Mirror(audit),)),
        ir.Forward((ir.Backend(cart, 1),)),
        ir.Redirect(302),
        ir.Respond(500),
    )
    made = tuple(ir.Route("r", (), ir.Match(ir.Path("prefix", "/")), action) for action in actions)
    resolved = ir.Resolved(made)
    assert sorted(clusters.named(ROUTE, resolved)) == [
        ("shop/audit/80", ROUTE, audit),
        ("shop/cart/8080", ROUTE, cart),
        ("shop/cart/8080/http2", ROUTE, http2),
    ]


def test_a_service_is_reached_by_its_endpoints() -> None:
    assert reach(service(), sliced=()) == ir.Cluster("name", ir.ClusterKey("shop", "cart", 8080))
    assert dns(reach(service())) == ()


def test_a_service_or_port_that_is_gone_is_no_cluster() -> None:
    assert reach(None) is None
    assert reach(service(), port=81) is None


def test_a_service_without_slices_may_be_resolved_under_its_own_name() -> None:
    number = service(ports=[{"port": 8080, "targetPort": 3000}])
    name = service(ports=[{"port": 8080, "targetPort": "http"}])
    assert dns(reach(number, dns=True)) == (("cart", 3000),)
    assert dns(reach(name, dns=True)) == (("cart", 8080),)
    assert dns(reach(service(), dns=True)) == (("cart", 8080),)
    assert dns(reach(number, dns=True, sliced=())) == ()


@pytest.mark.parametrize("by_dns", [True, False])
def test_an_external_name_is_resolved_by_dns(by_dns: bool) -> None:
    external = service(type="ExternalName", externalName="cart.example.com.")
    assert dns(reach(external, dns=by_dns)) == (("cart.example.com", 8080),)


def test_an_external_name_that_is_none_has_no_endpoints() -> None:
    for written in ("", "a b", "*.example.com"):
        assert dns(reach(service(type="ExternalName", externalName=written))) == ()


def test_slices_of_names_are_resolved_by_dns() -> None:
    fqdn = (
        slice_("b.example.com", ("c.example.com", {"ready": False}), type_="FQDN"),
        slice_("a.example.com.", type_="FQDN"),
    )
    assert dns(reach(service(), sliced=fqdn)) == (("a.example.com", 3000), ("b.example.com", 3000))


def test_tls_names_the_server() -> None:
    external = service(type="ExternalName", externalName="cart.example.com")
    for it, by_dns, expected in (
        (service(), False, "cart.shop.svc"),
        (service(), True, "cart"),
        (external, False, "cart.example.com"),
    ):
        found = reach(it, "https1", dns=by_dns)
        assert found is not None
        assert found.server_name == expected
        plain = reach(it, "http2", dns=by_dns)
        assert plain is not None
        assert plain.server_name == ""
