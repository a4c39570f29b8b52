"""What is to be written, and when."""

from xds_server.kube.agenda import NEVER, Agenda, Pace

PACE = Pace(rest=0.25, longest_rest=4.0, retry=0.25, longest_retry=15.0)


def agenda(**ranks: int) -> Agenda[str]:
    return Agenda(lambda key: ranks.get(key, 0), PACE)


def test_what_is_asked_for_is_due_at_once_and_once() -> None:
    todo = agenda()
    todo.ask("edge", 10.0)
    todo.ask("edge", 10.0)
    assert [todo.take(10.0), todo.take(10.0)] == ["edge", None]


def test_an_object_rests_after_it_was_written() -> None:
    todo = agenda()
    todo.ask("edge", 10.0)
    todo.take(10.0)
    todo.done("edge", 10.0)
    todo.ask("edge", 10.1)
    assert todo.take(10.2) is None
    assert todo.next_at() == 10.25
    assert todo.take(10.25) == "edge"


def test_what_changes_while_it_is_written_is_written_again() -> None:
    todo = agenda()
    todo.ask("edge", 10.0)
    todo.take(10.0)
    todo.ask("edge", 10.1)
    assert todo.take(10.1) is None
    todo.done("edge", 10.1)
    assert todo.take(10.35) == "edge"


def test_an_object_that_was_right_as_it_was_needs_no_rest() -> None:
    todo = agenda()
    todo.ask("edge", 10.0)
    todo.take(10.0)
    todo.done("edge", 10.0, wrote=False)
    todo.ask("edge", 10.0)
    assert todo.take(10.0) == "edge"


def test_a_thousand_changes_in_twenty_seconds_are_some_ten_writes() -> None:
    """The longer an object keeps changing, the longer it rests; the last change is written all the same."""
    todo, writes = agenda(), []
    for change in range(1000):
        now = change * 0.02
        todo.ask("edge", now)
        if todo.take(now):
            writes.append(now)
            todo.done("edge", now)
    last = todo.next_at()
    assert (writes[0], len(writes)) == (0.0, 9)
    assert todo.take(last) == "edge"
    assert last <= 20.0 + PACE.longest_rest


def test_an_object_that_was_quiet_is_written_at_once_again() -> None:
    todo = agenda()
    for now in (0.0, 0.25, 0.75, 1.75):
        todo.ask("edge", now)
        assert todo.take(now) == "edge"
        todo.done("edge", now)
    assert todo.next_at() == NEVER
    todo.ask("edge", 60.0)
    todo.take(60.0)
    todo.done("edge", 60.0)
    todo.ask("edge", 60.0)
    assert todo.next_at() == 60.25


def test_a_failure_is_tried_again_later_and_later() -> None:
    todo, waits, now = agenda(), [], 0.0
    todo.ask("edge", now)
    for _ in range(9):
        assert todo.take(now) == "edge"
        todo.failed("edge", now)
        waits.append(todo.next_at() - now)
        now = todo.next_at()
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_a_change_does_not_hurry_what_fails() -> None:
    todo = agenda()
    todo.ask("edge", 0.0)
    todo.take(0.0)
    todo.failed("edge", 0.0)
    todo.ask("edge", 0.1)
    assert todo.take(0.2) is None


def test_what_ranks_first_overtakes_a_crowd() -> None:
    todo = agenda(route=1, another=1, edge=0)
    for key in ("route", "another", "edge"):
        todo.ask(key, 0.0)
    assert [todo.take(0.0) for _ in range(3)] == ["edge", "route", "another"]


def test_rests_are_forgotten() -> None:
    todo: Agenda[int] = Agenda(pace=PACE)
    for key in range(5000):
        todo.ask(key, float(key))
        todo.take(float(key))
        todo.done(key, float(key))
    assert len(todo._rests) < 1100


def test_flows_take_turns_within_a_rank() -> None:
    """Thousands of objects of one namespace do not keep those of another waiting."""
    todo: Agenda[str] = Agenda(lambda key: int(key == "edge/gateway"), PACE, lambda key: key.partition("/")[0])
    for nth in range(100):
        todo.ask(f"storm/{nth:02}", 10.0)
    for key in ("shop/cart", "shop/till", "edge/gateway"):
        todo.ask(key, 10.0)
    taken = [todo.take(10.0) for _ in range(103)]
    assert taken[:4] == ["storm/00", "shop/cart", "storm/01", "shop/till"]
    assert taken[-1] == "edge/gateway"
    assert [it for it in taken if it and it.startswith("storm")] == [f"storm/{nth:02}" for nth in range(100)]


def test_what_waits_may_rise_in_rank_and_is_taken_once() -> None:
    ranks = {"edge": 2, "cart": 1, "menu": 1}
    todo: Agenda[str] = Agenda(lambda key: ranks[key], PACE)
    for key in ranks:
        todo.ask(key, 10.0)
    assert todo.take(10.0) == "cart"
    ranks["edge"] = 0
    todo.ask("edge", 10.0)
    assert [todo.take(10.0), todo.take(10.0), todo.take(10.0)] == ["edge", "menu", None]
