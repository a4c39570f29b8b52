"""When an Envoy may be given scopes, and listeners that find their route tables by scopes.

All listeners of an Envoy share one set of scopes and one subscription to them (Envoy's scoped_rds.cc). The listener
that begins the subscription warms until its scopes and their tables have come; every further one is in service at once
and must find them there. The subscription ends when the last of them has drained, and Envoy does not say so.
"""

from collections.abc import Mapping

from translator.xds.names import whole_table
from translator.xds.resource import Resource, ResourceType
from xds_server.ads.channel import Channel, Routes, same
from xds_server.ads.gate import NEVER, Gate, scopes_of, tables_of
from xds_server.ads.tables import Tables
from xds_server.snapshot import Entry, Item, Snapshot


class Scopes:
    """What one stream's Envoy can do with scopes now."""

    def __init__(
        self,
        snapshot: Snapshot,
        gate: Gate,
        channels: Mapping[ResourceType, Channel],
        *,
        patience: float,
        drain: float,
        asks_by: float,
    ) -> None:
        self._snapshot = snapshot
        self._gate = gate
        self._channels = channels
        self._patience = patience
        self._drain = drain
        self._asks_by = asks_by
        self._goes_by: dict[str, float] = {}
        """When a listener that the Envoy does not have is sent, whatever its tables do."""
        self._tables = Tables(snapshot, patience)

    def opens_at(self, item: Item, entry: Entry, now: float) -> float:
        """Return when a scope may be sent: if it serves requests, once the tables that it is to name are whole."""
        place = self._channels[ResourceType.SCOPE]
        last, routes = place.get(item), self._channels.get(ResourceType.ROUTE)
        if last is None or not (item.name in place.unknown or any(_has(routes, it) for it in tables_of(last))):
            return 0.0
        new = [table for table in tables_of(entry) if table not in tables_of(last)]
        return max((self._tables.opens_at(table, routes, now) for table in new), default=0.0)

    def forget(self, kind: ResourceType, name: str) -> None:
        """Note that a route table or listener left the snapshot, or that the Envoy gave it up: time begins anew."""
        if kind is ResourceType.ROUTE:
            self._tables.forget(name)
        else:
            self._goes_by.pop(name, None)

    def begin_anew(self) -> None:
        """Note that the Envoy has a listener that needs scopes: only now does it ask for the tables that they name."""
        self._tables.ask_anew()

    def removal_opens_at(self, scope: str, now: float) -> float:
        """Return when a scope may be removed: when no listener names it, and those that did have drained."""
        listeners = self._channels.get(ResourceType.LISTENER)
        if listeners is None:
            return self._asks_by
        if listeners.unknown:
            return NEVER
        return self._gate.released_at(scope, now) + self._drain

    def listener_opens_at(self, item: Item, entry: Entry, begins: bool, now: float) -> float:
        """Return when a listener may be sent; `begins` if another one is about to begin the subscription."""
        routes = self._channels.get(ResourceType.ROUTE)
        stale = [table for table in tables_of(entry) if _has(routes, table)]
        opens_at = max((self._tables.opens_at(table, routes, now) for table in stale), default=0.0)
        drained_at = NEVER if self.are_live else self._gate.last_release_at(now) + self._drain
        if scopes_of(entry) and now < self._asks_by and self._are_to_be_asked_for:
            opens_at = max(opens_at, self._asks_by)
        elif scopes_of(entry) and ResourceType.SCOPE in self._channels and drained_at > now:
            taken_at = max(self._taken_at(scope, routes, now) for scope in scopes_of(entry))
            opens_at = max(opens_at, min(taken_at, drained_at))
        elif scopes_of(entry) and begins and not self._is_fresh:
            return NEVER
        if opens_at <= now:
            self._goes_by.pop(item.name, None)
        elif self._channels[ResourceType.LISTENER].get(item) is None:
            return min(opens_at, self._goes_by.setdefault(item.name, now + self._patience))
        return opens_at

    def stand_in(self, item: Item) -> Entry | None:
        """Return what the Envoy has of a virtual host in the tables whose place a table takes."""
        routes, whole = self._channels[ResourceType.ROUTE], whole_table(item.name)
        before = [table for table in routes.names() if table != item.name and whole_table(table) == whole]
        found = (routes.acked(Item(table, item.host)) for table in before)
        return next((entry for entry in found if entry is not None), None)

    @property
    def are_live(self) -> bool:
        """Whether the Envoy is subscribed to scopes for the sake of a listener, as far as anybody can know."""
        scopes, listeners = self._channels.get(ResourceType.SCOPE), self._channels.get(ResourceType.LISTENER)
        if scopes is None or listeners is None:
            return False
        if listeners.unknown and any(True for _ in scopes.names()):
            return True
        return self.are_in_use

    @property
    def are_in_use(self) -> bool:
        """Whether the Envoy is known to have a listener that needs scopes."""
        listeners = self._channels[ResourceType.LISTENER]
        return any(scopes_of(listeners.acked(Item(name))) for name in listeners.names())

    @property
    def are_overtaken(self) -> bool:
        """Whether a listener that the Envoy has been sent, and whose next version is due, needs scopes that are gone.

        It may still wait for its first ones, and would be in service with whatever comes.
        """
        listeners = self._channels.get(ResourceType.LISTENER)
        if listeners is None:
            return False
        return any(
            self._snapshot.get(ResourceType.SCOPE, Item(scope)) is None
            for item in map(Item, listeners.names())
            if item not in listeners.refused and self._snapshot.get(ResourceType.LISTENER, item) is not None
            for scope in scopes_of(listeners.get(item))
        )

    @property
    def _are_to_be_asked_for(self) -> bool:
        """Whether the Envoy may have a listener that needs scopes, and has not asked for them on this stream yet."""
        listeners = self._channels[ResourceType.LISTENER]
        if ResourceType.SCOPE in self._channels:
            return False
        return bool(listeners.unknown) or self.are_in_use

    @property
    def _is_fresh(self) -> bool:
        """Whether the Envoy has no listener yet: it opens its ports when all of the first ones are there."""
        listeners = self._channels[ResourceType.LISTENER]
        return not listeners.answered and not any(True for _ in listeners.names())

    def _taken_at(self, scope: str, routes: Channel | None, now: float) -> float:
        place, item = self._channels[ResourceType.SCOPE], Item(scope)
        entry = self._snapshot.get(ResourceType.SCOPE, item)
        if entry is None or item in place.refused:
            return 0.0
        if not same(place.acked(item), entry):
            return NEVER
        return max((self._tables.opens_at(table, routes, now) for table in tables_of(entry)), default=0.0)


def begins(entry: Entry | None) -> bool:
    """Whether a listener can be the one that begins the subscription to scopes."""
    return isinstance(entry, Resource) and bool(entry.scopes)


def _has(routes: Channel | None, table: str) -> bool:
    return isinstance(routes, Routes) and (not routes.is_new(table) or table in routes.unknown)
