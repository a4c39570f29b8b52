"""Virtual hosts of listeners whose requests pass filters, read back with protobuf's own decoder."""

from typing import Any

from envoy.config.route.v3 import route_pb2
from google.protobuf import json_format

from tests.envoy import static  # noqa: F401 knows what Any holds
from tests.xds.world import EDGE, EVERYTHING, World, http, to, when
from translator import ir
from translator.attach.listener_filters import Filtering
from translator.value import Key
from translator.xds import http_filters, listener_filters
from translator.xds.listener_filters import EncodedFilters
from translator.xds.resource import VirtualHost

LISTENER = http(filtered=True)
AUTH = ir.Authorization(ir.ClusterKey("shop", "auth", 80))


def encode(*authorizations: ir.Authorization, unusable: dict[tuple[Key, str], bool] | None = None) -> EncodedFilters:
    parents = {LISTENER.key.parent: ir.Parent(EDGE, (LISTENER,))}
    found = listener_filters.encode(LISTENER.key, Filtering(authorizations), parents, unusable or {})
    assert found is not None
    return found


def hosts(encoded: EncodedFilters) -> dict[str, VirtualHost]:
    world = World(LISTENER).route("cart", when(EVERYTHING, to("cart")), hostnames=("a.com",))
    world.filters.put(LISTENER.key, encoded)
    return {host.name: host for _, table in world.commit().route_tables() for host in table}


def decoded(host: VirtualHost) -> dict[str, Any]:
    message = route_pb2.RouteConfiguration.FromString(host.frame).virtual_hosts[0]
    found: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return found


def test_every_host_passes_the_filters_whether_a_route_matches_or_not() -> None:
    found = hosts(encode(AUTH))
    assert sorted(found) == ["*", "a.com"]
    for name, routes in (("*", 1), ("a.com", 2)):
        host = decoded(found[name])
        assert len(host["routes"]) == routes
        assert host["routes"][-1] == {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
        assert host["typed_per_filter_config"].keys() == {
            http_filters.LISTENER,
            http_filters.AUTHORIZATION,
            http_filters.SESSION,
        }


def test_filters_stand_in_their_order() -> None:
    other = ir.Authorization(ir.ClusterKey("shop", "other", 80, "http2"), grpc=True)
    chain = decoded(hosts(encode(AUTH, other))["*"])["typed_per_filter_config"][http_filters.LISTENER]["filter_chain"]
    assert [it["name"] for it in chain["filters"]] == ["0", "1"]
    first, second = (it["typed_config"] for it in chain["filters"])
    assert first["http_service"]["server_uri"]["cluster"] == "shop/auth/80"
    assert second["grpc_service"]["envoy_grpc"]["cluster_name"] == "shop/other/80/http2"
    assert first["clear_route_cache"] is second["clear_route_cache"] is True


def test_a_host_needs_the_clusters_of_the_filters() -> None:
    found = hosts(encode(AUTH))
    assert found["*"].clusters == ("shop/auth/80",)
    assert found["a.com"].clusters == ("shop/auth/80", "shop/cart/80")


def test_where_nobody_can_be_asked_no_host_is_served() -> None:
    for closed in (
        encode(AUTH, ir.Authorization(None)),
        encode(AUTH, unusable={(EDGE, "shop/auth/80"): True}),
    ):
        for host in hosts(closed).values():
            assert decoded(host)["routes"] == [{"match": {"prefix": "/"}, "direct_response": {"status": 500}}]
    assert hosts(encode(AUTH, unusable={(EDGE, "shop/auth/80"): True}))["*"].refused == ("shop/auth/80",)
