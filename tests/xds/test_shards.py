"""Shards: which virtual hosts a shard has, how many shards there are, and the scopes that name them."""

from hypothesis import given
from hypothesis import strategies as st

from tests.xds.world import EDGE, EVERYTHING, World, http, https, to, when
from translator import ir
from translator.wiring.shards import changed_hosts, changed_scopes, changed_tables
from translator.xds.resource import HostChange, ResourceType
from translator.xds.shards import KEYS, Sharding, count, key_of

SMALL = Sharding(table_bytes=400, copies=2)
TABLE = "http/80/0"


def world(*hosts: str, sharding: Sharding = SMALL) -> World:
    """One listener with a route for each host."""
    made = World(http(), sharding=sharding)
    for host in hosts:
        made.route(host, when(EVERYTHING, to("cart")), hostnames=(host,))
    return made.commit()


def numbered(number: int) -> list[str]:
    return [f"h{nth}.example.com" for nth in range(number)]


def test_a_host_is_in_one_shard_and_a_wildcard_in_all() -> None:
    made = world(*numbered(40), "*.example.org")
    tables = {table.name: {host.name for host in hosts} for table, hosts in made.route_tables()}
    assert len(tables) == made.divided.number(EDGE, TABLE) > 1
    assert all("*.example.org" in hosts for hosts in tables.values())
    exact = [host for hosts in tables.values() for host in hosts if host != "*.example.org"]
    assert sorted(exact) == sorted(numbered(40))


def test_every_key_has_a_scope_and_every_shard_one_that_keeps_it() -> None:
    made = world(*numbered(40))
    shards = [table.name for table, _ in made.route_tables()]
    scopes = {row.name: row.tables for kind, row in made.resources() if kind is ResourceType.SCOPE}
    number = len(shards)
    assert {name: scopes[name] for name in (f"http/80/{key}" for key in range(KEYS))} == {
        f"http/80/{key}": (f"http/80/{number}.{key % number}",) for key in range(KEYS)
    }
    assert {f"hold/{shard}": (shard,) for shard in shards}.items() <= scopes.items()
    assert len(scopes) == KEYS + number


def test_a_table_that_grows_is_divided_while_its_listener_stays_as_it_is() -> None:
    made = world("a.example.com")
    listeners = [row for kind, row in made.resources() if kind is ResourceType.LISTENER]
    assert [table.name for table, _ in made.route_tables()] == [TABLE]
    for host in numbered(10):
        made.route(host, when(EVERYTHING, to("cart")), hostnames=(host,))
    made.commit()
    assert [row for kind, row in made.resources() if kind is ResourceType.LISTENER] == listeners
    heads = {change.name: change.table is None for change in changed_tables(made.tables)}
    assert heads == {TABLE: True, **{f"http/80/64.{nth}": False for nth in range(64)}}
    assert {change.name for change in changed_scopes(made.divided)} == {
        *(f"http/80/{key}" for key in range(KEYS)),
        f"hold/{TABLE}",
        *(f"hold/http/80/64.{nth}" for nth in range(64)),
    }
    placed = {change.name for change in changed_hosts(made.hosts, made.divided)}
    assert placed == {"a.example.com", *numbered(10)}


def test_a_changed_host_is_said_of_its_shard_alone() -> None:
    made = world(*numbered(40))
    made.route("h7.example.com", when(EVERYTHING, to("other")), hostnames=("h7.example.com",)).commit()
    [change] = changed_hosts(made.hosts, made.divided)
    number = made.divided.number(EDGE, TABLE)
    assert change == HostChange(
        EDGE, f"http/80/{number}.{key_of('h7.example.com') % number}", "h7.example.com", change.host
    )
    assert not [*changed_scopes(made.divided), *changed_tables(made.tables)]


def test_a_table_of_wildcards_is_not_divided() -> None:
    """What would be copied into every shard is larger than what would be divided."""
    made = world(*(f"*.h{nth}.example.com" for nth in range(40)), *numbered(40))
    assert [table.name for table, _ in made.route_tables()] == [TABLE]


def test_a_table_is_divided_by_what_it_holds() -> None:
    """Into as many shards as may be from 8 KiB on; all copies together are an eighth of what is divided at most."""

    def of(divided: int, copied: int = 0) -> int:
        weights = {(EDGE, TABLE, False): divided, (EDGE, TABLE, True): copied}
        return count((EDGE, TABLE), (), weights, Sharding())

    kib = 1024
    assert [of(size * kib) for size in (0, 7, 8, 9000)] == [1, 1, 64, 64]
    assert [of(512 * kib, copied * kib) for copied in (1, 2, 4, 8, 16, 32)] == [64, 16, 16, 4, 4, 1]


def test_tables_that_no_scope_leads_to_are_not_divided() -> None:
    made = World(https("web", "one.example.com", 443), sharding=Sharding(table_bytes=1))
    made.route("one", when(EVERYTHING, to("cart")), hostnames=("one.example.com",)).commit()
    assert [table.name for table, _ in made.route_tables()] == ["https/443/web/0"]
    assert made.divided.counts.get((EDGE, "https/443/web/0")) is None


@given(st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,40}[a-z0-9])?", fullmatch=True), st.integers(0, 65535))
def test_neither_case_nor_port_changes_the_key_of_a_host(host: str, port: int) -> None:
    assert key_of(host) == key_of(host.upper()) == key_of(f"{host}:{port}") < KEYS
    assert ir.ANY_HOST not in host
