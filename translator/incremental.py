"""A small synchronous table graph: a change recomputes what read it and nothing else.

Four kinds of table: `Source` (put, delete, replace), `Derived` (a function per row, whose reads are recorded), `Group`
(rows regrouped under another key, in order) and `Total` (numbers of rows, summed by group). `Graph.commit` is one pass
in the order of declaration, so a table reads only tables declared before it. Functions are stateless and total; they
read through their arguments alone, and a miss is a read too. An equal result stops the wave.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from translator.pieces import edited

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
        self._changed: list[K] = []
        self._before: dict[K, V] = {}
        """What the changed rows were, where they were."""
        self._due = False
        """Whether anything changed that the rows are made of."""
        self._made: list[Table[Any, Any]] = []
        """Tables that are made of this one row by row."""
        self._views: list[Tracked[K, V]] = []
        """Through what the functions of later tables read this one."""

    def get(self, key: K, /) -> V | None:
        """Return the row or None; reading this way from outside the graph records nothing."""
        return self._rows.get(key)

    def before(self, key: K, /) -> V | None:
        """Return what a row that the last commit changed was before it; None where there was none."""
        return self._before.get(key)

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
        """Store a row (None removes it), once a commit at most; say whether that changed anything."""
        old = self._rows.get(key)
        if value is None:
            if old is None:
                return False
            del self._rows[key]
        else:
            if old is not None and old == value:
                return False
            self._rows[key] = value
        if old is not None:
            self._before[key] = old
        self._changed.append(key)
        return True

    def _commit(self) -> None:
        """Bring the rows up to date; on entry every table declared before is."""
        raise NotImplementedError

    def _wake_readers(self) -> None:
        for view in self._views:
            view._wake(self._changed)


class Source(Table[K, V]):
    """Rows that come from outside; edits take effect with the next commit, the last edit of a key winning."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._staged: dict[K, V | None] = {}

    def put(self, key: K, value: V) -> None:
        """Add or change a row."""
        self._staged[key], self._due = value, True

    def delete(self, key: K) -> None:
        """Remove a row; one that is not there is no error."""
        self._staged[key], self._due = None, True

    def replace(self, rows: Mapping[K, V], of: Callable[[K], bool] = lambda _: True) -> None:
        """Make these the only rows among those whose key satisfies `of`, as a re-list does."""
        for key in [*self._rows, *self._staged]:
            if of(key):
                self._staged[key] = None
        self._staged.update(rows)
        self._due = True

    @property
    def dirty(self) -> bool:
        """Whether edits wait for a commit."""
        return bool(self._staged)

    def _commit(self) -> None:
        staged, self._staged = self._staged, {}
        for key, value in staged.items():
            self.runs += self._set(key, value)


class Crowd:
    """So many rows that read one key, most of all, that they are counted and not named."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


CROWD = 1024
"""Readers of a key from which on they may be a crowd: then more than half of all rows read it."""


class Tracked(Generic[K, V]):
    """A table as one function sees it: each `get` is recorded against the row being computed."""

    __slots__ = ("_own", "_owner", "_readers", "_table")

    def __init__(self, table: Table[K, V], owner: "Derived[Any, Any]") -> None:
        self._table = table
        self._owner = owner
        self._own = False
        """Whether rows of the owner read the row that has their own key; that is not recorded one by one."""
        self._readers: dict[K, Any] = {}
        """Which rows of the owner read a key: the row itself where it is one, a dict with them as keys, or a crowd.

        No row can be a dict, and one of thousands of keys takes a quarter of what a set of them does.
        """
        table._views.append(self)

    def get(self, key: K, /) -> V | None:
        """Return the row or None; either way the row being computed depends on it now."""
        owner = self._owner
        if key == owner._row:
            self._own = True
        else:
            owner._reads += (self, key)
        return self._table._rows.get(key)

    def _wake(self, keys: Iterable[K]) -> None:
        owner = self._owner
        for key in keys:
            if self._own and key in owner._upstream._rows:
                owner._woken.add(key)
            if key in self._readers:
                rows = self._readers[key]
                owner._woken.update(self._crowd(key) if isinstance(rows, Crowd) else _named(rows))
        if owner._woken:
            owner._due = True

    def _subscribe(self, key: K, row: Hashable) -> None:
        rows = self._readers.setdefault(key, row)
        if rows is row:
            return
        if isinstance(rows, Crowd):
            rows.size += 1
        elif isinstance(rows, dict):
            rows[row] = None
            if len(rows) >= CROWD and 2 * len(rows) > len(self._owner._reads_of):
                self._readers[key] = Crowd(len(rows))
        else:
            self._readers[key] = {rows: None, row: None}

    def _unsubscribe(self, key: K, row: Hashable) -> None:
        rows = self._readers[key]
        if isinstance(rows, Crowd):
            rows.size -= 1
            if 2 * rows.size >= CROWD and 4 * rows.size >= len(self._owner._reads_of):
                return
            rows = dict.fromkeys(self._crowd(key))
        elif isinstance(rows, dict):
            del rows[row]
        else:
            rows = {}
        if rows:
            self._readers[key] = rows if len(rows) > 1 else next(iter(rows))
        else:
            del self._readers[key]

    def _crowd(self, key: K) -> Iterator[Hashable]:
        """Look for the rows that read a key among all; rows that read the same are looked at once."""
        known: dict[int, bool] = {}
        for row, reads in self._owner._reads_of.items():
            if id(reads) not in known:
                known[id(reads)] = (self, key) in _pairs(reads)
            if known[id(reads)]:
                yield row


def _named(rows: Any) -> Iterable[Any]:
    return rows if isinstance(rows, dict) else (rows,)


def _pairs(reads: tuple[Any, ...]) -> set[tuple[Tracked[Any, Any], Any]]:
    return set(zip(reads[::2], reads[1::2], strict=True))


NO_ROW = object()
"""The key of no row."""


class Derived(Table[K, V]):
    """A function per row of another table; it runs again when its row, or a row it read, changed."""

    def __init__(
        self, name: str, upstream: Table[K, Any], function: Callable[..., V | None], reads: tuple[Table[Any, Any], ...]
    ) -> None:
        super().__init__(name)
        self._upstream = upstream
        upstream._made.append(self)
        self._function = function
        self._lookups = tuple(Tracked(table, self) for table in reads)
        self._woken: set[K] = set()
        self._row: object = NO_ROW
        """Which row is being computed."""
        self._reads: list[Any] = []
        """What it has read so far: lookup and key in turn."""
        self._reads_of: dict[K, tuple[Any, ...]] = {}
        """What each row read, in the same way; rows that read the same share it."""

    def _commit(self) -> None:
        changed, woken = self._upstream._changed, self._woken
        if woken:
            self._woken = set()
            woken.update(changed)
        function, lookups, rows = self._function, self._lookups, self._upstream._rows
        known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for key in woken or changed:
            value = rows.get(key)
            result = None
            if value is not None:
                self.runs += 1
                self._row = key
                result = function(key, value, *lookups)
            if self._reads or key in self._reads_of:
                self._record(key, known)
            self._set(key, result)
        self._row = NO_ROW

    def _record(self, row: K, known: dict[tuple[Any, ...], tuple[Any, ...]]) -> None:
        """Let the row be woken by what it has read, and by nothing else."""
        new, old = tuple(self._reads), self._reads_of.get(row, ())
        self._reads.clear()
        if new == old:
            return
        if new:
            self._reads_of[row] = new = known.setdefault(new, new)
        else:
            del self._reads_of[row]
        if not old and len(new) == 2:  # most rows that are new read one other
            new[0]._subscribe(new[1], row)
            return
        those, others = _pairs(new), _pairs(old)
        for lookup, key in those - others if others else those:
            lookup._subscribe(key, row)
        for lookup, key in others - those:
            lookup._unsubscribe(key, row)


Spread = Callable[[Any, Any], Iterable[tuple[G, K2, V2]]]
"""From a row (key, value) of some table to rows of a group: (group key, order, value)."""

Narrow = Callable[[Any, Any], tuple[Any, Any]]
"""From a row before and after an edit to rows that are spread to nothing but the difference."""

Input: TypeAlias = tuple[Table[Any, Any], Spread[G, K2, V2]] | tuple[Table[Any, Any], Spread[G, K2, V2], Narrow]
"""A table, how its rows are spread and, where they are spread to thousands, how an edit of one is narrowed."""


class Group(Table[G, Sequence[tuple[K2, V2]]]):
    """Rows of other tables regrouped: each group is a sequence of (order, value), sorted by order; a tuple if short.

    `order` must be unique within a group across all inputs: make the origin part of it.
    """

    def __init__(self, name: str, inputs: "tuple[Input[G, K2, V2], ...]") -> None:
        super().__init__(name)
        self._inputs = [(table, spread, narrow[0] if narrow else None) for table, spread, *narrow in inputs]
        for table, *_ in inputs:
            table._made.append(self)

    def _commit(self) -> None:
        gone: defaultdict[G, list[tuple[K2, V2]]] = defaultdict(list)
        come: defaultdict[G, list[tuple[K2, V2]]] = defaultdict(list)
        for table, spread, narrow in self._inputs:
            before, rows = table._before, table._rows
            self.runs += len(table._changed)
            for key in table._changed:
                was, now = before.get(key), rows.get(key)
                if narrow is not None and was is not None and now is not None:
                    was, now = narrow(was, now)
                old = () if was is None else _places(spread, key, was)
                new = () if now is None else _places(spread, key, now)
                if old and new:
                    old, new = _without(old, new), _without(new, old)
                for group, member in old:
                    gone[group].append(member)
                for group, member in new:
                    come[group].append(member)
        for group in {**gone, **come}:  # all that goes before all that comes: an order may pass from one row to another
            members = edited(self._rows.get(group, ()), gone.get(group, ()), come.get(group, ()))
            self._set(group, members or None)


Place: TypeAlias = tuple[G, tuple[K2, V2]]
"""A group, and a member of it."""


def _places(spread: Spread[G, K2, V2], key: Any, row: Any) -> Sequence[Place[G, K2, V2]]:
    """Ask where a row goes; of members with the same order in the same group the last one counts."""
    found = [(group, (order, item)) for group, order, item in spread(key, row)]
    return found if len(found) < 2 else list({(group, member[0]): (group, member) for group, member in found}.values())


def _without(places: Sequence[Place[G, K2, V2]], others: Sequence[Place[G, K2, V2]]) -> Sequence[Place[G, K2, V2]]:
    members = {(group, member[0]): member for group, member in others}
    return [place for place in places if members.get((place[0], place[1][0])) != place[1]]


Shares = Callable[[Any, Any], Iterable[tuple[G, int]]]
"""From a row (key, value) of some table to what it adds to groups: (group key, a number above zero)."""


class Total(Table[G, int]):
    """Numbers of another table's rows summed by group; a group without any has no row. An edit costs what it adds."""

    def __init__(self, name: str, upstream: Table[Any, Any], shares: "Shares[G]") -> None:
        super().__init__(name)
        self._upstream = upstream
        upstream._made.append(self)
        self._shares = shares

    def _commit(self) -> None:
        differences: dict[G, int] = {}
        for key in self._upstream._changed:
            self.runs += 1
            for rows, sign in ((self._upstream._before, -1), (self._upstream._rows, 1)):
                if key in rows:
                    for group, number in self._shares(key, rows[key]):
                        differences[group] = differences.get(group, 0) + sign * number
        for group, difference in differences.items():
            if difference:
                self._set(group, self._rows.get(group, 0) + difference or None)


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

    def group(self, name: str, *inputs: "Input[G, K2, V2]") -> Group[G, K2, V2]:
        """Declare a regrouping of one or more tables."""
        for table, *_ in inputs:
            if table not in self._tables:
                raise ValueError(f"table {name} regroups {table.name}, which is not declared before it")
        return self._add(Group(name, inputs))

    def total(self, name: str, upstream: Table[Any, Any], shares: "Shares[G]") -> Total[G]:
        """Declare sums of what the rows of a table add to groups."""
        if upstream not in self._tables:
            raise ValueError(f"table {name} sums {upstream.name}, which is not declared before it")
        return self._add(Total(name, upstream, shares))

    def commit(self) -> None:
        """Bring every table up to date with the sources, once, in order."""
        for table in self._tables:
            if table._changed:
                table._changed, table._before = [], {}
        for table in self._tables:
            if table._due:
                table._due = False
                table._commit()
                if table._changed:
                    for made in table._made:
                        made._due = True
                    table._wake_readers()

    @property
    def runs(self) -> dict[str, int]:
        """Rows computed so far, by table."""
        return {table.name: table.runs for table in self._tables}

    def _add(self, table: T) -> T:
        self._tables.append(table)
        return table
