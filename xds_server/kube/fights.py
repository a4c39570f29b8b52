"""Who overwrites us again and again is answered less and less often."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST, LONGEST = 2.0, 600.0
"""Seconds between two answers to somebody who keeps overwriting an object."""


class Fights(Generic[K]):
    """The objects in which our words were overwritten; knows no clock, the time is given to it."""

    def __init__(self) -> None:
        self._rounds: dict[K, tuple[float, float]] = {}
        """When the next answer may be given, and the wait that this is the end of."""

    def __len__(self) -> int:
        return len(self._rounds)

    def answer_at(self, key: K) -> float:
        """Return when to look at an object that somebody else wrote to."""
        return self._rounds.get(key, (0.0, 0.0))[0]

    def overwritten(self, key: K, now: float) -> float:
        """Note that our words had been overwritten, and are being written again; return the wait from now on.

        An object left in peace for ten waits has no fight.
        """
        for other in [other for other, (until, wait) in self._rounds.items() if now > until + 10 * wait]:
            del self._rounds[other]
        _, wait = self._rounds.get(key, (0.0, 0.0))
        wait = min(2 * wait, LONGEST) if wait else FIRST
        self._rounds[key] = (now + wait, wait)
        return wait
