"""Virtual hosts: which routes answer for a domain, and in which order."""

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from tests.xds.world import EVERYTHING, World, http, https, path, to, when
from translator import ir
from translator.value import Key
from translator.xds import hosts
from translator.xds.resource import ResourceType

EXACT, PREFIX = (0,), (2, -5)


def host(world: World, domain: str, table: str = "http/80/0") -> route_components_pb2.VirtualHost | None:
    found = next((row for key, row in world.hosts.items() if (key.domain, key.table) == (domain, table)), None)
    return None if found is None else route_pb2.RouteConfiguration.FromString(found.frame).virtual_hosts[0]


def clusters(world: World, domain: str, table: str = "http/80/0") -> list[str]:
    """The Services that the domain's routes go to, in order."""
    found = host(world, domain, table)
    assert found is not None
    assert list(found.domains) == [domain]
    return [route.route.cluster.split("/")[1] for route in found.routes]


def test_without_hostnames_a_route_answers_for_every_host() -> None:
    world = World(http()).route("cart", when(EVERYTHING, to("cart"))).commit()
    assert [key.domain for key, _ in world.hosts.items()] == ["*"]
    assert clusters(world, "*") == ["cart"]


def test_a_domain_falls_back_on_the_wildcards_above_it() -> None:
    world = World(http())
    world.route("exact", when(path("exact", "/a"), to("exact")), hostnames=("www.example.com",))
    world.route("wild", when(path("exact", "/b"), to("wild")), hostnames=("*.example.com",))
    world.route("any", when(path("exact", "/c"), to("any")))
    world.commit()
    assert clusters(world, "www.example.com") == ["exact", "wild", "any"]
    assert clusters(world, "*.example.com") == ["wild", "any"]
    assert clusters(world, "*") == ["any"]


def test_the_more_specific_hostname_comes_before_the_better_match() -> None:
    world = World(http())
    world.route("wild", when(path("exact", "/a"), to("wild"), EXACT), hostnames=("*.example.com",))
    world.route("exact", when(path("prefix", "/a"), to("exact"), PREFIX), hostnames=("www.example.com",))
    world.commit()
    assert clusters(world, "www.example.com") == ["exact", "wild"]


def test_of_equal_hostnames_the_better_match_comes_first_whichever_route_it_is_of() -> None:
    world = World(http())
    world.route("a", when(path("prefix", "/aaaa"), to("a1"), PREFIX), when(path("exact", "/b"), to("a2"), EXACT))
    world.route("b", when(path("exact", "/a"), to("b"), EXACT))
    world.commit()
    assert clusters(world, "*") == ["a2", "b", "a1"]


def test_of_equal_matches_the_older_route_comes_first_then_the_order_as_written() -> None:
    world = World(http())
    world.route("b", when(path("exact", "/x"), to("b1")), when(path("exact", "/x"), to("b2")))
    world.route("a", when(path("exact", "/x"), to("a")))
    world.commit()
    assert clusters(world, "*") == ["a", "b1", "b2"]


def test_behind_a_route_that_catches_all_there_is_nothing() -> None:
    world = World(http())
    world.route("exact", when(EVERYTHING, to("exact")), hostnames=("www.example.com",))
    world.route("any", when(path("exact", "/c"), to("any")))
    world.commit()
    assert clusters(world, "www.example.com") == ["exact"]


def test_what_cannot_be_reached_wakes_nobody() -> None:
    """A host whose routes catch all does not depend on the wildcards above it."""
    world = World(http())
    world.route("exact", when(EVERYTHING, to("exact")), hostnames=("www.example.com",))
    world.route("any", when(path("exact", "/c"), to("any"))).commit()
    before = world.hosts.runs
    world.route("any", when(path("exact", "/d"), to("any"))).commit()
    assert world.hosts.runs - before == 1


def test_a_route_that_two_of_its_hostnames_lead_to_counts_once() -> None:
    world = World(http())
    world.route("both", when(path("exact", "/a"), to("both")), hostnames=("www.example.com", "*.example.com"))
    world.commit()
    assert clusters(world, "www.example.com") == ["both"]


def test_a_listeners_hostname_answers_without_routes() -> None:
    """404, and not as the less specific listener beside it would."""
    world = World(http("any"), http("shop", "*.example.com")).route("cart", when(EVERYTHING, to("cart")), on="any")
    world.commit()
    assert clusters(world, "*.example.com") == []
    assert clusters(world, "*") == ["cart"]


def test_a_domain_never_falls_back_on_another_listeners_routes() -> None:
    world = World(http("any"), http("shop", "*.example.com"))
    world.route("any", when(path("exact", "/a"), to("any")), on="any")
    world.route("cart", when(path("exact", "/b"), to("cart")), hostnames=("www.example.com",), on="shop")
    world.commit()
    assert clusters(world, "www.example.com") == ["cart"]


def test_a_listener_that_does_not_serve_has_no_hosts() -> None:
    world = World(http("shop", "*.example.com", serves=False)).route("cart", when(EVERYTHING, to("cart"))).commit()
    assert len(world.hosts) == len(world.tables) == 0


def test_https_listeners_have_tables_of_their_own() -> None:
    world = World(https("one", "a.com", 443, Key("shop", "tls")), https("two", "b.com", 443, Key("shop", "tls")))
    world.route("one", when(EVERYTHING, to("one")), hostnames=("a.com",), on="one").commit()
    assert {"https/443/one/0", "https/443/two/0"} <= {name for (_, name), _ in world.tables.items()}
    assert clusters(world, "a.com", "https/443/one/0") == ["one"]
    assert clusters(world, "b.com", "https/443/two/0") == []


def test_a_host_names_the_clusters_that_it_needs() -> None:
    world = World(http()).route("cart", when(EVERYTHING, to("next", "cart", "old*0"))).commit()
    ((_, found),) = world.hosts.items()
    assert found.clusters == ("shop/cart/80", "shop/next/80")


def test_what_could_not_be_sent_is_tried_once_more_at_another_endpoint() -> None:
    found = host(World(http()).route("cart", when(EVERYTHING, to("cart"))).commit(), "*")
    assert found is not None
    assert found.retry_policy.retry_on == "connect-failure,reset-before-request"
    assert not found.retry_policy.HasField("num_retries")  # which is one
    (predicate,) = found.retry_policy.retry_host_predicate
    assert predicate.typed_config.Is(previous_hosts_pb2.PreviousHostsPredicate.DESCRIPTOR)


def test_a_host_that_sends_nothing_tries_nothing() -> None:
    found = host(World(http()).route("old", when(EVERYTHING, ir.Redirect(301, hostname="new"))).commit(), "*")
    assert found is not None
    assert not found.HasField("retry_policy")


def test_routes_of_other_kinds_have_no_hosts() -> None:
    world = World(http()).route("cart", when(EVERYTHING, to("cart")), kind="TCPRoute").commit()
    assert len(world.hosts) == 0


def test_a_refused_attachment_serves_nothing() -> None:
    world = World(http()).route("cart", when(EVERYTHING, to("cart"))).commit()
    ((ref, bound),) = world.bound.items()
    refusal = ir.Refusal("NotAllowedByListeners", "")
    world.bound.put(
        ref, ir.Bound(1, bound.age, tuple(ir.Bond(bond.parent_ref, bond.attachments, refusal) for bond in bound.bonds))
    )
    world.commit()
    assert len(world.hosts) == 0


def test_an_edit_of_a_host_is_narrowed_to_the_clusters_that_it_comes_to_need_or_not() -> None:
    """What is left is spread as the whole would be."""
    made = World(http())
    made.route("cart", when(EVERYTHING, to("a", "b", "c"))).commit()
    (key, old), *_ = made.hosts.items()
    made.route("cart", when(EVERYTHING, to("b", "c", "d"))).commit()
    new = made.hosts.get(key)
    assert new is not None
    names = [[group[1] for group, _, _ in hosts.clusters_used(key, it)] for it in hosts.clusters_changed(old, new)]
    assert names == [["shop/a/80"], ["shop/d/80"]]
    assert [it.clusters for it in hosts.clusters_changed(new, new)] == [(), ()]
    for name in "abcd":
        made.service(name)
    used = [name for (_, name), _ in made.commit().of_type[ResourceType.CLUSTER].items()]
    assert sorted(used) == ["shop/b/80", "shop/c/80", "shop/d/80"]
