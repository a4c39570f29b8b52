from typing import Any

import msgspec

from tests.builders import meta, service
from translator import ir
from translator.api.core import EndpointSlice, Service
from translator.attach import endpoints
from translator.value import Key

CART = Key("shop", "cart")
CLUSTER = ir.Cluster("shop/cart/8080", ir.ClusterKey("shop", "cart", 8080))


def slice_(
    *found: Any, name: str = "cart-1", type_: str = "IPv4", ports: Any = ({"name": "", "port": 3000},)
) -> EndpointSlice:
    """A slice of Service cart; an endpoint is an address, or (address, conditions)."""
    pairs = [(it, {}) if isinstance(it, str) else it for it in found]
    document = {
        "metadata": meta(name, labels={"kubernetes.io/service-name": "cart"}),
        "addressType": type_,
        "endpoints": [{"addresses": [address], "conditions": conditions} for address, conditions in pairs],
        "ports": ports,
    }
    return msgspec.convert(document, EndpointSlice)


def located(*slices: EndpointSlice, of: Service | None = None) -> tuple[tuple[str, int], ...]:
    rows = tuple((f"cart-{number}", it) for number, it in enumerate(slices))
    found = endpoints.locate(CLUSTER.name, CLUSTER, {CART: of or service()}, {CART: rows} if rows else {})
    assert found is not None
    assert found.cluster == "shop/cart/8080"
    return found.addresses


def test_slices_are_grouped_by_the_service_that_their_label_names() -> None:
    it = slice_("10.0.0.1")
    assert list(endpoints.by_service(Key("shop", "cart-1"), it)) == [(CART, "cart-1", it)]
    stray = msgspec.convert({"metadata": meta("stray")}, EndpointSlice)
    assert list(endpoints.by_service(Key("shop", "stray"), stray)) == []


def test_addresses_are_sorted_and_free_of_duplicates() -> None:
    assert located(slice_("10.0.0.2", "10.0.0.1"), slice_("10.0.0.2")) == (("10.0.0.1", 3000), ("10.0.0.2", 3000))


def test_a_service_without_slices_has_no_addresses() -> None:
    assert located() == ()
    assert endpoints.locate(CLUSTER.name, CLUSTER, {}, {}) == ir.Endpoints("shop/cart/8080", ())


def test_of_two_families_the_first_that_the_service_has_counts() -> None:
    """The slices of both are of the same pods, which may listen on one alone."""
    both = (slice_("10.0.0.1"), slice_("fd00::1", type_="IPv6"))
    assert located(*both) == (("10.0.0.1", 3000),)
    assert located(*both, of=service(ipFamilies=["IPv6", "IPv4"])) == (("fd00::1", 3000),)


def test_a_family_without_addresses_leaves_it_to_the_other() -> None:
    six = slice_("fd00::1", type_="IPv6")
    assert located(six) == (("fd00::1", 3000),)
    assert located(slice_(("10.0.0.1", {"ready": False})), six) == (("fd00::1", 3000),)


def test_an_endpoint_that_is_not_ready_gets_no_traffic() -> None:
    it = slice_("10.0.0.1", ("10.0.0.2", {"ready": False}), ("10.0.0.3", {"ready": True}))
    assert located(it) == (("10.0.0.1", 3000), ("10.0.0.3", 3000))


def test_where_none_is_ready_those_terminating_still_serve() -> None:
    draining = {"ready": False, "serving": True, "terminating": True}
    gone = {"ready": False, "serving": False, "terminating": True}
    starting = {"ready": False, "serving": True}
    it = slice_(("10.0.0.1", draining), ("10.0.0.2", gone), ("10.0.0.3", starting))
    assert located(it) == (("10.0.0.1", 3000),)
    assert located(it, slice_("10.0.0.4")) == (("10.0.0.4", 3000),)


def test_ports_are_found_by_name() -> None:
    named = service(ports=[{"name": "admin", "port": 9090}, {"name": "web", "port": 8080, "targetPort": "http"}])
    ports = ({"name": "admin", "port": 9001}, {"name": "web", "port": 3000})
    assert located(slice_("10.0.0.1", ports=ports), of=named) == (("10.0.0.1", 3000),)
    assert located(slice_("10.0.0.1"), of=named) == ()


def test_a_port_of_another_transport_is_another_port() -> None:
    assert located(slice_("10.0.0.1", ports=({"name": "", "port": 3000, "protocol": "UDP"},))) == ()


def test_a_slice_port_without_number_stands_for_the_services_own() -> None:
    open_ = slice_("10.0.0.1", ports=({"name": None, "port": None},))
    assert located(open_) == (("10.0.0.1", 8080),)
    assert located(open_, of=service(ports=[{"port": 8080, "targetPort": 3000}])) == (("10.0.0.1", 3000),)


def test_absent_lists_are_empty_lists() -> None:
    document = {"metadata": meta("cart-1"), "addressType": "IPv4", "endpoints": None, "ports": None}
    assert located(msgspec.convert(document, EndpointSlice)) == ()


def test_what_is_no_address_is_left_out() -> None:
    it = slice_("10.0.0.1", "10.0.0", "cart.example.com", "fe80::1%eth0", "")
    assert located(it) == (("10.0.0.1", 3000),)


def test_a_cluster_that_dns_finds_has_no_endpoints_of_its_own() -> None:
    it = ir.Cluster(CLUSTER.name, CLUSTER.key, (("cart", 8080),))
    assert endpoints.locate(it.name, it, {CART: service()}, {}) is None


def test_slices_of_addresses_exist_without_content() -> None:
    assert endpoints.exists(CART, (("cart-1", slice_("10.0.0.1")),)) == ()
    fqdn = slice_("cart.example.com", type_="FQDN")
    assert endpoints.exists(CART, (("cart-1", fqdn),)) == (fqdn,)
    assert endpoints.exists(CART, (("cart-1", fqdn), ("cart-2", slice_("10.0.0.1")))) == ()
