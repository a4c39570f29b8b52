"""What is equal in thousands of objects is there once, and no object is changed by that."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.api.kinds import KINDS, Kind
from translator.sharing import MOST, WHOLE, Sharing

HTTP_ROUTE = KINDS["HTTPRoute"].struct


def route(number: int, path: str = "/", weight: int = 1) -> Any:
    spec = {
        "parentRefs": [{"name": "edge"}],
        "hostnames": [f"{number}.example.com"],
        "rules": [{"matches": [{"path": {"value": path}}], "backendRefs": [{"name": f"s{number}", "weight": weight}]}],
    }
    return msgspec.json.decode(json.dumps({"metadata": {"name": f"r{number}"}, "spec": spec}), type=HTTP_ROUTE)


def shared(sharing: Sharing, value: Any) -> Any:
    sharing.share(value)
    return value


def test_from_the_second_time_on_equal_parts_are_the_same() -> None:
    sharing = Sharing()
    _, second, third = (shared(sharing, route(number)) for number in range(3))
    assert third.spec.parent_refs is second.spec.parent_refs
    assert third.spec.rules[0].matches is second.spec.rules[0].matches


def test_what_differs_stays_as_it_was() -> None:
    sharing = Sharing()
    for number in range(5):
        assert shared(sharing, route(number, f"/{number % 2}", number)) == route(number, f"/{number % 2}", number)


def test_a_map_among_the_parts_is_left_alone() -> None:
    sharing, service = Sharing(), KINDS["Service"].struct
    text = json.dumps({"metadata": {"name": "s"}, "spec": {"selector": {"app": "s"}, "ports": [{"port": 80}]}})
    _, second, third = (shared(sharing, msgspec.json.decode(text, type=service)) for _ in range(3))
    assert second == third == msgspec.json.decode(text, type=service)
    assert third.spec.ports is second.spec.ports


class Flags(msgspec.Struct, frozen=True, gc=False):
    some: bool | None = None
    count: int | str | None = None
    words: tuple[str, ...] = ()
    inner: "Flags | None" = None


SOME, COUNTS = st.sampled_from([True, False, None]), st.sampled_from([0, 1, "a", "", None])
FLAGS = st.recursive(
    st.builds(Flags, SOME, COUNTS, st.lists(st.sampled_from("ab")).map(tuple)),
    lambda inner: st.builds(Flags, SOME, COUNTS, st.just(()), inner),
)


@given(st.lists(FLAGS, max_size=8))
def test_whatever_it_is_reads_the_same(values: list[Flags]) -> None:
    """To the letter: what is true does not become 1."""
    sharing, before = Sharing(), [repr(value) for value in values]
    assert [repr(shared(sharing, value)) for value in values] == before


def test_what_was_seen_once_is_not_kept_for_it() -> None:
    sharing = Sharing()
    for number in range(3 * MOST):
        sharing.share(route(number, f"/{number}"))
    assert len(sharing._once) <= MOST
    assert len(sharing._shared) <= 8


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_differs_in_every_object_has_parts(kind: Kind) -> None:
    whole = [it for it in msgspec.structs.fields(kind.struct) if it.name in WHOLE]
    assert whole
    assert all(issubclass(it.type, msgspec.Struct) for it in whole)
