"""Envoy listeners, route tables and secrets, read back with protobuf's own decoder."""

from typing import Any

import msgspec
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from google.protobuf import json_format

from tests.envoy import static
from tests.xds.world import EDGE, EVERYTHING, World, http, https, to, when
from translator import ir
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.value import Key, Ref
from translator.xds.names import table_name
from translator.xds.resource import ResourceType

TLS, OTHER_TLS = Key("shop", "tls"), Key("shop", "other-tls")
ADS = {"ads": {}, "resource_api_version": "V3"}


def listeners(world: World) -> dict[str, dict[str, Any]]:
    return {
        resource.name: json_format.MessageToDict(
            listener_pb2.Listener.FromString(resource.body), preserving_proto_field_name=True
        )
        for kind, resource in world.commit().resources()
        if kind is ResourceType.LISTENER
    }


def manager(chain: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = chain["filters"][0]["typed_config"]
    return found


def scopes_of(manager: dict[str, Any]) -> str:
    """What the keys of a listener's scopes begin with."""
    assert "rds" not in manager
    [extension] = manager["early_header_mutation_extensions"]
    [mutation] = extension["typed_config"]["mutations"]
    place: str = mutation["append"]["header"]["value"].partition("%CEL(")[0]
    return place


def test_the_tables_of_listeners_that_cannot_have_many_hosts_are_found_by_their_names() -> None:
    """Scopes are for HTTP and for wildcards of the Gateway's own: all others would pay for what they cannot need."""
    world = World(https("one", "a.com", 443, TLS), https("any", "*", 443, TLS))
    of_set = ir.ListenerKey(Ref("ListenerSet", "shop", "extra"), "wild")
    wild = https("wild", "*.example.com", 443, TLS)
    wild = msgspec.structs.replace(wild, key=of_set, table=table_name("HTTPS", 443, of_set))
    world.parents.put(of_set.parent, ir.Parent(EDGE, (wild,)))
    chains = {chain["name"]: manager(chain) for chain in listeners(world)["tcp/443"]["filter_chains"]}
    assert scopes_of(chains.pop("any")) == "https/443/any/"
    assert {name: it["rds"] for name, it in chains.items()} == {
        name: {"config_source": ADS, "route_config_name": f"https/443/{name}/0"}
        for name in ("one", "ListenerSet/shop/extra/wild")
    }


def test_listeners_of_one_port_share_an_envoy_listener_and_its_route_table() -> None:
    found = listeners(World(http("a", "a.com"), http("b", "b.com"), http("c", port=8080)))
    assert sorted(found) == ["tcp/80", "tcp/8080"]
    (chain,) = found["tcp/80"]["filter_chains"]
    assert scopes_of(manager(chain)) == "http/80/"


def test_a_listener_is_bound_where_the_gateway_is_placed() -> None:
    world = World(http(), http("high", port=8080)).place(ir.Placement("127.0.1.1", port_offset=10000))
    found = listeners(world)
    assert [found[name]["address"]["socket_address"] for name in ("tcp/80", "tcp/8080")] == [
        {"address": "127.0.1.1", "port_value": 10080},
        {"address": "127.0.1.1", "port_value": 8080},
    ]
    moved, unmoved = (manager(found[name]["filter_chains"][0]) for name in ("tcp/80", "tcp/8080"))
    assert moved["strip_matching_host_port"] is True
    assert "strip_matching_host_port" not in unmoved


def test_an_exclusive_placement_shares_its_ports_with_no_other_envoy() -> None:
    """Unasked, Envoys share a port (SO_REUSEPORT), and each would answer some of the other's requests."""
    (alone,) = listeners(World(http()).place(ir.Placement("127.0.1.1", exclusive=True))).values()
    assert alone["enable_reuse_port"] is False
    (shared,) = listeners(World(http()).place(ir.Placement("127.0.1.1"))).values()
    assert "enable_reuse_port" not in shared


def test_https_listeners_are_told_apart_by_server_name() -> None:
    found = listeners(World(https("shop", "*.example.com", 443, TLS, OTHER_TLS), https("any", "*", 443, TLS)))
    assert found["tcp/443"]["listener_filters"][0]["name"] == "envoy.filters.listener.tls_inspector"
    chains = {chain["name"]: chain for chain in found["tcp/443"]["filter_chains"]}
    assert chains["shop"]["filter_chain_match"] == {"server_names": ["*.example.com"]}
    assert "filter_chain_match" not in chains["any"]
    assert scopes_of(manager(chains["any"])) == "https/443/any/"
    assert chains["shop"]["transport_socket"]["typed_config"]["common_tls_context"] == {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [
            {"name": name, "sds_config": {**ADS, "initial_fetch_timeout": "2s"}}
            for name in ("shop/tls", "shop/other-tls")
        ],
    }


def test_a_listener_that_does_not_serve_is_left_out() -> None:
    assert listeners(World(http(serves=False), https("tls", "*", 443, serves=False))) == {}
    (chain,) = listeners(World(https("bad", "a.com", 443, serves=False), https("good", "b.com", 443, TLS)))["tcp/443"][
        "filter_chains"
    ]
    assert chain["name"] == "good"


def test_a_listener_does_not_change_with_its_routes() -> None:
    """A changed listener drains the connections of the old one."""
    world = World(http()).commit()
    before = world.resources()
    world.route("cart", when(EVERYTHING, to("cart")), hostnames=("www.example.com",)).commit()
    assert world.resources() == before
    assert world.of_type[ResourceType.LISTENER].runs == 1


def test_websockets_are_let_through() -> None:
    (chain,) = listeners(World(http()))["tcp/80"]["filter_chains"]
    assert manager(chain)["upgrade_configs"] == [{"upgrade_type": "websocket"}]


def test_a_route_table_has_no_hosts_of_its_own() -> None:
    world = World(http()).route("cart", when(EVERYTHING, to("cart"))).commit()
    ((table, hosts),) = world.route_tables()
    assert json_format.MessageToDict(
        route_pb2.RouteConfiguration.FromString(table.head), preserving_proto_field_name=True
    ) == {
        "name": "http/80/0",
        "request_headers_to_remove": ["x-gatehouse-scope"],
        "ignore_port_in_host_matching": True,
        "validate_clusters": False,
        "most_specific_header_mutations_wins": True,
    }
    assert [host.name for host in static.route_configuration(table, hosts).virtual_hosts] == ["*"]


def test_a_secret_is_served_once_for_all_listeners_that_use_it() -> None:
    stored = Secret(Meta(name="tls", namespace="shop"), "kubernetes.io/tls", {"tls.crt": b"chain", "tls.key": b"key"})
    world = World(https("a", "a.com", 443, TLS), https("b", "b.com", 443, TLS)).secret(stored).commit()
    ((key, resource),) = world.of_type[ResourceType.SECRET].items()
    assert key == (EDGE, "shop/tls")
    message = secret_pb2.Secret.FromString(resource.body)
    assert message.name == "shop/tls"
    assert message.tls_certificate.certificate_chain.inline_bytes == b"chain"
    assert message.tls_certificate.private_key.inline_bytes == b"key"
