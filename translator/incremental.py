"""A small synchronous table graph: a change recomputes what read it and nothing else.

Three kinds of table: `Source` (put, delete, replace), `Derived` (a function per row, whose reads are recorded) and
`Group` (rows regrouped under another key, in order). `Graph.commit` is one pass in the order of declaration, so a
table reads only tables declared before it. Functions are stateless and total; they read through their arguments
alone, and a miss is a read too. An equal result stops the wave.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
G = TypeVar("G", bound=Hashable)
K2 = TypeVar("K2", bound=Hashable)
V2 = TypeVar("V2")
T = TypeVar("T", bound="Table[Any, Any]")


class Table(Generic[K, V]):
    """Rows by key, and the keys whose rows the current commit changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.runs = 0
        """How many rows were computed since the graph was made: what the work-count tests look at."""
        self._rows: dict[K, V] = {}
        self._changed: set[K] = set()
        self._readers: dict[K, set[tuple[Derived[Any, Any], Hashable]]] = {}

    def get(self, key: K, /) -> V | None:
        """Return the row or None; reading this way from outside the graph records nothing."""
        return self._rows.get(key)

    def items(self) -> Iterator[tuple[K, V]]:
        """All rows, in no order that means anything."""
        return iter(self._rows.items())

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def changed(self) -> frozenset[K]:
        """Keys whose rows the last commit put, changed or removed."""
        return frozenset(self._changed)

    def _set(self, key: K, value: V | None) -> bool:
        """Store a row (None removes it); say whether that changed anything."""
        old = self._rows.get(key)
        if value is None:
            if old is None:
                return False
            del self._rows[key]
        else:
            if old is not None and old == value:
                return False
            self._rows[key] = value
        self._changed.add(key)
        return True

    def _commit(self) -> None:
        """Bring the rows up to date; on entry every table declared before is."""
        raise NotImplementedError

    def _wake_readers(self) -> None:
        if self._readers:
            for key in self._changed:
                for table, row in self._readers.get(key, ()):
                    table._wake(row)


class Source(Table[K, V]):
    """Rows that come from outside; edits take effect with the next commit, the last edit of a key winning."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._staged: dict[K, V | None] = {}

    def put(self, key: K, value: V) -> None:
        """Add or change a row."""
        self._staged[key] = value

    def delete(self, key: K) -> None:
        """Remove a row; one that is not there is no error."""
        self._staged[key] = None

    def replace(self, rows: Mapping[K, V], of: Callable[[K], bool] = lambda _: True) -> None:
        """Make these the only rows among those whose key satisfies `of`, as a re-list does."""
        for key in [*self._rows, *self._staged]:
            if of(key):
                self._staged[key] = None
        self._staged.update(rows)

    @property
    def dirty(self) -> bool:
        """Whether edits wait for a commit."""
        return bool(self._staged)

    def _commit(self) -> None:
        staged, self._staged = self._staged, {}
        for key, value in staged.items():
            self.runs += self._set(key, value)


class Tracked(Generic[K, V]):
    """A table as one function sees it: each `get` is recorded against the row being computed."""

    __slots__ = ("_owner", "_table")

    def __init__(self, table: Table[K, V], owner: "Derived[Any, Any]") -> None:
        self._table = table
        self._owner = owner

    def get(self, key: K, /) -> V | None:
        """Return the row or None; either way the row being computed depends on it now."""
        self._owner._reads.add((self._table, key))
        return self._table._rows.get(key)


class Derived(Table[K, V]):
    """A function per row of another table; it runs again when its row, or a row it read, changed."""

    def __init__(
        self, name: str, upstream: Table[K, Any], function: Callable[..., V | None], reads: tuple[Table[Any, Any], ...]
    ) -> None:
        super().__init__(name)
        self._upstream = upstream
        self._function = function
        self._lookups = tuple(Tracked(table, self) for table in reads)
        self._woken: set[K] = set()
        self._reads: set[tuple[Table[Any, Any], Any]] = set()
        self._reads_of: dict[K, set[tuple[Table[Any, Any], Any]]] = {}

    def _wake(self, row: Any) -> None:
        self._woken.add(row)

    def _commit(self) -> None:
        woken, self._woken = self._woken | self._upstream._changed, set()
        for key in woken:
            value = self._upstream._rows.get(key)
            self._reads = set()
            result = None
            if value is not None:
                self.runs += 1
                result = self._function(key, value, *self._lookups)
            self._subscribe(key)
            self._set(key, result)

    def _subscribe(self, key: K) -> None:
        old, new = self._reads_of.get(key), self._reads
        if new:
            self._reads_of[key] = new
        elif old:
            del self._reads_of[key]
        me = (self, key)
        for table, read in new if old is None else new - old:
            table._readers.setdefault(read, set()).add(me)
        for table, read in () if old is None else old - new:
            readers = table._readers[read]
            readers.discard(me)
            if not readers:
                del table._readers[read]


Spread = Callable[[Any, Any], Iterable[tuple[G, K2, V2]]]
"""From a row (key, value) of some table to rows of a group: (group key, order, value)."""


class Group(Table[G, tuple[tuple[K2, V2], ...]]):
    """Rows of other tables regrouped: each group is a tuple of (order, value), sorted by order.

    `order` must be unique within a group across all inputs: make the origin part of it.
    """

    def __init__(self, name: str, inputs: tuple[tuple[Table[Any, Any], "Spread[G, K2, V2]"], ...]) -> None:
        super().__init__(name)
        self._inputs = inputs
        self._spread_of: list[dict[Any, dict[tuple[G, K2], V2]]] = [{} for _ in inputs]
        self._members: dict[G, list[tuple[K2, V2]]] = {}

    def _commit(self) -> None:
        gone: list[tuple[G, K2]] = []
        come: list[tuple[G, K2, V2]] = []
        for (table, spread), spread_of in zip(self._inputs, self._spread_of, strict=True):
            for key in table._changed:
                value = table._rows.get(key)
                self.runs += 1
                new = {} if value is None else {(g, order): item for g, order, item in spread(key, value)}
                old = spread_of.pop(key, {})
                if new:
                    spread_of[key] = new
                gone += [place for place, item in old.items() if place not in new or new[place] != item]
                come += [(*place, item) for place, item in new.items() if place not in old or old[place] != item]
        for group, order in gone:  # all that goes before all that comes: an order may pass from one row to another
            members = self._members[group]
            del members[bisect_left(members, cast(Any, order), key=_order)]
        for group, order, item in come:
            insort(self._members.setdefault(group, []), (order, item), key=_order)
        for group in {place[0] for place in gone} | {place[0] for place in come}:
            members = self._members[group]
            if not members:
                del self._members[group]
            self._set(group, tuple(members) or None)


def _order(member: tuple[Any, Any]) -> Any:
    return member[0]


class Graph:
    """The tables of one pipeline, in the order in which they are declared."""

    def __init__(self) -> None:
        self._tables: list[Table[Any, Any]] = []

    def source(self, name: str) -> Source[Any, Any]:
        """Declare a table fed from outside."""
        return self._add(Source(name))

    def derived(
        self, name: str, upstream: Table[K, Any], function: Callable[..., V | None], *reads: Table[Any, Any]
    ) -> Derived[K, V]:
        """Declare `function(key, row, *lookups)` per row of `upstream`; None is no row."""
        for table in (upstream, *reads):
            if table not in self._tables:
                raise ValueError(f"table {name} reads {table.name}, which is not declared before it")
        return self._add(Derived(name, upstream, function, reads))

    def group(self, name: str, *inputs: tuple[Table[Any, Any], "Spread[G, K2, V2]"]) -> Group[G, K2, V2]:
        """Declare a regrouping of one or more tables."""
        for table, _ in inputs:
            if table not in self._tables:
                raise ValueError(f"table {name} regroups {table.name}, which is not declared before it")
        return self._add(Group(name, inputs))

    def commit(self) -> None:
        """Bring every table up to date with the sources, once, in order."""
        for table in self._tables:
            table._changed = set()
        for table in self._tables:
            table._commit()
            table._wake_readers()

    @property
    def runs(self) -> dict[str, int]:
        """Rows computed so far, by table."""
        return {table.name: table.runs for table in self._tables}

    def _add(self, table: T) -> T:
        self._tables.append(table)
        return table
