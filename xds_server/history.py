"""The last changes: what each commit did to what Envoys shall hold, and which objects caused it.

Of a change as many causes and edits are kept as a person can read, and the contents of the oldest are let go first.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from translator.value import Key, Ref, Value
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost
from xds_server.snapshot import Entry, Item

CHANGES, EACH = 256, 50
"""How many changes are kept, and how many causes and edits of each."""
MOST_BYTES = 2 << 20
"""How much content of what was is kept."""

Watcher = Callable[["Change"], None]


class Edit(Value):
    """One item before and after; None where there was, or is, none."""

    gateway: Key
    type: ResourceType
    item: Item
    before: Entry | None
    after: Entry | None


class Change(Value):
    """One commit."""

    number: int
    at: float
    """Seconds since 1970."""
    causes: tuple[Ref, ...]
    causes_left_out: int
    edits: tuple[Edit, ...]
    edits_left_out: int

    @property
    def size(self) -> int:
        """Bytes that are kept for its sake alone: what was and is no more."""
        return sum(size(edit.before) for edit in self.edits)


def size(entry: Entry | None) -> int:
    """Return how many bytes an entry has."""
    match entry:
        case Resource():
            return len(entry.body)
        case RouteTable():
            return len(entry.head)
        case VirtualHost():
            return len(entry.frame)
        case None:
            return 0


class History:
    """The last changes of this process, and those who want to hear of more."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._number = 0
        self._watchers: list[Watcher] = []

    def record(self, at: float, causes: Sequence[Ref], edits: Iterable[Edit], count: int) -> None:
        """Note a change of `count` edits; only as many as are kept are looked at."""
        self._number += 1
        kept = tuple(islice(edits, EACH))
        change = Change(
            number=self._number,
            at=at,
            causes=tuple(causes[:EACH]),
            causes_left_out=max(len(causes) - EACH, 0),
            edits=kept,
            edits_left_out=max(count - EACH, 0),
        )
        self._changes.append(change)
        self._bytes += change.size
        while len(self._changes) > CHANGES or (self._bytes > MOST_BYTES and len(self._changes) > 1):
            self._bytes -= self._changes.popleft().size
        for watcher in tuple(self._watchers):
            watcher(change)

    def last(self, after: int = 0) -> Iterable[Change]:
        """Yield the changes after a number, the newest first."""
        for change in reversed(tuple(self._changes)):
            if change.number <= after:
                return
            yield change

    def watch(self, watcher: Watcher) -> None:
        """Tell a watcher of every change from now on."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell a watcher no more."""
        self._watchers.remove(watcher)
