"""Per-Gateway snapshots: what every Envoy of a Gateway shall hold, and who is told when it changes.

A change costs what it changes: a route table keeps its names sorted and its version summed, and is joined only when
somebody sends it. There are no queues: a watcher is told which items changed and reads the newest snapshot later.
"""

from bisect import bisect_left
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
    version,
)

Change: TypeAlias = ResourceChange | TableChange | HostChange
Entry: TypeAlias = Resource | RouteTable | VirtualHost


class Item(NamedTuple):
    """What can change by itself: a resource, a route table's head (`host` is empty) or one of its virtual hosts."""

    name: str
    host: str = ""


Changed: TypeAlias = Mapping[ResourceType, set[Item]]
Watcher: TypeAlias = Callable[[Changed], None]


class RouteConfiguration:
    """A route table put together: a head and its virtual hosts, joined in sorted order of their names."""

    __slots__ = ("_digest", "_frames", "_names", "head", "hosts")

    def __init__(self) -> None:
        self.head: RouteTable | None = None
        """None where the table does not exist, whatever hosts may wait for it."""
        self.hosts: dict[str, VirtualHost] = {}
        self._names: list[str] = []
        self._frames: list[bytes] = []
        """What is joined, in the order of the names."""
        self._digest = 0

    def put(self, name: str, host: VirtualHost | None) -> None:
        """Put a virtual host or, with None, take it out."""
        old = self.hosts.pop(name, None)
        nth = bisect_left(self._names, name)
        if old is not None:
            self._digest -= old.digest
            del self._names[nth], self._frames[nth]
        if host is not None:
            self._digest += host.digest
            self.hosts[name] = host
            self._names.insert(nth, name)
            self._frames.insert(nth, host.frame)

    def clear(self) -> None:
        """Take out the head and every virtual host."""
        self.head, self._digest = None, 0
        self.hosts.clear()
        self._names.clear()
        self._frames.clear()

    @property
    def names(self) -> tuple[str, ...]:
        """Sorted names of the virtual hosts, in the order in which they are on the wire."""
        return tuple(self._names)

    @property
    def version(self) -> str:
        """The hash of the content, in whatever order it came to be; empty for a table that does not exist."""
        return "" if self.head is None else version(self.head.digest + self._digest)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The serialised RouteConfiguration, not joined yet."""
        return (b"" if self.head is None else self.head.head, *self._frames)

    @property
    def body(self) -> bytes:
        """The serialised RouteConfiguration."""
        return b"".join(self.pieces)


class Snapshot:
    """What every Envoy of one Gateway shall hold."""

    def __init__(self) -> None:
        self.known = False
        """Whether the Gateway ever had a resource; until then nobody knows what its Envoys shall hold."""
        self.tables: dict[str, RouteConfiguration] = {}
        self._resources: dict[ResourceType, dict[str, Resource]] = {
            kind: {} for kind in ResourceType if kind is not ResourceType.ROUTE
        }
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
        """How many resources there are of each type; of routes, virtual hosts."""
        for kind, rows in self._resources.items():
            yield kind, len(rows)
        yield ResourceType.ROUTE, sum(len(table.hosts) for table in self.tables.values())

    def items(self, kind: ResourceType, name: str) -> Iterator[Item]:
        """Items of one resource, whether it exists or not."""
        yield Item(name)
        if kind is ResourceType.ROUTE and name in self.tables:
            for host in self.tables[name].hosts:
                yield Item(name, host)

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

    def apply(self, change: Change) -> Iterable[Item]:
        """Make one change; return the items that it touches."""
        match change:
            case ResourceChange(_, kind, name, resource):
                rows = self._resources[kind]
                if resource is None:
                    rows.pop(name, None)
                else:
                    rows[name], self.known = resource, True
                return (Item(name),)
            case TableChange(_, name, head):
                return self._apply_table(name, head)
            case HostChange(_, table, name, host):
                self.tables.setdefault(table, RouteConfiguration()).put(name, host)
                self._forget_empty(table)
                return (Item(table, name),)

    def publish(self, changed: Changed) -> None:
        """Tell every watcher what changed."""
        for watcher in tuple(self._watchers):
            watcher(changed)

    def _apply_table(self, name: str, head: RouteTable | None) -> Iterable[Item]:
        table = self.tables.setdefault(name, RouteConfiguration())
        touched = [Item(name)]
        if table.head is None or head is None:
            touched += [Item(name, host) for host in table.hosts]
        if head is None:
            table.clear()
            self._forget_empty(name)
        else:
            table.head, self.known = head, True
        return touched

    def _forget_empty(self, name: str) -> None:
        table = self.tables[name]
        if table.head is None and not table.hosts:
            del self.tables[name]


class SnapshotCache:
    """The snapshots of all Gateways."""

    def __init__(self) -> None:
        self._snapshots: dict[Key, Snapshot] = {}

    def __getitem__(self, gateway: Key) -> Snapshot:
        """Return a Gateway's snapshot, an empty one where the Gateway is not known (yet)."""
        return self._snapshots.setdefault(gateway, Snapshot())

    def __iter__(self) -> Iterator[Key]:
        return iter(self._snapshots)

    def __contains__(self, gateway: Key) -> bool:
        return gateway in self._snapshots

    def apply(self, changes: Iterable[Change]) -> frozenset[Key]:
        """Make the changes of one commit and wake the streams of the Gateways concerned; return those Gateways."""
        touched: dict[Key, dict[ResourceType, set[Item]]] = {}
        for change in changes:
            kind = change.type if isinstance(change, ResourceChange) else ResourceType.ROUTE
            items = self[change.gateway].apply(change)
            touched.setdefault(change.gateway, {}).setdefault(kind, set()).update(items)
        for gateway, changed in touched.items():
            self._snapshots[gateway].publish(changed)
            self.forget(gateway)
        return frozenset(touched)

    def forget(self, gateway: Key) -> None:
        """Drop a snapshot that holds nothing once nobody watches it."""
        snapshot = self._snapshots.get(gateway)
        if snapshot is not None and snapshot.is_idle:
            del self._snapshots[gateway]
