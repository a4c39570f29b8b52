"""One resource type on one stream: what was sent, what is in flight, what waits, and who is suspected of a NACK."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost, version
from xds_server.ads.messages import Sendable
from xds_server.ads.subscription import Subscription
from xds_server.ads.suspects import accused_of, groups
from xds_server.ads.trials import Trials
from xds_server.route_configuration import NO_TABLE, RouteConfiguration
from xds_server.snapshot import Entry, Item, Snapshot

Batch = dict[Item, Entry | None]
"""What one response changes; None removes."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0
"""Seconds until what an Envoy could not do, though nothing is wrong with it, is tried again."""


class Retry(NamedTuple):
    """A version that an Envoy could not take yet, when it is due again, and how long that was to wait."""

    version: str
    at: float
    wait: float


def version_of(entry: Entry) -> str:
    """Return the version of what can change by itself."""
    return entry.version if isinstance(entry, Resource) else version(entry.digest)


def same(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries have the same content."""
    if one is other:
        return True
    return one is not None and other is not None and version_of(one) == version_of(other)


class Flight:
    """A response that is not answered yet, and how to undo it."""

    __slots__ = ("batch", "before", "doubted", "nonce", "sent_at", "turn")

    def __init__(self, nonce: str, turn: int, sent_at: float, batch: Batch, before: Batch) -> None:
        self.nonce = nonce
        self.turn = turn
        """Its place among all responses of the stream: an Envoy takes them in this order."""
        self.sent_at = sent_at
        self.batch = batch
        self.before = before
        self.doubted = False
        """Whether it lists more than its batch, and some of that was refused since: its own NACK convicts nobody."""


class Channel:
    """The state of one type; `Routes` keeps its entries as route tables."""

    def __init__(self, kind: ResourceType) -> None:
        self.type = kind
        self.subscription = Subscription(kind)
        self.flights: list[Flight] = []
        self.dirty: set[Item] = set()
        """Changed in the snapshot, not looked at yet."""
        self.waiting: set[Item] = set()
        """Looked at, and held back by the gate."""
        self.owed: set[Item] = set()
        """To be sent even if nothing changed: asked for, or doubtful after a NACK."""
        self.refused: dict[Item, tuple[str, str]] = {}
        """Versions that the Envoy refused, with its words; not sent again."""
        self.retries: dict[Item, Retry] = {}
        """Of what was refused, what may do at another time."""
        self.suspects: list[list[Item]] = []
        """Groups to be tried one by one after a NACK, the next one last."""
        self.doubtful: list[Entry] = []
        """Refused in one response with others: nobody knows whether the Envoy took them."""
        self.restated: set[str] = set()
        """Listed as they were before a NACK, though the Envoy may have taken them as they were in what it refused."""
        self.unknown: set[str] = set()
        """Resources that the Envoy brought along from another stream and whose content nobody here knows."""
        self.answered = False
        """Whether the Envoy ever accepted a response."""
        self.greet = False
        """Whether a response is due even if there is nothing to say."""
        self._entries: dict[Item, Entry] = {}

    # ---- what the Envoy was sent ----------------------------------------------------------------------------------

    def get(self, item: Item) -> Entry | None:
        """Return what was sent last."""
        return self._entries.get(item)

    def put(self, batch: Batch) -> None:
        """Note what is being sent; None forgets."""
        for item, entry in batch.items():
            if entry is None:
                self._entries.pop(item, None)
            else:
                self._entries[item] = entry

    def names(self) -> Iterator[str]:
        """Names of the resources that were sent."""
        return (item.name for item in self._entries)

    def items(self, name: str) -> list[Item]:
        """Items of a resource that were sent."""
        item = Item(name)
        return [item] if item in self._entries else []

    def drop(self, name: str) -> None:
        """Forget that a resource was sent."""
        self._entries.pop(Item(name), None)

    def hosts(self, name: str) -> Sequence[str]:
        """Names of the virtual hosts of a table that was sent, as they are on the wire."""
        return ()

    def divided(self, items: Sequence[Item], words: str, hosts: Callable[[str], Sequence[str]]) -> list[list[Item]]:
        """Divide what was refused into groups to be tried, the next one last; `hosts` as they were sent."""
        return groups(items, words, hosts)

    def sendable(self, name: str) -> Sendable | None:
        """Return a resource as it was sent."""
        entry = self._entries.get(Item(name))
        return Sendable(name, entry.version, (entry.body,)) if isinstance(entry, Resource) else None

    def version(self, name: str) -> str:
        """Return the version of a resource as it was sent; empty if it was not."""
        entry = self._entries.get(Item(name))
        return entry.version if isinstance(entry, Resource) else ""

    # ---- answers --------------------------------------------------------------------------------------------------

    def flight(self, nonce: str) -> Flight | None:
        """Return the unanswered response with a nonce; None if the nonce is stale or empty."""
        return next((flight for flight in self.flights if flight.nonce == nonce), None) if nonce else None

    def depart(self, flight: Flight) -> None:
        """Note a response as sent."""
        self.put(flight.batch)
        self.owed.difference_update(flight.batch)
        self.flights.append(flight)

    def revert(self, flight: Flight) -> None:
        """Undo a refused response: the Envoy holds what it held before, as far as anybody knows."""
        self.flights.remove(flight)
        undone: Batch = {}
        for item, before in flight.before.items():
            later = next((f for f in self.flights if f.turn > flight.turn and item in f.batch), None)
            if later is not None:
                later.before[item] = before
            else:
                undone[item] = before
        self.put(undone)

    def pass_on(self, flight: Flight, items: Iterable[Item]) -> None:
        """Let the response after a refused one, which lists everything, have to answer for what it lists again."""
        later = next((other for other in self.flights if other.turn > flight.turn), None)
        if later is None:
            return
        for item in items:
            later.batch.setdefault(item, flight.batch[item])
            later.before.setdefault(item, flight.before[item])

    def retry_later(self, item: Item, version: str, now: float) -> None:
        """Let a refused version be tried again, later each time."""
        before = self.retries.get(item)
        again = before is not None and before.version == version
        wait = min(2 * before.wait, LONGEST_RETRY) if before is not None and again else FIRST_RETRY
        self.retries[item] = Retry(version, now + wait, wait)

    def retry(self, now: float) -> None:
        """Look again at what is due."""
        for item in [item for item, retry in self.retries.items() if retry.at <= now]:
            self.retries[item] = self.retries[item]._replace(at=inf)
            if self.refused.pop(item, None) is not None:
                self.dirty.add(item)

    def next_retry(self) -> float:
        """Return when something is due again."""
        return min((retry.at for retry in self.retries.values()), default=inf)

    def forget(self, name: str) -> list[Entry]:
        """Drop a resource that the stream gave up; return all that was known of it, sent and overtaken."""
        dropped = [entry for item in self.items(name) if (entry := self.get(item)) is not None]
        for flight in self.flights:
            for item in [item for item in flight.batch if item.name == name]:
                del flight.batch[item]
                before = flight.before.pop(item)
                dropped += [] if before is None else [before]
        self.drop(name)
        for pending in (self.dirty, self.waiting, self.owed):
            pending.difference_update([item for item in pending if item.name == name])
        for item in [item for item in self.refused if item.name == name]:
            del self.refused[item]
            self.retries.pop(item, None)
        self.unknown.discard(name)
        return dropped

    def is_in_flight(self, item: Item) -> bool:
        """Whether an unanswered response changes an item."""
        return any(item in flight.batch for flight in self.flights)

    def acked(self, item: Item) -> Entry | None:
        """Return what the Envoy is known to have."""
        first = next((flight for flight in self.flights if item in flight.batch), None)
        return self.get(item) if first is None else first.before[item]

    def is_settled(self) -> bool:
        """Whether all that was sent is answered and nobody is suspected."""
        return not (self.flights or self.suspects)


class Routes(Channel):
    """The route tables of a stream; while a virtual host waits, a table differs from the snapshot's."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(ResourceType.ROUTE)
        self._snapshot = snapshot
        self.tables: dict[str, RouteConfiguration] = {}
        self.trials = Trials()

    def get(self, item: Item) -> Entry | None:
        """Return what was sent last."""
        table = self.tables.get(item.name)
        if table is None:
            return None
        return table.hosts.get(item.host) if item.host else table.head

    def put(self, batch: Batch) -> None:
        """Note what is being sent; None forgets. A table that is as the snapshot has it is the snapshot's own."""
        hosts: dict[str, dict[str, VirtualHost | None]] = {}
        heads: dict[str, RouteTable | None] = {}
        for item, entry in batch.items():
            of_table = hosts.setdefault(item.name, {})
            if item.host:
                of_table[item.host] = entry if isinstance(entry, VirtualHost) else None
            else:
                heads[item.name] = entry if isinstance(entry, RouteTable) else None
        for name, changed in hosts.items():
            before = self.tables.get(name, NO_TABLE)
            after = before.edited(heads.get(name, before.head), changed, self._snapshot.tables.get(name))
            if after.is_empty:
                self.tables.pop(name, None)
            else:
                self.tables[name] = after

    def drop(self, name: str) -> None:
        """Forget that a table was sent."""
        self.tables.pop(name, None)
        self.trials.end([name])

    def names(self) -> Iterator[str]:
        """Names of the tables that were sent."""
        return iter(self.tables)

    def items(self, name: str) -> list[Item]:
        """Items of a table that were sent."""
        table = self.tables.get(name)
        return [] if table is None else [Item(name), *[Item(name, host) for host in table.names]]

    def hosts(self, name: str) -> Sequence[str]:
        """Names of the virtual hosts of a table that was sent, as they are on the wire."""
        return self.tables[name].names if name in self.tables else ()

    def divided(self, items: Sequence[Item], words: str, hosts: Callable[[str], Sequence[str]]) -> list[list[Item]]:
        """Divide what was refused; tables that the Envoy brought along stay whole for as long as that may do."""
        tables, served = names_of(items), self.unknown.intersection(names_of(items))
        if served and len(tables) > 1:
            whole = [[item for item in items if item.name == table] for table in sorted(served)]
            rest = [item for item in items if item.name not in served]
            return [*whole, rest] if rest else whole
        for table in served:
            changed = {item for item in self.dirty if item.name == table}
            if changed:
                self.dirty -= changed
                return [sorted({*items, *changed, *self.trials.end([table])})]
            but_one = self.trials.go_on(table, items, accused_of(items, words, hosts))
            if but_one:
                return [but_one]
        return groups(items, words, hosts)

    def sendable(self, name: str) -> Sendable | None:
        """Return a table as it was sent."""
        table = self.tables.get(name)
        return None if table is None or table.head is None else Sendable(name, table.version, table.pieces)

    def version(self, name: str) -> str:
        """Return the version of a table as it was sent; empty if it was not."""
        return self.tables[name].version if name in self.tables else ""

    def is_new(self, name: str) -> bool:
        """Whether the Envoy was never sent this table: its first answer must not leave out what waits."""
        table = self.tables.get(name)
        return table is None or table.head is None


def channel(kind: ResourceType, snapshot: Snapshot) -> Channel:
    """Make the channel of a type."""
    return Routes(snapshot) if kind is ResourceType.ROUTE else Channel(kind)


def names_of(items: Iterable[Item]) -> tuple[str, ...]:
    """Return the sorted names of the resources that items belong to."""
    return tuple(sorted({item.name for item in items}))
