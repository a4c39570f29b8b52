"""What of a type goes out now, what waits, and until when."""

from collections.abc import Iterable

from translator.xds.resource import ResourceType
from xds_server.ads.channel import Batch, Channel, Routes, same, version_of
from xds_server.ads.gate import NEVER, Gate, clusters_of
from xds_server.ads.scopes import Scopes, begins
from xds_server.snapshot import Entry, Item, Snapshot

REMOVABLE = frozenset({ResourceType.CLUSTER, ResourceType.LISTENER, ResourceType.SCOPE})
"""Types of which Envoy is told a removal; of the others it gives up what nothing names any more by itself."""


class Plan:
    """The batch of one response, made of the newest snapshot."""

    def __init__(
        self,
        channel: Channel,
        snapshot: Snapshot,
        gate: Gate,
        scopes: Scopes,
        *,
        now: float,
        removable_at: float,
        without_clusters_at: float,
        tells_absence: bool,
    ) -> None:
        self._channel = channel
        self._snapshot = snapshot
        self._gate = gate
        self._scopes = scopes
        self._removable_at = removable_at
        self._without_clusters_at = without_clusters_at
        self._now = now
        self._tells_absence = tells_absence
        self.batch: Batch = {}
        self.due = NEVER
        """When to look again at what waits, if nothing happens before."""

    def consider(self, candidates: Iterable[Item]) -> None:
        """Sort out candidates: into the batch, among those that wait, or neither if the Envoy has them."""
        for item in sorted(candidates):
            self._consider(item)
        if isinstance(self._channel, Routes):
            self._complete_tables(self._channel)
        elif self._channel.type is ResourceType.LISTENER:
            self._remove_listeners_last()

    def _consider(self, item: Item) -> None:
        channel, entry = self._channel, self._snapshot.get(self._channel.type, item)
        channel.waiting.discard(item)
        if not channel.subscription.wants(item.name) or self._is_refused(item, entry):
            channel.owed.discard(item)
            self._stand_in(item)
            return
        last = channel.get(item)
        unchanged = same(entry, last)
        if unchanged:
            self._recognise(item, entry, last)
        if (unchanged and item not in channel.owed) or (entry is None and self._keeps(item, last)):
            channel.owed.discard(item)
            return
        opens_at = 0.0 if unchanged and entry is not None else self._opens_at(item, entry)
        if opens_at > self._now:
            channel.waiting.add(item)
            self.due = min(self.due, opens_at)
            return
        self.batch[item] = entry

    def _stand_in(self, item: Item) -> None:
        """Let a refused virtual host of a new table have the routes that requests find in the one before it."""
        if item.host and item in self._channel.refused and self._channel.get(item) is None:
            entry = self._scopes.stand_in(item)
            if entry is not None:
                self.batch[item] = entry

    def _is_refused(self, item: Item, entry: Entry | None) -> bool:
        refusal = self._channel.refused.get(item)
        if refusal is None:
            return False
        if entry is not None and version_of(entry) == refusal[0]:
            return True
        del self._channel.refused[item]
        return False

    def _recognise(self, item: Item, entry: Entry | None, last: Entry | None) -> None:
        """Learn the content of what the Envoy brought along, now that the snapshot has it in the same version."""
        if entry is not last and item.name in self._channel.unknown and entry is not None:
            self._channel.put({item: entry})
            if self._channel.type is ResourceType.LISTENER:
                self._gate.name([entry])
            self._channel.unknown.discard(item.name)

    def _keeps(self, item: Item, last: Entry | None) -> bool:
        """Whether the Envoy keeps something that left the snapshot until it gives it up by itself."""
        if self._channel.type in REMOVABLE:
            return False
        if self._channel.type is ResourceType.ROUTE:
            return not item.host or self._snapshot.get(ResourceType.ROUTE, Item(item.name)) is None
        return last is not None or not self._tells_absence

    def _opens_at(self, item: Item, entry: Entry | None) -> float:
        if entry is None:
            return self._removal_opens_at(item)
        opens_at = max((self._route_opens_at(cluster) for cluster in clusters_of(entry)), default=0.0)
        if self._channel.type is ResourceType.SCOPE:
            return max(opens_at, self._scopes.opens_at(item, entry, self._now))
        if self._channel.type is ResourceType.LISTENER:
            others = any(map(begins, self.batch.values()))
            return max(opens_at, self._scopes.listener_opens_at(item, entry, others, self._now))
        return opens_at

    def _removal_opens_at(self, item: Item) -> float:
        if self._channel.type in REMOVABLE and not self._snapshot.known:
            return NEVER
        if self._channel.type is ResourceType.SCOPE:
            return self._scopes.removal_opens_at(item.name, self._now)
        if self._channel.type is not ResourceType.CLUSTER:
            return 0.0
        if self._gate.is_named(item.name):
            return NEVER
        return self._removable_at if item.name in self._gate.inherited else 0.0

    def _route_opens_at(self, cluster: str) -> float:
        if self._snapshot.get(ResourceType.CLUSTER, Item(cluster)) is None:
            return 0.0
        return min(self._gate.opens_at(cluster), self._without_clusters_at)

    def _complete_tables(self, routes: Routes) -> None:
        """Send a table that the Envoy was never sent as a whole: with its head, and not before all its hosts may go."""
        waiting = {item.name for item in routes.waiting}
        for name in {item.name for item in self.batch if routes.is_new(item.name)}:
            head = self._snapshot.get(ResourceType.ROUTE, Item(name))
            hosts = [item for item in self.batch if item.name == name]
            if name in waiting:
                routes.waiting.update(hosts)
            if name in waiting or head is None or self._is_refused(Item(name), head):
                for item in hosts:
                    del self.batch[item]
            else:
                self.batch.setdefault(Item(name), head)

    def _remove_listeners_last(self) -> None:
        """Hold removals back while a listener waits: it may take over the address of the one that goes."""
        waiting = self._channel.waiting
        if any(self._snapshot.get(ResourceType.LISTENER, item) is not None for item in waiting):
            for item in [item for item, entry in self.batch.items() if entry is None]:
                del self.batch[item]
                waiting.add(item)
