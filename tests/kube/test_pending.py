"""What has changed and was not given out: in turns, and nothing before what it rests on."""

from collections.abc import Iterable

import hypothesis.strategies as st
from hypothesis import given

from translator.api.core import Service
from translator.api.meta import Meta
from translator.value import Ref
from xds_server.files import Change, Delete, Put
from xds_server.kube.pending import SLICE, Pending


def put(name: str, namespace: str = "shop", kind: str = "Service") -> Change:
    """A change; what an object says is of no interest here."""
    return Put(Ref(kind, namespace, name), Service(Meta(name, namespace)))


def gone(name: str, namespace: str = "shop") -> Change:
    return Delete(Ref("Service", namespace, name))


def pending(*changes: Change) -> Pending:
    waiting = Pending()
    for change in changes:
        waiting.put(change, 0.0)
    return waiting


def storm(number: int = 20 * SLICE) -> Iterable[Change]:
    return (put(f"s{nth}", "storm") for nth in range(number))


def slices(waiting: Pending) -> list[list[Change]]:
    found = []
    while waiting:
        found.append([it.change for it in waiting.take()])
    return found


def place(change: Change, found: list[list[Change]]) -> int:
    """In which slice a change is given out."""
    return next(nth for nth, each in enumerate(found) if change in each)


def test_what_changes_alone_is_given_out_at_once() -> None:
    assert slices(pending(put("cart"), put("till"))) == [[put("cart"), put("till")]]


def test_a_storm_in_one_namespace_keeps_no_other_waiting() -> None:
    found = slices(pending(*storm(), put("cart")))
    assert place(put("cart"), found) == 0
    assert len(found) == 21


def test_many_namespaces_take_turns() -> None:
    others = [put("cart", f"n{nth}") for nth in range(3 * SLICE)]
    found = slices(pending(*storm(), *others))
    assert max(place(other, found) for other in others) <= 3


def test_who_comes_while_a_storm_is_given_out_is_in_the_next_slice() -> None:
    waiting = pending(*storm())
    for _ in range(5):
        waiting.take()
    waiting.put(put("cart"), 0.0)
    assert put("cart") in [it.change for it in waiting.take()]


def test_within_a_namespace_nothing_overtakes() -> None:
    found = [change for each in slices(pending(*storm())) for change in each]
    assert found == list(storm())


def test_what_changed_again_waits_behind_what_came_between() -> None:
    """The new version of a route may name a Service that came after the old one."""
    waiting = pending(put("route", "storm"), *storm(SLICE), put("route", "storm"))
    assert place(put("route", "storm"), slices(waiting)) == 1


def test_a_deletion_waits_for_all_that_came_before_it() -> None:
    """A route may have moved to another namespace: there first, then here no more."""
    found = slices(pending(put("cart"), *storm(), gone("cart")))
    assert place(gone("cart"), found) == len(found) - 1
    assert not any(put("cart") in each for each in found)


def test_what_comes_after_a_deletion_does_not_wait_for_it() -> None:
    found = slices(pending(*storm(), gone("cart"), put("till")))
    assert place(put("till"), found) == 0


def test_a_gateway_waits_for_all_that_came_before_it_and_what_comes_after_waits_for_the_gateway() -> None:
    """Routes may have left the listener that it does not have any more, and may name one that it has now."""
    edge = put("edge", "infra", "Gateway")
    found = slices(pending(*storm(), edge, put("cart")))
    assert place(edge, found) == place(put("cart"), found) == 20


def test_the_age_of_a_change_is_that_of_the_first_news() -> None:
    waiting = Pending()
    waiting.put(put("cart"), 1.0)
    waiting.put(put("cart"), 5.0)
    assert [it.since for it in waiting.take()] == [1.0]


CHANGES = st.builds(
    lambda kind, namespace, name, there: put(name, namespace, kind) if there else Delete(Ref(kind, namespace, name)),
    st.sampled_from(["Service", "HTTPRoute", "Gateway"]),
    st.sampled_from("abc"),
    st.sampled_from("xyz"),
    st.booleans(),
)


@given(st.lists(CHANGES | st.none(), max_size=60))
def test_in_whatever_slices_the_last_change_of_every_object_is_given_out_and_after_all_others_of_it(
    steps: list[Change | None],
) -> None:
    waiting = Pending()
    world: dict[Ref, Change] = {}
    for step in steps:
        if step is None:
            world |= {it.change.ref: it.change for it in waiting.take()}
        else:
            waiting.put(step, 0.0)
    world |= {change.ref: change for each in slices(waiting) for change in each}
    assert world == {step.ref: step for step in steps if step is not None}
