"""What is kept of changes, and for how long."""

from translator.value import Key, Ref
from translator.xds.resource import ResourceType, resource
from xds_server import history
from xds_server.history import Change, Edit, History
from xds_server.snapshot import Item

EDGE = Key("shop", "edge")
ROUTE = Ref("HTTPRoute", "shop", "cart")


def edit(name: str = "a", size: int = 1) -> Edit:
    before = resource(name, b"x" * size)
    return Edit(EDGE, ResourceType.CLUSTER, Item(name), before, None)


def test_the_newest_come_first_and_the_oldest_go() -> None:
    kept = History()
    for _ in range(history.CHANGES + 3):
        kept.record(0.0, [ROUTE], [edit()], 1)
    numbers = [change.number for change in kept.last()]
    assert (numbers[0], len(numbers)) == (history.CHANGES + 3, history.CHANGES)
    assert [change.number for change in kept.last(after=history.CHANGES + 1)] == [
        history.CHANGES + 3,
        history.CHANGES + 2,
    ]


def test_large_contents_push_others_out_sooner() -> None:
    kept = History()
    for _ in range(5):
        kept.record(0.0, [ROUTE], [edit(size=history.MOST_BYTES // 2)], 1)
    assert len(list(kept.last())) == 2


def test_of_a_large_change_some_is_kept_and_the_rest_is_counted() -> None:
    """No more is looked at than is kept: the first commit has tens of thousands of edits."""
    kept, looked_at = History(), []

    def edits() -> object:
        for nth in range(1000):
            looked_at.append(nth)
            yield edit(str(nth))

    kept.record(0.0, [ROUTE] * 70, edits(), 1000)  # type: ignore[arg-type]
    [change] = kept.last()
    assert (len(change.edits), change.edits_left_out) == (history.EACH, 1000 - history.EACH)
    assert (len(change.causes), change.causes_left_out) == (history.EACH, 70 - history.EACH)
    assert len(looked_at) <= history.EACH + 1


def test_watchers_hear_of_changes_until_they_have_enough() -> None:
    kept, heard = History(), list[Change]()
    kept.watch(heard.append)
    kept.record(0.0, [ROUTE], [edit()], 1)
    kept.unwatch(heard.append)
    kept.record(0.0, [ROUTE], [edit()], 1)
    assert [change.number for change in heard] == [1]
