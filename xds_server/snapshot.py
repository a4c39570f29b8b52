"""Per-Gateway snapshots: what every Envoy of a Gateway shall hold, and who is told when it changes.

A commit costs what it changes: of a route table it makes another one, whatever number of hosts it touches. There are no
queues: a watcher is told which items changed and reads the newest snapshot later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from translator.value import Key
from translator.xds.resource import (
    HostChange,
    Resource,
    ResourceChange,
    ResourceType,
    RouteTable,
    TableChange,
    VirtualHost,
)
from xds_server.route_configuration import NO_TABLE, RouteConfiguration

Change: TypeAlias = ResourceChange | TableChange | HostChange
Entry: TypeAlias = Resource | RouteTable | VirtualHost


class Item(NamedTuple):
    """What can change by itself: a resource, a route table's head (`host` is empty) or one of its virtual hosts."""

    name: str
    host: str = ""


Changed: TypeAlias = Mapping[ResourceType, set[Item]]
Watcher: TypeAlias = Callable[[Changed], None]


class Snapshot:
    """What every Envoy of one Gateway shall hold."""

    def __init__(self) -> None:
        self.known = False
        """Whether the Gateway ever had a resource; until then nobody knows what its Envoys shall hold."""
        self.tables: dict[str, RouteConfiguration] = {}
        self._resources: dict[ResourceType, dict[str, Resource]] = {
            kind: {} for kind in ResourceType if kind is not ResourceType.ROUTE
        }
        self._items: dict[ResourceType, dict[str, Item]] = {kind: {} for kind in self._resources}
        """One for each resource: every stream has it in its sets, and they would add up."""
        self._watchers: list[Watcher] = []

    def get(self, kind: ResourceType, item: Item) -> Entry | None:
        """Return one item; the virtual hosts of a table that does not exist do not exist either."""
        if kind is not ResourceType.ROUTE:
            return self._resources[kind].get(item.name)
        table = self.tables.get(item.name)
        if table is None or table.head is None:
            return None
        return table.hosts.get(item.host) if item.host else table.head

    def names(self, kind: ResourceType) -> Iterator[str]:
        """Names of all resources of a type, in no order that means anything."""
        if kind is not ResourceType.ROUTE:
            return iter(self._resources[kind])
        return (name for name, table in self.tables.items() if table.head is not None)

    def sizes(self) -> Iterator[tuple[ResourceType, int]]:
        """How many resources there are of each type; of routes, virtual hosts. For any thread."""
        for kind, rows in self._resources.items():
            yield kind, len(rows)
        yield ResourceType.ROUTE, sum(len(table.hosts) for table in list(self.tables.values()))

    def items(self, kind: ResourceType, name: str) -> Iterator[Item]:
        """Items of one resource, whether it exists or not."""
        yield self.item(kind, name)
        if kind is ResourceType.ROUTE and name in self.tables:
            for host in self.tables[name].hosts:
                yield Item(name, host)

    def item(self, kind: ResourceType, name: str) -> Item:
        """The item of a resource: the same one, and so the same name, for all who ask while it exists."""
        own = self._items[kind].get(name) if kind is not ResourceType.ROUTE else None
        return Item(name) if own is None else own

    def version(self, kind: ResourceType, name: str) -> str:
        """Return a resource's version, empty where it does not exist."""
        if kind is ResourceType.ROUTE:
            return self.tables[name].version if name in self.tables else ""
        resource = self._resources[kind].get(name)
        return "" if resource is None else resource.version

    def watch(self, watcher: Watcher) -> None:
        """Tell a watcher, from now on, what changed."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell a watcher no more."""
        self._watchers.remove(watcher)

    @property
    def is_idle(self) -> bool:
        """Whether it holds nothing and nobody watches it."""
        return not (self._watchers or self.tables or any(self._resources.values()))

    def apply(self, changes: Iterable[Change]) -> dict[ResourceType, set[Item]]:
        """Make the changes of one commit; return the items that they touch."""
        touched: dict[ResourceType, set[Item]] = {}
        heads: dict[str, RouteTable | None] = {}
        hosts: dict[str, dict[str, VirtualHost | None]] = {}
        for change in changes:
            match change:
                case ResourceChange(_, kind, name, resource):
                    self._put(kind, name, resource)
                    touched.setdefault(kind, set()).add(self.item(kind, name))
                case TableChange(_, name, head):
                    heads[name] = head
                case HostChange(_, table, name, host):
                    hosts.setdefault(table, {})[name] = host
        for table in {*heads, *hosts}:
            touched.setdefault(ResourceType.ROUTE, set()).update(self._apply_table(table, heads, hosts.get(table, {})))
        return touched

    def publish(self, changed: Changed) -> None:
        """Tell every watcher what changed."""
        for watcher in tuple(self._watchers):
            watcher(changed)

    def _put(self, kind: ResourceType, name: str, resource: Resource | None) -> None:
        if resource is None:
            self._resources[kind].pop(name, None)
            self._items[kind].pop(name, None)
        else:
            self._resources[kind][name], self.known = resource, True
            self._items[kind].setdefault(name, Item(name))

    def _apply_table(
        self, name: str, heads: Mapping[str, RouteTable | None], hosts: Mapping[str, VirtualHost | None]
    ) -> Iterable[Item]:
        """Apply what is new of one table; with its head the hosts go that it had."""
        before = self.tables.get(name, NO_TABLE)
        head = heads.get(name, before.head)
        gone = name in heads and head is None
        after = (NO_TABLE if gone else before).edited(head, hosts)
        if after.is_empty:
            self.tables.pop(name, None)
        else:
            self.tables[name], self.known = after, self.known or head is not None
        if (before.head is None) != (head is None) or gone:
            return [Item(name), *[Item(name, host) for host in {*before.hosts, *after.hosts, *hosts}]]
        return [Item(name, host) for host in hosts] + ([Item(name)] if name in heads else [])


class SnapshotCache:
    """The snapshots of all Gateways."""

    def __init__(self) -> None:
        self._snapshots: dict[Key, Snapshot] = {}

    def __getitem__(self, gateway: Key) -> Snapshot:
        """Return a Gateway's snapshot, an empty one where the Gateway is not known (yet)."""
        snapshot = self._snapshots.get(gateway)
        if snapshot is None:
            snapshot = self._snapshots[gateway] = Snapshot()
        return snapshot

    def __iter__(self) -> Iterator[Key]:
        return iter(self._snapshots)

    def __contains__(self, gateway: Key) -> bool:
        return gateway in self._snapshots

    def apply(self, changes: Iterable[Change]) -> frozenset[Key]:
        """Make the changes of one commit and wake the streams of the Gateways concerned; return those Gateways."""
        theirs: dict[Key, list[Change]] = {}
        for change in changes:
            theirs.setdefault(change.gateway, []).append(change)
        for gateway, changed in theirs.items():
            snapshot = self[gateway]
            snapshot.publish(snapshot.apply(changed))
            self.forget(gateway)
        return frozenset(theirs)

    def forget(self, gateway: Key) -> None:
        """Drop a snapshot that holds nothing once nobody watches it."""
        snapshot = self._snapshots.get(gateway)
        if snapshot is not None and snapshot.is_idle:
            del self._snapshots[gateway]
