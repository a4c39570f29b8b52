"""Which Events are written: the same thing said again and again is one Event with a count, and nobody is flooded.

Knows no clock and no network: the time is given to it.
"""

from collections import deque
from typing import NamedTuple

from translator.value import Ref

AGAIN = 60.0
"""Seconds between two updates of an Event's count."""
FORGET = 600.0
"""Seconds after which the same thing said again is a new Event."""
BURST = 10
"""New Events on one object within the seconds after which they are forgotten."""
MOST = 1000
"""Events that are remembered."""


class Said(NamedTuple):
    """What an Event says: of which object, why, and in which words."""

    ref: Ref
    reason: str
    note: str


class Series:
    """How often something was said, and how much of that is written."""

    def __init__(self, now: float) -> None:
        self.first = self.last = now
        self.count = 0
        self.written = 0
        self.written_at = 0.0
        self.name = ""
        """The Event's; empty until it was written."""

    def due_at(self) -> float:
        """Return when there is something to write."""
        if self.count == self.written:
            return float("inf")
        return self.written_at + AGAIN if self.written else 0.0


class Ledger:
    """What was said lately."""

    def __init__(self) -> None:
        self._series: dict[Said, Series] = {}
        self._begun: dict[Ref, deque[float]] = {}

    def say(self, said: Said, now: float) -> bool:
        """Note something; return False where too much was said of the object already."""
        series = self._series.get(said)
        if series is None:
            self._forget(now)
            begun = self._begun.setdefault(said.ref, deque())
            if len(begun) >= BURST or len(self._series) >= MOST:
                return False
            begun.append(now)
            series = self._series[said] = Series(now)
        series.count += 1
        series.last = now
        return True

    def due(self, now: float) -> list[tuple[Said, Series]]:
        """Return what is to be written now."""
        return [(said, series) for said, series in self._series.items() if series.due_at() <= now]

    def next_at(self) -> float:
        """Return when there is something to write, if nothing is said before."""
        return min((series.due_at() for series in self._series.values()), default=float("inf"))

    def wrote(self, series: Series, count: int, now: float) -> None:
        """Note that an Event says that something was said `count` times."""
        series.written, series.written_at = count, now

    def drop(self, said: Said) -> None:
        """Forget something that cannot be written."""
        self._series.pop(said, None)

    def _forget(self, now: float) -> None:
        for said in [it for it, series in self._series.items() if now > series.last + FORGET]:
            del self._series[said]
        for ref, begun in list(self._begun.items()):
            while begun and now > begun[0] + FORGET:
                begun.popleft()
            if not begun:
                del self._begun[ref]
