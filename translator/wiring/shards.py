"""Shards: into how many parts the route tables of listeners are divided, by which scopes they are found, and what of
that a commit changed.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from translator import ir
from translator.incremental import Graph, Table
from translator.value import Key, Ref
from translator.xds import scopes, shards
from translator.xds.resource import (
    HostChange,
    Resource,
    ResourceChange,
    ResourceType,
    RouteTable,
    TableChange,
    VirtualHost,
)


class Shards(NamedTuple):
    """The tables of this room."""

    counts: Table[tuple[Key, str], int]
    """Into how many shards a route table is divided; those that no scope leads to have no row."""
    scopes: Table[tuple[str, int], tuple[Resource, ...]]
    """By table and number of shards: Gateways with as many have the same."""

    def number(self, gateway: Key, table: str) -> int:
        """Return the number of shards of a route table, whatever leads to it."""
        return self.counts.get((gateway, table)) or 1

    def scopes_of(self, gateway: Key, table: str) -> tuple[Resource, ...]:
        """Return the scopes of a route table."""
        number = self.counts.get((gateway, table))
        return () if number is None else self.scopes.get((table, number)) or ()

    def all_scopes(self) -> Iterator[tuple[Key, Resource]]:
        """Every scope of every Gateway."""
        for (gateway, table), number in self.counts.items():
            for it in self.scopes.get((table, number)) or ():
                yield gateway, it

    def places(self, key: ir.HostKey) -> Iterator[str]:
        """Name the shards that have a virtual host."""
        return iter(shards.places(key.table, self.number(key.gateway, key.table), key.domain))


def declare(
    graph: Graph, parents: Table[Ref, ir.Parent], hosts: Table[ir.HostKey, VirtualHost], sharding: shards.Sharding
) -> Shards:
    """Declare the tables of shards."""
    scoped = graph.group("scoped tables", (parents, scopes.of_listeners))
    weights = graph.total("weights of tables", hosts, shards.weigh)
    counts = graph.derived("shards", scoped, partial(shards.count, sharding=sharding), weights)
    kinds = graph.group("tables by shards", (counts, scopes.of_gateway))
    return Shards(counts, graph.derived("scopes", kinds, scopes.encode))


def changed_scopes(of: Shards) -> Iterator[ResourceChange]:
    """Yield what the last commit made of scopes: where a table is divided anew, each that names another shard."""
    for gateway, table in sorted(of.counts.changed):
        before = of.counts.before((gateway, table))
        old = {} if before is None else scopes.names(table, before)
        new = {it.name: it for it in of.scopes_of(gateway, table)}
        for name in sorted({**old, **new}):
            if name not in new or (old.get(name),) != new[name].tables:
                yield ResourceChange(gateway, ResourceType.SCOPE, name, new.get(name))


def changed_tables(tables: Table[tuple[Key, str], tuple[RouteTable, ...]]) -> Iterator[TableChange]:
    """Yield the heads that the last commit changed, each shard's by itself."""
    for key in sorted(tables.changed):
        old, new = ({it.name: it for it in rows or ()} for rows in (tables.before(key), tables.get(key)))
        for name in sorted({**old, **new}):
            if old.get(name) != new.get(name):
                yield TableChange(key[0], name, new.get(name))


def changed_hosts(hosts: Table[ir.HostKey, VirtualHost], of: Shards) -> Iterator[HostChange]:
    """Yield virtual hosts that the last commit changed, and all of a table that it divided anew, for each shard.

    A domain may pass from one listener to another: then the new virtual host is what there is to say.
    """
    divided = {key for key in of.counts.changed if (of.counts.before(key) or 1) != of.number(*key)}
    keys = set(hosts.changed)
    if divided:
        keys.update(key for key, _ in hosts.items() if (key.gateway, key.table) in divided)
    changed: dict[tuple[Key, str, str], VirtualHost | None] = {}
    for key in sorted(keys):
        for shard in of.places(key):
            place = (key.gateway, shard, key.domain)
            changed[place] = hosts.get(key) or changed.get(place)
    return (HostChange(*place, host) for place, host in changed.items())
