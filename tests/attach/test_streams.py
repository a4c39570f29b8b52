"""Backends of TLSRoutes, TCPRoutes and UDPRoutes, and whose the connections of a listener are."""

from tests.xds.world import EDGE, OLD, listening
from translator import ir
from translator.api import routes as api
from translator.api.meta import Meta
from translator.attach import pools, streams
from translator.value import Ref

DB = ir.ClusterKey("shop", "db", 5432, "tcp")
GONE = ir.Refusal("BackendNotFound", "Service shop/gone does not exist")
UNFOLLOWED = ir.Refusal("InvalidBackendTLS", "BackendTLSPolicy shop/db cannot be followed")


def route(kind: type[api.TLSRoute] | type[api.TCPRoute], *rules: tuple[tuple[str, int], ...]) -> streams.StreamRoute:
    """A route of these rules, each of (Service, weight) pairs."""
    made = tuple(
        api.L4RouteRule(
            backend_refs=tuple(api.BackendRef(name=name, port=5432, weight=weight) for name, weight in rule)
        )
        for rule in rules
    )
    return kind(Meta(name="db", namespace="shop"), api.L4RouteSpec(rules=made))


def found(ref: api.BackendObjectReference) -> ir.ClusterKey | ir.Refusal:
    """The only Service is db."""
    return DB if ref.name == "db" else GONE


def refused(_: api.BackendObjectReference) -> ir.Refusal:
    """A policy keeps every Service from being reached."""
    return UNFOLLOWED


def test_a_backend_that_leads_nowhere_keeps_its_weight() -> None:
    """It is reported, and its share of the connections is refused."""
    made = streams.resolve(route(api.TCPRoute, (("db", 1), ("gone", 4))), found, found)
    assert made.stream == ir.Stream((ir.Backend(DB, 1), ir.Backend(None, 4)), (GONE,))
    assert made.refusals == (GONE,)
    assert made.sealed is None


def test_of_several_rules_the_first_counts() -> None:
    """Nothing tells their connections apart; version v1 allows one alone."""
    made = streams.resolve(route(api.TCPRoute, (("db", 1),), (("gone", 1),)), found, found)
    assert made.stream == ir.Stream((ir.Backend(DB, 1),))


def test_policies_have_no_say_where_tls_is_passed_through() -> None:
    """One that cannot be followed is reported at the listeners that terminate, and nowhere else."""
    made = streams.resolve(route(api.TLSRoute, (("db", 1),)), refused, found)
    assert made.stream == ir.Stream((ir.Backend(None, 1),), (UNFOLLOWED,))
    assert made.sealed == ir.Stream((ir.Backend(DB, 1),))
    passing = listening("passed", "TLS", 443, passthrough=True)
    ending = listening("ended", "TLS", 8443)
    assert streams.unresolved(made, bond(passing)) == ()
    assert streams.unresolved(made, bond(passing, ending)) == (UNFOLLOWED,)


def bond(*listeners: ir.Listener) -> ir.Bond:
    """Attach to these listeners for the hostname shop.example.com."""
    hosts = (("*.example.com", "shop.example.com"),)
    return ir.Bond(api.ParentReference(name="edge"), tuple(ir.Attachment(it, hosts) for it in listeners))


def test_a_route_has_a_place_for_each_listener_and_domain() -> None:
    """The hostname as written ranks it; a listener that takes no traffic has no connections."""
    tls, silent = listening("raw", "TLS", 443), listening("bad", "TLS", 8443, serves=False)
    ref = Ref("TLSRoute", "shop", "db")
    assert list(streams.served(ref, ir.Bound(1, OLD, (bond(tls, silent),)))) == [
        (ir.StreamKey(EDGE, "tcp/443", tls.key, "shop.example.com"), ir.Member(0, -13, OLD, ref), tls)
    ]
    assert list(streams.served(Ref("HTTPRoute", "shop", "db"), ir.Bound(1, OLD, (bond(tls),)))) == []


def test_who_waits_behind_another_is_told() -> None:
    """By TLS for each domain, by TCP for the port."""
    tls, tcp = listening("raw", "TLS", 443), listening("tcp", "TCP", 5432)
    first, second = Ref("TLSRoute", "shop", "first"), Ref("TLSRoute", "shop", "second")
    key = ir.StreamKey(EDGE, "tcp/443", tls.key, "shop.example.com")
    winners = {key: streams.First(first, tls)}
    assert streams.behind(first, bond(tls), winners) == ""
    assert streams.behind(second, bond(tls), winners) == (
        "TLSRoute shop/first comes first at listener raw for shop.example.com"
    )
    anything = ir.Bond(api.ParentReference(name="edge"), (ir.Attachment(tcp, (("", "*"),)),))
    place = ir.StreamKey(EDGE, "tcp/5432", tcp.key, "*")
    older = {place: streams.First(Ref("TCPRoute", "shop", "older"), tcp)}
    assert streams.behind(Ref("TCPRoute", "shop", "newer"), anything, older) == (
        "TCPRoute shop/older comes first at listener tcp"
    )


# ---- pools ----------------------------------------------------------------------------------------------------------

DNS, DNS2 = (ir.ClusterKey("shop", name, 53, "udp") for name in ("dns", "dns2"))
QUERIES = Ref("UDPRoute", "shop", "queries")
LOCATED = {"shop/dns/53/udp": ir.Endpoints("shop/dns/53/udp", (("10.0.0.1", 5353), ("10.0.0.2", 5353)))}


def pool(*backends: ir.Backend, reached: dict[str, ir.Cluster] | None = None) -> ir.Pool | None:
    """Gather these backends; only dns has endpoints."""
    resolved = ir.Resolved((), stream=ir.Stream(backends))
    return pools.gather(QUERIES, resolved, reached or {}, LOCATED)


def test_a_backend_has_one_share_however_many_endpoints_it_has() -> None:
    """The weights of equal backends add up, and a weight of 0 is none."""
    made = pool(ir.Backend(DNS, 3), ir.Backend(DNS, 4), ir.Backend(DNS2, 0))
    addresses = LOCATED["shop/dns/53/udp"].addresses
    assert made == ir.Pool("UDPRoute/shop/queries", (ir.Share("shop/dns/53/udp", 7, addresses),))


def test_all_that_nobody_is_behind_has_one_share() -> None:
    """Envoy counts an address once, in whichever locality comes first: two shares of nobody would be less than both."""
    made = pool(ir.Backend(None, 20), ir.Backend(DNS2, 5))
    assert made == ir.Pool("UDPRoute/shop/queries", (ir.Share("", 25, ()),))


def test_names_are_resolved_by_the_pool() -> None:
    """One name among the backends is enough."""
    far = ir.Cluster("shop/dns2/53/udp", DNS2, dns=(("dns.example.org", 53),))
    made = pool(ir.Backend(DNS, 1), ir.Backend(DNS2, 1), reached={far.name: far})
    assert made is not None
    assert made.resolves
    assert made.shares[1] == ir.Share("shop/dns2/53/udp", 1, (("dns.example.org", 53),))


def test_other_routes_have_no_pool() -> None:
    """Connections have weighted clusters."""
    resolved = ir.Resolved((), stream=ir.Stream((ir.Backend(DB, 1),)))
    assert pools.gather(Ref("TCPRoute", "shop", "db"), resolved, {}, {}) is None
