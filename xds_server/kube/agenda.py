"""What is to be written, and when: at once after a rest, less often while it keeps changing, later after a failure.

Knows no clock and no network: the time is given to it. An object asked for many times is due once.
"""

import heapq
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from translator.value import Value
from xds_server.kube.turns import Turns

K = TypeVar("K", bound=Hashable)

NEVER = float("inf")


class Pace(Value):
    """Seconds."""

    rest: float = 0.25
    """An object is left alone for so long after it was written; doubled each time that it is written right after."""
    longest_rest: float = 4.0
    retry: float = 0.25
    """After a failure; doubled with each that follows."""
    longest_retry: float = 15.0


class Rest(NamedTuple):
    """The time after a write or a failure."""

    until: float
    seconds: float


class Agenda(Generic[K]):
    """The objects that are due, resting, or being written.

    Those with the smallest rank come first; among these flows take turns, each in the order in which it was asked for.
    """

    def __init__(
        self,
        rank: Callable[[K], int] = lambda _: 0,
        pace: Pace = Pace(),
        flow: Callable[[K], Hashable] = lambda _: None,
    ) -> None:
        self._rank = rank
        self._flow = flow
        self._turns: Turns[tuple[int, Hashable]] = Turns()
        self._pace = pace
        self._asked: dict[K, float] = {}
        """When what was asked for will be due."""
        self._busy: set[K] = set()
        self._again: set[K] = set()
        """Asked for while being written."""
        self._rests: dict[K, Rest] = {}
        self._sweep_at = 1024
        self._failures: dict[K, Rest] = {}
        self._later: list[tuple[float, int, K]] = []
        self._due: list[tuple[int, int, int, K]] = []
        self._ranks: dict[K, int] = {}
        """Of what is due; where one has another rank in `_due`, that was before it rose."""
        self._count = 0
        """Keeps what is due at one time in the order in which it was asked for."""

    def __len__(self) -> int:
        return len(self._asked) + len(self._busy)

    def __contains__(self, key: K) -> bool:
        return key in self._asked or key in self._busy

    def is_busy(self, key: K) -> bool:
        """Whether an object is being written."""
        return key in self._busy

    def ask(self, key: K, now: float, at: float = 0.0) -> None:
        """Ask for an object to be written: now, or when its rest is over, and not before `at`.

        One that is due already may rise in rank thereby.
        """
        if key in self._busy:
            self._again.add(key)
            return
        if key in self._ranks:
            if self._rank(key) < self._ranks[key]:
                self._line_up(key)
            return
        rests = (it.get(key) for it in (self._rests, self._failures))
        at = max(now, at, *(rest.until for rest in rests if rest is not None))
        if at < self._asked.get(key, NEVER):
            self._put(key, at)

    def take(self, now: float) -> K | None:
        """Return an object that is due; it counts as being written until `done` or `failed`."""
        self._wake(now)
        while self._due:
            rank, turn, _, key = heapq.heappop(self._due)
            if self._ranks.get(key) != rank:
                continue
            self._turns.reach(turn)
            del self._asked[key], self._ranks[key]
            self._busy.add(key)
            return key
        self._turns.clear()
        return None

    def next_at(self) -> float:
        """Return when something will be due, if nothing is asked for before."""
        if self._ranks:
            return 0.0
        return self._later[0][0] if self._later else NEVER

    def done(self, key: K, now: float, *, wrote: bool = True) -> None:
        """Note that an object says what it should; without a write it needs no rest."""
        self._failures.pop(key, None)
        if wrote:
            self._rests[key] = self._rest(key, now)
            self._sweep(now)
        self._busy.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.ask(key, now)

    def failed(self, key: K, now: float) -> None:
        """Note that an object could not be written: it will be tried again."""
        last = self._failures.get(key)
        seconds = self._pace.retry if last is None else min(2 * last.seconds, self._pace.longest_retry)
        self._failures[key] = Rest(now + seconds, seconds)
        self._busy.discard(key)
        self._again.discard(key)
        self.ask(key, now)

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            at, _, key = heapq.heappop(self._later)
            if self._asked.get(key) == at:  # else it became due earlier
                self._asked[key] = -NEVER
                self._line_up(key)

    def _line_up(self, key: K) -> None:
        rank = self._ranks[key] = self._rank(key)
        self._count += 1
        heapq.heappush(self._due, (rank, self._turns.next((rank, self._flow(key))), self._count, key))

    def _put(self, key: K, at: float) -> None:
        self._asked[key] = at
        self._count += 1
        heapq.heappush(self._later, (at, self._count, key))

    def _rest(self, key: K, now: float) -> Rest:
        """An object that was left alone for twice its last rest begins anew."""
        last = self._rests.get(key)
        if last is None or now > last.until + 2 * last.seconds:
            return Rest(now + self._pace.rest, self._pace.rest)
        seconds = min(2 * last.seconds, self._pace.longest_rest)
        return Rest(now + seconds, seconds)

    def _sweep(self, now: float) -> None:
        """Forget rests that mean nothing any more, once their number has doubled."""
        if len(self._rests) > self._sweep_at:
            self._rests = {key: it for key, it in self._rests.items() if now <= it.until + 2 * it.seconds}
            self._sweep_at = max(1024, 2 * len(self._rests))
