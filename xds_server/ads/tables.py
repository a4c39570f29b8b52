"""Which route tables an Envoy may be pointed at: a scope takes every request of its key along when it is.

Envoy asks for a table once a scope names it, and answers 404 for a scope whose table it does not have. So a table is
named first by a scope whose key no request has, and by those that requests reach once the Envoy has all of it. What
changes meanwhile need not be waited for, or a table of many tenants would never be whole.
"""

from translator.xds.resource import ResourceType
from xds_server.ads.channel import Channel, Routes, same, version_of
from xds_server.ads.gate import NEVER
from xds_server.snapshot import Entry, Item, Snapshot


class Tables:
    """How far one stream's Envoy is with the tables that scopes are to name."""

    def __init__(self, snapshot: Snapshot, patience: float) -> None:
        self._snapshot = snapshot
        self._patience = patience
        self._awaited: dict[str, dict[Item, Entry | None]] = {}
        """By table, what the Envoy did not have when a scope was first held back for it, and what it had instead.

        Empty once the Envoy has all of that, until the table leaves the snapshot or the Envoy gives it up.
        """
        self._asked_by: dict[str, float] = {}
        """When an Envoy that has not asked for a table will be pointed at it all the same."""

    def opens_at(self, table: str, routes: Channel | None, now: float) -> float:
        """Return when a scope may be pointed at a table: at once (0), at a time, or not before something happens.

        A table that nobody asks for although a scope names it has a scope that was refused: pointed at it, Envoy asks.
        A table that is refused as a whole is waited for without end: what the scope names now is better than nothing.
        """
        if self._snapshot.get(ResourceType.ROUTE, Item(table)) is None:
            return NEVER
        if not isinstance(routes, Routes) or not routes.subscription.wants(table):
            return self._asked_by.setdefault(table, now + self._patience)
        self._asked_by.pop(table, None)
        return 0.0 if self._is_whole(table, routes) else NEVER

    def forget(self, table: str) -> None:
        """Note that a table left the snapshot, or that the Envoy gave it up."""
        self._awaited.pop(table, None)
        self._asked_by.pop(table, None)

    def ask_anew(self) -> None:
        """Note that the Envoy had no reason to ask for any table before."""
        self._asked_by.clear()

    def _is_whole(self, table: str, routes: Routes) -> bool:
        awaited = self._awaited.get(table)
        if awaited is None:
            if routes.is_new(table) or routes.is_in_flight(Item(table)):
                return False
            awaited = {item: routes.get(item) for item in self._snapshot.items(ResourceType.ROUTE, table)}
        if awaited or table not in self._awaited:
            awaited = {item: held for item, held in awaited.items() if self._is_due(item, held, routes)}
            self._awaited[table] = awaited
        return not awaited

    def _is_due(self, item: Item, before: Entry | None, routes: Routes) -> bool:
        """Whether the Envoy still lacks what it lacked, or has the version that it had."""
        if routes.is_in_flight(item) or item in routes.dirty:
            return True
        wanted, held = self._snapshot.get(ResourceType.ROUTE, item), routes.get(item)
        if wanted is None or same(wanted, held) or (held is not None and not same(before, held)):
            return False
        refusal = routes.refused.get(item)
        return not item.host or refusal is None or refusal[0] != version_of(wanted)
