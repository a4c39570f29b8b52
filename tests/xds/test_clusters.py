"""Clusters and endpoints, read back with protobuf's own decoder."""

from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf import json_format

from tests.envoy import static
from tests.xds.world import EDGE, EVERYTHING, World, http, to, when
from translator import ir
from translator.value import Key, Ref
from translator.xds import cluster, endpoint
from translator.xds.names import cluster_name
from translator.xds.resource import Refused, Resource, ResourceType

assert static.KNOWN
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
UNLIMITED = 4294967295
VERSIONS = {"tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"}}
CA = Ref("ConfigMap", "shop", "ca")


def cart(protocol: str = "http1", **fields: Any) -> ir.Cluster:
    key = ir.ClusterKey("shop", "cart", 80, protocol)
    return ir.Cluster(cluster_name(key), key, **fields)


def some(row: Resource | None) -> Resource:
    assert row is not None
    return row


def decoded(row: ir.Cluster) -> dict[str, Any]:
    return decoded_row(cluster.encode(row.name, row))


def decoded_row(row: Resource) -> dict[str, Any]:
    message = cluster_pb2.Cluster.FromString(row.body)
    found: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return found


def test_a_cluster_gets_its_endpoints_over_the_same_stream() -> None:
    assert decoded(cart()) == {
        "name": "shop/cart/80",
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "2s"}},
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": 32768,
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": UNLIMITED,
                    "max_pending_requests": UNLIMITED,
                    "max_requests": UNLIMITED,
                    "max_retries": 1024,
                }
            ]
        },
        "ignore_health_on_host_removal": True,
    }


def test_a_name_is_resolved_by_envoy() -> None:
    found = decoded(cart(dns=(("cart.example.com", 8080),)))
    assert found["cluster_type"]["name"] == "envoy.clusters.dns"
    assert found["cluster_type"]["typed_config"]["respect_dns_ttl"] is True
    assert found["load_assignment"]["endpoints"][0]["lb_endpoints"] == [
        {"endpoint": {"address": {"socket_address": {"address": "cart.example.com", "port_value": 8080}}}}
    ]
    assert "eds_cluster_config" not in found


@pytest.mark.parametrize("protocol", ["http2", "https2"])
def test_http_2_is_spoken_with_prior_knowledge(protocol: str) -> None:
    options = decoded(cart(protocol))["typed_extension_protocol_options"][HTTP_OPTIONS]
    assert options["explicit_http_config"] == {"http2_protocol_options": {}}


@pytest.mark.parametrize(
    ("protocol", "alpn"),
    [
        ("https1", {"alpn_protocols": ["http/1.1"]}),
        ("https2", {"alpn_protocols": ["h2"]}),
        ("tls", {}),
    ],
)
def test_tls_names_the_server(protocol: str, alpn: dict[str, Any]) -> None:
    context = decoded(cart(protocol, server_name="cart.example.com"))["transport_socket"]["typed_config"]
    assert context["sni"] == "cart.example.com"
    assert context["common_tls_context"] == {**VERSIONS, **alpn}


def test_a_cluster_verifies_names_and_authorities() -> None:
    """What is verified stands in the cluster; whom it trusts is a secret of its own."""
    names = (("DNS", "cart.example.com"), ("URI", "spiffe://example.com/cart"))
    verification = ir.Verification(
        "cart.example.com", names, (CA, Ref("ClusterTrustBundle", "", "example.com:internal"))
    )
    context = decoded(cart("https1", verification=verification))["transport_socket"]["typed_config"]
    assert context["common_tls_context"]["combined_validation_context"] == {
        "default_validation_context": {
            "match_typed_subject_alt_names": [
                {"san_type": "DNS", "matcher": {"exact": "cart.example.com"}},
                {"san_type": "URI", "matcher": {"exact": "spiffe://example.com/cart"}},
            ]
        },
        "validation_context_sds_secret_config": {
            "name": "ca/ConfigMap/shop/ca+ClusterTrustBundle/example.com:internal",
            "sds_config": {"ads": {}, "initial_fetch_timeout": "2s", "resource_api_version": "V3"},
        },
    }


def test_gateways_that_show_a_certificate_share_a_cluster_and_the_others_do_too() -> None:
    """Which certificate it is stands in a secret of the Gateway."""
    over_tls, plain = cart("https1"), cart()
    rows = {"cart": cluster.encode("cart", over_tls)}
    presenting = {"cart": some(cluster.presenting("cart", over_tls))}
    assert cluster.presenting("cart", plain) is None
    shown = cluster.of_gateway((EDGE, "cart"), True, {EDGE: Key("infra", "edge-tls")}, presenting, rows)
    assert shown == cluster.of_gateway((EDGE, "cart"), True, {EDGE: Key("infra", "new-tls")}, presenting, rows)
    assert cluster.of_gateway((EDGE, "cart"), True, {}, presenting, rows) == rows["cart"]
    context = decoded_row(some(shown))["transport_socket"]["typed_config"]["common_tls_context"]
    assert [it["name"] for it in context["tls_certificate_sds_secret_configs"]] == ["client-certificate"]


def test_endpoints() -> None:
    row = endpoint.encode("shop/cart/80", ir.Endpoints("shop/cart/80", (("10.0.0.1", 8080), ("fd00::1", 8080))))
    message = endpoint_pb2.ClusterLoadAssignment.FromString(row.body)
    addresses = [it.endpoint.address.socket_address for it in message.endpoints[0].lb_endpoints]
    assert message.cluster_name == row.name == "shop/cart/80"
    assert [(it.address, it.port_value) for it in addresses] == [("10.0.0.1", 8080), ("fd00::1", 8080)]


def test_without_addresses_the_endpoints_are_known_to_be_none() -> None:
    row = endpoint.encode("shop/cart/80", ir.Endpoints("shop/cart/80", ()))
    assert endpoint_pb2.ClusterLoadAssignment.FromString(row.body) == endpoint_pb2.ClusterLoadAssignment(
        cluster_name="shop/cart/80"
    )


def test_a_gateway_has_the_clusters_that_its_hosts_need_and_no_others() -> None:
    world = World(http()).service("cart").service("idle").route("cart", when(EVERYTHING, to("cart"))).commit()
    for kind in (ResourceType.CLUSTER, ResourceType.ENDPOINT):
        assert [key for key, _ in world.of_type[kind].items()] == [(EDGE, "shop/cart/80")]


def test_a_refused_cluster_is_named_by_no_route_until_it_changes() -> None:
    """Its routes answer with an error meanwhile; the version that was refused is all that the refusal is about."""
    world = World(http()).service("cart").route("cart", when(EVERYTHING, to("cart"))).commit()
    ((_, resource),) = world.of_type[ResourceType.CLUSTER].items()
    world.refuse(resource.name, resource.version).commit()
    ((_, host),) = world.hosts.items()
    assert (host.clusters, host.refused) == ((), (resource.name,))
    assert [name for (_, name), _ in world.of_type[ResourceType.CLUSTER].items()] == [resource.name]
    world.service("cart", dns=(("cart.example.com", 80),)).commit()
    ((_, host),) = world.hosts.items()
    assert (host.clusters, len(world.of_type[ResourceType.CLUSTER])) == (("shop/cart/80",), 1)


def test_a_refusal_of_another_version_is_no_refusal() -> None:
    row = cluster.encode("shop/cart/80", cart())
    assert cluster.unusable((EDGE, row.name), Refused("another", ""), {}, {}, {row.name: row}) is None
    assert cluster.unusable((EDGE, row.name), Refused(row.version, ""), {}, {}, {row.name: row}) is True
    assert cluster.unusable((EDGE, row.name), Refused(row.version, ""), {}, {}, {}) is None
