"""Filter chains and UDP listeners of TLSRoutes, TCPRoutes and UDPRoutes, read back with protobuf's own decoder."""

from typing import Any

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2, udp_proxy_pb2

from tests.xds.test_listeners import listeners
from tests.xds.world import EDGE, World, http, https, listening
from translator.value import Key, Ref
from translator.xds import verdicts
from translator.xds.resource import Refused, ResourceType

KNOWN = (tcp_proxy_pb2, udp_proxy_pb2, route_pb2)
SECRET = Key("shop", "tls")


def chains(world: World, port: str = "tcp/443") -> dict[str, Any]:
    """The filter chains of a port by name: where each leads, and which server name it is for."""
    return {chain["name"]: leads_to(chain) for chain in listeners(world)[port]["filter_chains"]}


def leads_to(chain: dict[str, Any]) -> Any:
    """A cluster, clusters with weights, or nothing where connections are closed."""
    (proxy,) = (it["typed_config"] for it in chain.get("filters", ())) if "filters" in chain else (None,)
    if proxy is None:
        return None
    if "cluster" in proxy:
        return proxy["cluster"]
    return {it["name"]: it["weight"] for it in proxy["weighted_clusters"]["clusters"]}


def raw(name: str = "raw", hostname: str = "*", **fields: Any) -> Any:
    """A TLS listener at port 443 that passes through."""
    return listening(name, "TLS", 443, hostname, passthrough=True, **fields)


def test_each_domain_has_a_chain_of_its_own() -> None:
    """What no route has is closed, and so is all that goes nowhere."""
    world = World(raw(hostname="*.example.com"))
    world.stream("db", "TLSRoute", "db", "", hostnames=("db.example.com",))
    world.stream("gone", "TLSRoute", "", hostnames=("gone.example.com",))
    assert chains(world) == {
        "raw/*.example.com": None,
        "raw/db.example.com": {"shop/db/80/tcp": 1, "none": 1},
        "raw/gone.example.com": None,
    }


def test_a_route_for_the_whole_listener_takes_the_place_of_what_closes() -> None:
    """Two chains with one match would be refused; where any name will do, it is TLS all the same."""
    world = World(raw()).stream("db", "TLSRoute", "db")
    assert chains(world) == {"raw/*": "shop/db/80/tcp"}
    (chain,) = listeners(world)["tcp/443"]["filter_chains"]
    assert chain["filter_chain_match"] == {"transport_protocol": "tls"}


def test_https_and_both_modes_of_tls_share_a_port() -> None:
    """Only what terminates has certificates, and TCP inside has no ALPN."""
    ended = listening("ended", "TLS", 443, "mail.example.com", certificates=(SECRET,))
    world = World(https("web", "www.example.com", 443, SECRET), ended, raw(hostname="db.example.com"))
    world.stream("mail", "TLSRoute", "mail", hostnames=("mail.example.com",), on="ended")
    world.stream("db", "TLSRoute", "db", hostnames=("db.example.com",), on="raw")
    port = listeners(world)["tcp/443"]
    assert [it["name"] for it in port["listener_filters"]] == ["envoy.filters.listener.tls_inspector"]
    found = {chain["name"]: chain for chain in port["filter_chains"]}
    assert sorted(found) == ["ended/mail.example.com", "raw/db.example.com", "web"]
    assert "transport_socket" not in found["raw/db.example.com"]
    context = found["ended/mail.example.com"]["transport_socket"]["typed_config"]["common_tls_context"]
    assert "alpn_protocols" not in context
    assert [it["name"] for it in context["tls_certificate_sds_secret_configs"]] == ["shop/tls"]


def test_the_first_route_has_the_connections() -> None:
    """The more specific hostname as written, then the older, then the first by name."""
    world, domain = World(raw(hostname="abc.example.com")), "abc.example.com"
    for name, written, born in (("wide", "*.com", "a"), ("exact", domain, "c"), ("late", domain, "d")):
        world.stream(name, "TLSRoute", name, hostnames=((written, domain),), born=born)
    assert chains(world) == {"raw/abc.example.com": "shop/exact/80/tcp"}


def test_a_refused_cluster_keeps_its_share() -> None:
    """Its connections are closed, and it stays among what the Gateway is sent: a new Envoy may take it."""
    world = World(listening("tcp", "TCP", 5432)).stream("db", "TCPRoute", "db*3", "other")
    world.service("db", protocol="tcp").service("other", protocol="tcp").commit()
    version = world.of_type[ResourceType.CLUSTER].get((EDGE, "shop/db/80/tcp")).version
    world.refuse("shop/db/80/tcp", version)
    assert chains(world, "tcp/5432") == {"tcp/*": {"none": 3, "shop/other/80/tcp": 1}}
    row = world.of_type[ResourceType.LISTENER].get((EDGE, "tcp/5432"))
    assert row.clusters == ("shop/other/80/tcp",)
    assert world.of_type[ResourceType.CLUSTER].get((EDGE, "shop/db/80/tcp")) is not None


def test_an_envoy_listener_names_what_it_waits_for() -> None:
    """All clusters that its chains lead to, and for UDP the pool."""
    world = World(listening("tcp", "TCP", 53), listening("udp", "UDP", 53), http())
    world.stream("tcp", "TCPRoute", "b", "a", on="tcp").stream("udp", "UDPRoute", "c", on="udp").commit()
    rows = {name: row.clusters for (_, name), row in world.of_type[ResourceType.LISTENER].items()}
    assert rows == {"tcp/53": ("shop/a/80/tcp", "shop/b/80/tcp"), "udp/53": ("UDPRoute/shop/udp",), "tcp/80": ()}


def test_weights_and_endpoints_change_no_udp_listener() -> None:
    """It is made anew when it changes, and forgets its sessions."""
    world = World(listening("udp", "UDP", 53)).stream("dns", "UDPRoute", "one").commit()
    before = world.of_type[ResourceType.LISTENER].get((EDGE, "udp/53"))
    world.stream("dns", "UDPRoute", "one*3", "two").commit()
    assert world.of_type[ResourceType.LISTENER].get((EDGE, "udp/53")) is before


def test_a_udp_port_without_a_route_has_no_proxy() -> None:
    """Envoy drops what such a listener is sent."""
    found = listeners(World(listening("udp", "UDP", 53)))["udp/53"]
    assert found["address"]["socket_address"]["protocol"] == "UDP"
    assert "listener_filters" not in found


def test_a_change_of_one_route_encodes_one_chain() -> None:
    """And joins one port from the bytes."""
    world = World(raw())
    for n in range(20):
        world.stream(f"r{n}", "TLSRoute", "db", hostnames=(f"r{n}.example.com",))
    world.commit()
    before = world.streams.runs, world.of_type[ResourceType.LISTENER].runs
    world.stream("r7", "TLSRoute", "other", hostnames=("r7.example.com",)).commit()
    assert (world.streams.runs - before[0], world.of_type[ResourceType.LISTENER].runs - before[1]) == (1, 1)


def test_a_refused_listener_is_laid_at_the_door_of_what_is_new_to_the_envoy() -> None:
    """Routes whose chains it holds already are not to blame."""
    world = World(raw()).stream("old", "TLSRoute", "db", hostnames=("old.example.com",)).commit()
    held = world.of_type[ResourceType.LISTENER].get((EDGE, "tcp/443")).body
    world.stream("new", "TLSRoute", "db", hostnames=("new.example.com",)).commit()
    rows = world.of_type[ResourceType.LISTENER]
    suspects = verdicts.stream_suspects([stream for _, stream in world.streams.items()], held)
    assert suspects == (Ref("TLSRoute", "shop", "new"),)
    key = (EDGE, "tcp/443")
    verdict = verdicts.of_listener(key, Refused(rows.get(key).version, "bad chain", suspects), rows)
    assert verdict == verdicts.Verdict("port tcp/443: bad chain", (), suspects)
    assert verdicts.of_listener(key, Refused("another", "bad chain", suspects), rows) is None
