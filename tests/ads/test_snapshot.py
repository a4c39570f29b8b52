"""Snapshots: the same content in the same version, whatever the way to it, and only those concerned are woken."""

from hypothesis import given
from hypothesis import strategies as st

from tests.ads.world import CLUSTER, GATEWAY, ROUTE, a_cluster, a_host
from translator.value import Key
from translator.xds.resource import HostChange, ResourceChange, TableChange, route_table
from xds_server.route_configuration import RouteConfiguration
from xds_server.snapshot import Changed, Item, SnapshotCache

OTHER = Key("default", "other")
DOMAINS = st.sampled_from(["a", "b", "c", "*.d", "*"])


@given(st.lists(st.tuples(DOMAINS, st.none() | st.integers(0, 3))))
def test_a_table_is_what_its_hosts_are_however_they_came(edits: list[tuple[str, int | None]]) -> None:
    head = route_table("web", b"head\n")
    edited = RouteConfiguration(head)
    for domain, revision in edits:
        edited = edited.edited(head, {domain: None if revision is None else a_host(domain, (), revision)})
    built = RouteConfiguration().edited(head, {domain: edited.hosts[domain] for domain in reversed(edited.names)})
    assert edited.version == built.version
    assert edited.body == built.body == b"head\n" + b"".join(edited.hosts[name].frame for name in sorted(edited.hosts))


@given(st.lists(st.dictionaries(st.integers(0, 60), st.booleans(), max_size=60)))
def test_a_table_edited_in_bulk_is_sorted_and_leaves_the_one_before_alone(edits: list[dict[int, bool]]) -> None:
    table, expected = RouteConfiguration(route_table("web", b"")), set[str]()
    for edit in edits:
        before, names = table, table.names
        table = table.edited(table.head, {f"h{it}": a_host(f"h{it}") if put else None for it, put in edit.items()})
        expected |= {f"h{it}" for it, put in edit.items() if put}
        expected -= {f"h{it}" for it, put in edit.items() if not put}
        assert list(table.names) == sorted(expected) == sorted(table.hosts)
        assert before.names == names


def test_a_change_wakes_the_streams_of_its_gateway_alone() -> None:
    cache, woken, others = SnapshotCache(), list[Changed](), list[Changed]()
    cache[GATEWAY].watch(woken.append)
    cache[OTHER].watch(others.append)
    cart = a_cluster("cart")
    changed = cache.apply(
        [ResourceChange(GATEWAY, CLUSTER, "cart", cart), HostChange(GATEWAY, "web", "a", a_host("a"))]
    )
    assert changed == {GATEWAY}
    assert woken == [{CLUSTER: {Item("cart")}, ROUTE: {Item("web", "a")}}]
    assert not others


def test_hosts_exist_once_their_table_does_and_go_with_it() -> None:
    cache, web, a = SnapshotCache(), route_table("web", b""), a_host("a")
    snapshot = cache[GATEWAY]
    snapshot.watch(lambda _: None)
    cache.apply([HostChange(GATEWAY, "web", "a", a)])
    assert snapshot.get(ROUTE, Item("web", "a")) is None
    cache.apply([TableChange(GATEWAY, "web", web)])
    assert snapshot.get(ROUTE, Item("web", "a")) == a
    cache.apply([TableChange(GATEWAY, "web", None)])
    assert snapshot.get(ROUTE, Item("web", "a")) is None
    assert not list(snapshot.names(ROUTE))


def test_a_gateway_that_is_gone_takes_no_room() -> None:
    cache = SnapshotCache()
    cache.apply([ResourceChange(GATEWAY, CLUSTER, "cart", a_cluster("cart"))])
    assert list(cache) == [GATEWAY]
    cache.apply([ResourceChange(GATEWAY, CLUSTER, "cart", None)])
    assert not list(cache)
