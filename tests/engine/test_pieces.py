"""Groups of thousands: an edit copies a piece, and what comes of it is what a sorted tuple would be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator import pieces
from translator.pieces import MANY, PIECE, Members, Pieces, edited, made

SIZE = 3
"""Of a piece, so that hypothesis reaches its edges."""


def members(*orders: int) -> list[tuple[int, str]]:
    return [(order, f"value-{order}") for order in orders]


def edits(orders: set[int], wanted: set[int]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    return members(*sorted(orders - wanted)), members(*sorted(wanted - orders))


@given(st.lists(st.sets(st.integers(0, 60)), max_size=6), st.lists(st.integers(0, 60), max_size=20))
@settings(max_examples=300, deadline=None)
def test_what_is_edited_is_what_a_sorted_tuple_would_be(worlds: list[set[int]], toggled: list[int]) -> None:
    """Many edits at once, and then one after the other: the members are those that there should be, in order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", SIZE)
        patch.setattr(pieces, "MANY", 4 * SIZE)
        there: set[int] = set()
        found: Members = ()
        for wanted in worlds:
            found, there = edited(found, *edits(there, wanted)), wanted
            assert tuple(found) == tuple(members(*sorted(there)))
        for order in toggled:
            wanted = there ^ {order}
            before, found = found, edited(found, *edits(there, wanted))
            there = wanted
            expected = tuple(members(*sorted(there)))
            assert tuple(found) == expected
            assert found == expected
            assert expected == found
            assert found != before
            assert [found[at] for at in range(len(found))] == list(expected)
            assert [found[at] for at in range(-len(found), 0)] == list(expected)


def test_an_edit_of_thousands_shares_all_pieces_but_one() -> None:
    """What one member costs does not depend on how many there are."""
    many = edited((), (), members(*range(0, 20 * PIECE, 2)))
    assert isinstance(many, Pieces)
    more = edited(many, (), members(PIECE + 1))
    assert isinstance(more, Pieces)
    assert len(set(map(id, more._pieces)) - set(map(id, many._pieces))) == 1
    assert edited(more, members(PIECE + 1), ()) == many


def test_what_is_made_of_pieces_is_made_anew_of_those_that_an_edit_touched() -> None:
    asked = []

    def orders(of: Members) -> list[int]:
        asked.append(of)
        return [order for order, _ in of]

    many = edited((), (), members(*range(0, 20 * PIECE, 2)))
    for _ in range(2):
        assert [order for piece in made(many, orders) for order in piece] == [order for order, _ in many]
        assert len(asked) == 10
    more = edited(edited(many, (), members(1)), members(0), members(3))
    assert [order for piece in made(more, orders) for order in piece] == [order for order, _ in more]
    assert len(asked) == 11
    assert made((), orders) == ([],)


def test_an_order_may_be_given_to_another_value() -> None:
    """Of two members with one order, the one that goes makes room for the one that comes."""
    many = edited((), (), members(*range(2 * MANY)))
    changed = edited(many, members(7), [(7, "another")])
    assert changed != many
    assert (changed[7], len(changed)) == ((7, "another"), len(many))


def test_few_members_are_a_plain_tuple_again() -> None:
    """Pieces are for thousands: what is left when most have gone is in no pieces."""
    many = edited((), (), members(*range(MANY)))
    assert isinstance(many, Pieces)
    few = edited(many, members(0), ())
    assert isinstance(few, tuple)
    assert few == tuple(members(*range(1, MANY)))
