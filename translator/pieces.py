"""Members of a group, sorted by their order: a tuple while they are few, pieces of one where they are thousands.

An edit copies the piece that it touches and shares the others with what was before. Both are values: nothing is changed
in place, and what holds the same members is equal.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar, overload

T = TypeVar("T")

Member: TypeAlias = tuple[Any, Any]
"""Order and value."""
Made: TypeAlias = dict[Any, dict[int, tuple[tuple[Member, ...], Any]]]
"""By function and identity of a piece: the piece, which thereby lives, and what was made of it."""
Members: TypeAlias = Sequence[Member]

PIECE = 256
"""Members of a piece; one that has come to twice as many is halved."""
MANY = 4 * PIECE
"""From so many members on they are kept in pieces."""

_order = itemgetter(0)


class Pieces(Sequence[Member]):
    """Thousands of members, none of whose pieces is empty."""

    __slots__ = ("_length", "_made", "_pieces")

    def __init__(self, pieces: tuple[tuple[Member, ...], ...], made: "Made | None" = None) -> None:
        self._pieces = pieces
        self._length = sum(map(len, pieces))
        self._made = made or {}
        """What functions made of pieces, these or those before them; whoever asks again forgets the latter."""

    @classmethod
    def cut(cls, members: list[Member]) -> "Pieces":
        """Cut sorted members into pieces of equal size."""
        return cls(tuple(tuple(members[at : at + PIECE]) for at in range(0, len(members), PIECE)))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Member]:
        return chain.from_iterable(self._pieces)

    @overload
    def __getitem__(self, at: int) -> Member: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Member, ...]: ...
    def __getitem__(self, at: int | slice) -> Member | tuple[Member, ...]:
        if isinstance(at, slice):
            return tuple(self)[at]
        pieces = self._pieces if at >= 0 else reversed(self._pieces)
        for piece in pieces:
            if -len(piece) <= at < len(piece):
                return piece[at]
            at += len(piece) if at < 0 else -len(piece)
        raise IndexError("there are not so many members")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple):
            return self._length == len(other) and tuple(self) == other
        if not isinstance(other, Pieces) or self._length != other._length:
            return False
        alike = _alike(self._pieces, other._pieces)
        mine, theirs = self._pieces[alike:], other._pieces[alike:]
        alike = len(mine) - _alike(mine[::-1], theirs[::-1])
        end = len(theirs) - len(mine) + alike
        return tuple(chain.from_iterable(mine[:alike])) == tuple(chain.from_iterable(theirs[:end]))

    __hash__ = None  # type: ignore[assignment]

    def edited(self, gone: Sequence[Member], come: Sequence[Member]) -> "Pieces":
        """Return them with a few members less and a few more."""
        pieces = list(self._pieces)
        for order, _ in gone:
            nth, at = _place(pieces, order)
            pieces[nth : nth + 1] = filter(None, (pieces[nth][:at] + pieces[nth][at + 1 :],))
        for member in come:
            nth, at = _place(pieces, member[0])
            pieces[nth : nth + 1] = _halved((*pieces[nth][:at], member, *pieces[nth][at:]))
        return Pieces(tuple(pieces), self._made.copy())

    def made(self, make: Callable[[Sequence[Member]], T]) -> list[T]:
        """Return what a function makes of each piece; of one that was there before the last edit it is known."""
        known = self._made.get(make, {})
        found = {id(piece): known.get(id(piece)) or (piece, make(piece)) for piece in self._pieces}
        self._made[make] = found
        return [made for _, made in found.values()]

    @property
    def spread_thin(self) -> bool:
        """Whether there are far more pieces than it takes."""
        return len(self._pieces) * PIECE > 4 * self._length

    @property
    def pieces(self) -> int:
        """How many pieces there are: an edit of more members than that is cheaper done to all of them at once."""
        return len(self._pieces)


def made(members: Members, make: Callable[[Sequence[Member]], T]) -> Iterable[T]:
    """Return what a pure function makes of members, one piece after the other; few of them are one piece."""
    return members.made(make) if isinstance(members, Pieces) else (make(members),)


def edited(members: Members, gone: Sequence[Member], come: Sequence[Member]) -> Members:
    """Return members without those that are gone and with those that have come; an order that goes may come again."""
    if not members and len(come) == 1:
        return tuple(come)
    if isinstance(members, Pieces) and len(gone) + len(come) < members.pieces:
        found = members.edited(gone, come)
        if len(found) >= MANY and not found.spread_thin:
            return found
        rows = list(found)
    else:
        orders = {order for order, _ in gone}
        rows = [member for member in members if member[0] not in orders] if orders else list(members)
        rows += come
        rows.sort(key=_order)
    return tuple(rows) if len(rows) < MANY else Pieces.cut(rows)


def _alike(some: tuple[Any, ...], others: tuple[Any, ...]) -> int:
    """Return how many pieces at the beginning are the very same."""
    both = enumerate(zip(some, others, strict=False))
    return next((n for n, (one, other) in both if one is not other), min(len(some), len(others)))


def _place(pieces: list[tuple[Member, ...]], order: Any) -> tuple[int, int]:
    """Return the piece that an order belongs to, and where in it."""
    nth = max(bisect_right(pieces, order, key=_first) - 1, 0)
    return nth, bisect_left(pieces[nth], order, key=_order)


def _first(piece: tuple[Member, ...]) -> Any:
    return piece[0][0]


def _halved(piece: tuple[Member, ...]) -> tuple[tuple[Member, ...], ...]:
    half = len(piece) // 2
    return (piece,) if len(piece) < 2 * PIECE else (piece[:half], piece[half:])
