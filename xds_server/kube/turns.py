"""Whose turn it is where many wait: one of each in turn, however many some of them have (start-time fair queueing)."""

from collections.abc import Hashable
from typing import Generic, TypeVar

F = TypeVar("F", bound=Hashable)


class Turns(Generic[F]):
    """Numbers turns; who takes the lowest first is fair to all, and a newcomer waits for one turn of each at most."""

    def __init__(self) -> None:
        self._now = 0
        self._last: dict[F, int] = {}

    def next(self, flow: F) -> int:
        """Return the next turn of one of those who wait."""
        turn = self._last[flow] = max(self._now, self._last.get(flow, 0)) + 1
        return turn

    def reach(self, turn: int) -> None:
        """Note that a turn was taken."""
        self._now = max(self._now, turn)

    def clear(self) -> None:
        """Note that nobody waits any more."""
        self._last.clear()
