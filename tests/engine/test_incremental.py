"""The engine: what changed is recomputed, what did not is left alone, and incremental equals from scratch."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator import incremental
from translator.incremental import CROWD, Crowd, Derived, Graph, Source, Table

KEYS = st.sampled_from("abcdef")
EDIT = st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 3)))


def test_a_row_is_computed_when_it_or_a_read_changed_and_else_never() -> None:
    """Of 1,000 rows that read one row each, the change of one read runs one function."""
    graph = Graph()
    names, values = graph.source("names"), graph.source("values")
    joined: Derived[Any, Any] = graph.derived("joined", names, lambda key, name, other: other.get(name), values)
    for n in range(1000):
        names.put(n, f"value-{n}")
        values.put(f"value-{n}", n)
    graph.commit()
    before = joined.runs
    values.put("value-7", 70)
    graph.commit()
    assert (joined.runs - before, joined.get(7), joined.changed) == (1, 70, {7})


def test_a_miss_is_a_read() -> None:
    """A row that looked for something in vain runs again when that appears."""
    graph = Graph()
    names, values = graph.source("names"), graph.source("values")
    joined: Derived[Any, Any] = graph.derived("joined", names, lambda key, name, other: other.get(name), values)
    names.put("a", "late")
    graph.commit()
    assert joined.get("a") is None
    values.put("late", 1)
    graph.commit()
    assert joined.get("a") == 1


def test_an_equal_result_stops_the_wave() -> None:
    """What reads a row that was computed anew with the same result does not run."""
    graph = Graph()
    source = graph.source("numbers")
    parity: Derived[Any, Any] = graph.derived("parity", source, lambda key, n: "odd" if n % 2 else "even")
    word: Derived[Any, Any] = graph.derived("word", parity, lambda key, parity: parity.upper())
    source.put("n", 1)
    graph.commit()
    source.put("n", 3)
    graph.commit()
    assert (parity.runs, word.runs, word.changed) == (2, 1, frozenset())


def test_an_equal_value_changes_nothing() -> None:
    """Putting what is there already, as an echo of one's own status write does, runs no function."""
    graph = Graph()
    source = graph.source("numbers")
    twice: Derived[Any, Any] = graph.derived("twice", source, lambda key, n: 2 * n)
    source.put("n", 1)
    graph.commit()
    source.put("n", 1)
    graph.commit()
    assert twice.runs == 1


def test_the_last_edit_of_a_key_wins() -> None:
    """A batch may hold several edits of one row; what counts is the last."""
    graph = Graph()
    source = graph.source("numbers")
    source.put("n", 1)
    source.delete("n")
    source.put("n", 2)
    graph.commit()
    assert dict(source.items()) == {"n": 2}


def test_replace_removes_what_it_does_not_name_within_its_scope() -> None:
    """A re-list of one kind deletes what vanished of that kind, staged edits included, and no other."""
    graph = Graph()
    source = graph.source("objects")
    source.put(("a", 1), "old")
    source.put(("b", 1), "other")
    graph.commit()
    source.put(("a", 2), "staged")
    source.replace({("a", 3): "new"}, lambda key: key[0] == "a")
    graph.commit()
    assert dict(source.items()) == {("b", 1): "other", ("a", 3): "new"}


def test_a_group_is_sorted_by_order() -> None:
    """Members stand in the order that spread gave them, whatever the order of the edits."""
    graph = Graph()
    source = graph.source("ages")
    grouped: Table[Any, Any] = graph.group("by parity", (source, lambda name, age: [(age % 2, (age, name), name)]))
    for name, age in (("c", 5), ("a", 3), ("b", 5), ("d", 1)):
        source.put(name, age)
    graph.commit()
    assert [member for _, member in grouped.get(1)] == ["d", "a", "b", "c"]


def test_an_order_may_pass_from_one_row_to_another_in_one_commit() -> None:
    """When one row gives up its place in a group and another takes it, the taker is what stays."""
    graph = Graph()
    source = graph.source("places")
    grouped: Table[Any, Any] = graph.group("seats", (source, lambda who, seat: [("hall", seat, who)]))
    source.put("ann", 1)
    graph.commit()
    source.put("bob", 1)
    source.put("ann", 2)
    graph.commit()
    assert grouped.get("hall") == ((1, "bob"), (2, "ann"))


def test_a_table_cannot_read_one_declared_after_it() -> None:
    """Declaring a table over another graph's, or a later, table is our mistake and raises."""
    graph, other = Graph(), Graph()
    source, foreign = graph.source("here"), other.source("elsewhere")
    with pytest.raises(ValueError, match="elsewhere, which is not declared before it"):
        graph.derived("derived", source, lambda key, row, lookup: row, foreign)


Wiring = Callable[[Graph], tuple[tuple[Source[Any, Any], ...], tuple[Table[Any, Any], ...]]]


def wiring(graph: Graph) -> tuple[tuple[Source[Any, Any], ...], tuple[Table[Any, Any], ...]]:
    """Build a graph with reads along a chain, misses, regrouping of two tables and rows that come and go."""
    left, right = graph.source("left"), graph.source("right")
    chained: Derived[Any, Any] = graph.derived(
        "chained", left, lambda key, n, other: None if other.get(key) == n else (n, other.get("abcdef"[n])), right
    )
    grouped: Table[Any, Any] = graph.group(
        "grouped",
        (chained, lambda key, row: [(row[0], ("chained", key), row[1]), (-1, ("all", key), key)]),
        (right, lambda key, n: [(n, ("right", key), n)]),
    )
    summed: Derived[Any, Any] = graph.derived(
        "summed", grouped, lambda group, members, rows: (len(members), rows.get("a"), members[0]), chained
    )
    weighed: Table[Any, Any] = graph.total("weighed", chained, lambda key, row: [(row[0], row[0] + 1), ("all", 1)])
    light: Derived[Any, Any] = graph.derived("light", left, lambda key, n, total: total.get(n), weighed)
    return (left, right), (chained, grouped, summed, weighed, light)


def contents(tables: Iterable[Table[Any, Any]]) -> list[dict[Any, Any]]:
    """The rows of some tables."""
    return [dict(table.items()) for table in tables]


def differs_from_scratch(batches: list[list[tuple[int, tuple[str, int | None]]]], build: Wiring) -> bool:
    """Whether, after some batch, the graph holds other rows than a fresh one fed the same world."""
    graph = Graph()
    sources, tables = build(graph)
    for batch in batches:
        for which, (key, value) in batch:
            sources[which].delete(key) if value is None else sources[which].put(key, value)
        graph.commit()
        fresh = Graph()
        fresh_sources, fresh_tables = build(fresh)
        for source, fresh_source in zip(sources, fresh_sources, strict=True):
            for key, value in source.items():
                fresh_source.put(key, value)
        fresh.commit()
        if contents(tables) != contents(fresh_tables):
            return True
    return False


BATCHES = st.lists(st.lists(st.tuples(st.integers(0, 1), EDIT), max_size=6), max_size=8)


@given(BATCHES)
@settings(max_examples=300, deadline=None)
def test_incremental_equals_from_scratch(batches: list[list[tuple[int, tuple[str, int | None]]]]) -> None:
    """Whatever is edited in whatever batches, the tables hold what a fresh graph would."""
    assert not differs_from_scratch(batches, wiring)


@given(BATCHES)
@settings(max_examples=300, deadline=None)
def test_a_crowd_of_readers_is_woken_as_a_few_are(batches: list[list[tuple[int, tuple[str, int | None]]]]) -> None:
    """Rows that are counted, because most rows read the same, are found when that changes, and named when few do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incremental, "CROWD", 2)
        assert not differs_from_scratch(batches, wiring)
        assert is_emptied(batches)


def test_a_key_that_all_rows_read_is_no_list_of_them() -> None:
    """What all of thousands of rows read is remembered once, and wakes all of them."""
    graph = Graph()
    names, shared = graph.source("names"), graph.source("shared")
    joined: Derived[Any, Any] = graph.derived(
        "joined", names, lambda key, name, other: (name, other.get("all")), shared
    )
    for n in range(3 * CROWD):
        names.put(n, n)
    graph.commit()
    (view,) = shared._views
    assert isinstance(view._readers["all"], Crowd)
    assert len(set(map(id, joined._reads_of.values()))) == 1
    shared.put("all", 1)
    graph.commit()
    assert (joined.runs, joined.get(7)) == (6 * CROWD, (7, 1))


def test_reading_ones_own_key_is_not_written_down() -> None:
    """A row that reads the row of the same key in another table is woken by it, and takes no memory for that."""
    graph = Graph()
    names, values = graph.source("names"), graph.source("values")
    joined: Derived[Any, Any] = graph.derived("joined", names, lambda key, name, other: (name, other.get(key)), values)
    names.put("a", 1)
    graph.commit()
    assert not joined._reads_of
    values.put("a", 2)
    values.put("b", 3)
    graph.commit()
    assert (joined.get("a"), joined.runs) == ((1, 2), 2)


@given(st.permutations([(0, ("a", 1)), (1, ("b", 2)), (0, ("c", 0)), (1, ("a", 1)), (0, ("f", 2)), (1, ("c", 3))]))
def test_the_order_of_events_in_a_batch_does_not_matter(batch: list[tuple[int, tuple[str, int | None]]]) -> None:
    """Edits of different rows may come in any order."""
    graph, sorted_graph = Graph(), Graph()
    (sources, tables), (sorted_sources, sorted_tables) = wiring(graph), wiring(sorted_graph)
    for some, edits in ((sources, batch), (sorted_sources, sorted(batch))):
        for which, (key, value) in edits:
            some[which].put(key, value)
    graph.commit()
    sorted_graph.commit()
    assert contents(tables) == contents(sorted_tables)


@given(BATCHES)
@settings(max_examples=100, deadline=None)
def test_delete_all_returns_to_empty(batches: list[list[tuple[int, tuple[str, int | None]]]]) -> None:
    """When the last row is gone nothing is left: no rows, no recorded reads, no groups."""
    assert is_emptied(batches)


def is_emptied(batches: list[list[tuple[int, tuple[str, int | None]]]]) -> bool:
    """Whether nothing is left of edits once all rows are taken away."""
    graph = Graph()
    sources, tables = wiring(graph)
    for batch in batches:
        for which, (key, value) in batch:
            sources[which].delete(key) if value is None else sources[which].put(key, value)
        graph.commit()
    for source in sources:
        source.replace({})
    graph.commit()
    views = [view for table in (*sources, *tables) for view in table._views]
    return not any((*contents(tables), *(view._readers for view in views), *(view._owner._reads_of for view in views)))


def test_an_unrecorded_read_is_caught() -> None:
    """The property is able to fail: a function that reads around its lookups goes stale."""

    def cheating(graph: Graph) -> tuple[tuple[Source[Any, Any], ...], tuple[Table[Any, Any], ...]]:
        left, right = graph.source("left"), graph.source("right")
        stale: Derived[Any, Any] = graph.derived("stale", left, lambda key, n: (n, right.get(key)))
        return (left, right), (stale,)

    assert differs_from_scratch([[(0, ("a", 1))], [(1, ("a", 2))]], cheating)


def test_a_lost_wake_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property is able to fail: a table that forgets to wake its readers goes stale."""
    monkeypatch.setattr(Table, "_wake_readers", lambda self: None)
    assert differs_from_scratch([[(0, ("a", 1))], [(1, ("b", 2))]], wiring)


def test_a_total_sums_by_group_and_forgets_what_comes_to_nothing() -> None:
    graph = Graph()
    source = graph.source("bytes")
    total: Table[Any, Any] = graph.total("by first letter", source, lambda name, size: [(name[0], size)])
    for name, size in (("ab", 3), ("ac", 4), ("b", 5)):
        source.put(name, size)
    graph.commit()
    assert dict(total.items()) == {"a": 7, "b": 5}
    source.put("ab", 1)
    source.delete("b")
    graph.commit()
    assert (dict(total.items()), total.changed) == ({"a": 5}, {"a", "b"})
    assert (total.before("a"), total.before("b"), total.runs) == (7, 5, 5)


def test_a_total_that_stays_as_it_is_wakes_nobody() -> None:
    graph = Graph()
    source = graph.source("bytes")
    total: Table[Any, Any] = graph.total("sum", source, lambda name, size: [("all", size)])
    source.put("a", 1)
    source.put("b", 2)
    graph.commit()
    source.put("a", 2)
    source.put("b", 1)
    graph.commit()
    assert total.changed == frozenset()


def test_a_total_sums_what_is_declared_before_it() -> None:
    graph, other = Graph(), Graph()
    with pytest.raises(ValueError, match="elsewhere, which is not declared before it"):
        graph.total("sum", other.source("elsewhere"), lambda key, row: [])
