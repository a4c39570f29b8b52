"""What Envoys refuse or do not answer for is laid at the doors of the objects that made it, whatever resource it is."""

import pytest

from tests.builders import backend_tls_policy, config_map, gateway, gateway_class, http_route, https, service
from tests.echo.certificates import self_signed
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.pipeline import Settings
from translator.value import Key, Ref
from translator.xds.resource import Resource, ResourceType, resource
from xds_server.ads.channel import Channel, Flight
from xds_server.ads.troubles import Trouble, troubles
from xds_server.control_plane import ControlPlane
from xds_server.debug import details
from xds_server.debug.troubles import told
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.files import Put
from xds_server.snapshot import Item

EDGE = Key("shop", "edge")
GATEWAY, CART, TILL = Ref("Gateway", "shop", "edge"), Ref("HTTPRoute", "shop", "cart"), Ref("HTTPRoute", "shop", "till")
SERVICE, VERIFY = Ref("Service", "shop", "cart"), Ref("BackendTLSPolicy", "shop", "verify")
CLUSTER, ENDPOINT, SECRET, LISTENER, ROUTE = (
    *(ResourceType.CLUSTER, ResourceType.ENDPOINT, ResourceType.SECRET),
    *(ResourceType.LISTENER, ResourceType.ROUTE),
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"), "a.example.com")
    data = {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes()}
    plane = ControlPlane(Settings(dns_services=True))
    to_cart = {"backendRefs": [{"name": "cart", "port": 80}]}
    to_till = {"backendRefs": [{"name": "till", "port": 80}]}
    for kind, value in (
        ("GatewayClass", gateway_class()),
        ("Gateway", gateway(https("tls", "tls", hostname="*.example.com"))),
        ("Secret", Secret(Meta(name="tls", namespace="shop"), "kubernetes.io/tls", data)),
        ("ConfigMap", config_map("ca", certificate.read_text())),
        ("Service", service("cart", 80)),
        ("Service", service("till", 80)),
        ("BackendTLSPolicy", backend_tls_policy("cart")),
        ("HTTPRoute", http_route(to_cart, name="cart", hostnames=("a.example.com",))),
        ("HTTPRoute", http_route(to_till, name="till", hostnames=("*.example.com",))),
    ):
        plane.change([Put(Ref(kind, *value.metadata.key), value)])
    return plane


def table(plane: ControlPlane) -> str:
    [name] = (it for it in plane.snapshots[EDGE].names(ROUTE) if not it.startswith("misdirected"))
    return name


def test_every_type_of_resource_knows_who_made_it(plane: ControlPlane) -> None:
    owners = plane.translator.owners
    assert owners.of(EDGE, CLUSTER, "shop/cart/80/https1") == (SERVICE, CART, VERIFY)
    assert owners.of(EDGE, ENDPOINT, "shop/till/80") == (Ref("Service", "shop", "till"), TILL)
    assert owners.of(EDGE, SECRET, "shop/tls") == (Ref("Secret", "shop", "tls"), GATEWAY)
    assert owners.of(EDGE, SECRET, "ca/ConfigMap/shop/ca") == (Ref("ConfigMap", "shop", "ca"), SERVICE, CART, VERIFY)
    assert owners.of(EDGE, LISTENER, "tcp/443") == (GATEWAY,)
    assert owners.of(EDGE, ROUTE, table(plane), "a.example.com") == (CART, TILL, GATEWAY)
    assert owners.of(EDGE, ROUTE, table(plane), "*.example.com") == (TILL, GATEWAY)
    assert owners.of(EDGE, ROUTE, table(plane)) == (GATEWAY,)


def test_what_nobody_is_known_of_is_the_gateways(plane: ControlPlane) -> None:
    assert plane.translator.owners.of(EDGE, CLUSTER, "shop/gone/80") == (GATEWAY,)


def test_an_object_shows_what_envoys_make_of_what_it_became(plane: ControlPlane) -> None:
    """A Service, which is told nothing in conditions, shows as well."""
    refused = Trouble(EDGE, "pod-1", CLUSTER, Item("shop/cart/80/https1"), "2", "1", "no such thing")
    slow = Trouble(EDGE, "pod-2", ROUTE, Item(table(plane), "*.example.com"), "4", "3", "", 31.4)
    found = told((refused, slow), plane.translator.owners)
    listed = details.objects(pb.ListObjectsRequest(amiss=True), plane.statuses, found).objects
    seen = {(it.object.kind, it.object.name): [(t.kind, t.serves, t.words) for t in it.troubles] for it in listed}
    a, b = ("refused", "1", "no such thing"), ("slow", "3", "has not answered for 31 s")
    assert seen[("Service", "cart")] == [a]
    assert seen[("HTTPRoute", "cart")] == [a]
    assert seen[("HTTPRoute", "till")] == [b]
    assert seen[("BackendTLSPolicy", "verify")] == [a]


def test_one_object_is_told_with_what_it_became_and_caused(plane: ControlPlane) -> None:
    places = details.places(CART, plane.snapshots, plane.translator.owners, ())
    found = details.details(CART, plane.statuses, (), places, plane.history.last())
    assert {(it.type, it.host) for it in found.places} >= {("clusters", ""), ("routes", "a.example.com")}
    assert [cause.name for cause in found.changes[0].causes] == ["cart"]


def flight(sent_at: float, before: Resource | None) -> Flight:
    return Flight(
        "1", 1, sent_at, {Item("shop/cart/80"): resource("shop/cart/80", b"new")}, {Item("shop/cart/80"): before}
    )


def test_an_answer_is_slow_once_patience_ends() -> None:
    """What the Envoy serves meanwhile is what it had before."""
    channel, old = Channel(CLUSTER), resource("shop/cart/80", b"old")
    channel.flights = [flight(10.0, old)]
    assert not list(troubles(EDGE, "pod-1", (channel,), now=39.0))
    [found] = troubles(EDGE, "pod-1", (channel,), now=41.0)
    assert (found.item.name, found.serves, found.seconds, found.is_refusal) == (
        "shop/cart/80",
        old.version,
        31.0,
        False,
    )


def test_a_refusal_tells_what_is_served_still() -> None:
    channel, old = Channel(CLUSTER), resource("shop/cart/80", b"old")
    channel.put({Item("shop/cart/80"): old})
    channel.refused[Item("shop/cart/80")] = ("2", "no such thing")
    [found] = troubles(EDGE, "pod-1", (channel,), now=0.0)
    assert (found.version, found.serves, found.words, found.is_refusal) == ("2", old.version, "no such thing", True)
