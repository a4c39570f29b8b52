"""Changes that have not been given out: a storm in one namespace does not keep those of the others waiting.

Namespaces take turns, and within each the order of arrival stays, for what comes later may rest on what came before:
a route on its Service, an empty Service on the routes that have left it. Two more rules keep that across namespaces:

- A deletion waits for all that came before it. What replaces an object may be in another namespace.
- So does what objects of all namespaces rest on (`SHARED`), and nothing that came later overtakes it.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from translator.value import Ref
from xds_server.change import Change, Delete
from xds_server.kube.turns import Turns

SHARED = frozenset({"GatewayClass", "Gateway", "ReferenceGrant"})
SLICE = 64
"""Changes given out at once, some 25 ms of work: who has one change waits for so many of others at most."""


class Waiting(NamedTuple):
    """A change, and since when there was news of its object."""

    change: Change
    number: int
    since: float


class Pending:
    """What is to be given out, one change of an object, the newest."""

    def __init__(self) -> None:
        self._waiting: dict[Ref, Waiting] = {}
        """In the order of arrival."""
        self._ready: list[tuple[int, int, Ref]] = []
        """Turns; some are void, of changes that were replaced since."""
        self._behind: deque[tuple[int, Ref]] = deque()
        """The first that is shared and waits, and all that came after it but deletions."""
        self._turns: Turns[str] = Turns()
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, change: Change, now: float) -> None:
        """Take a change in, in place of the one that waits for its object."""
        before = self._waiting.pop(change.ref, None)
        self._count += 1
        self._waiting[change.ref] = Waiting(change, self._count, now if before is None else before.since)
        if isinstance(change, Delete):
            return
        if self._behind or change.ref.kind in SHARED:
            self._behind.append((self._count, change.ref))
        else:
            self._line_up(self._count, change.ref)

    def take_all(self) -> tuple[Waiting, ...]:
        """Give out everything."""
        everything = tuple(self._waiting.values())
        self._waiting.clear()
        self._clear()
        return everything

    def take(self) -> tuple[Waiting, ...]:
        """Give out a slice of what waits, in the order of arrival."""
        taken: list[Waiting] = []
        while len(taken) < SLICE and (self._ready or self._behind):
            if self._ready:
                turn, number, ref = heapq.heappop(self._ready)
                self._turns.reach(turn)
                taken += self._given(number, ref)
            else:
                taken += self._given(*self._behind.popleft())
                self._close_ranks()
        for ref in tuple(islice(self._leading_deletions(), SLICE)):
            taken.append(self._waiting.pop(ref))
        if not self._waiting:
            self._clear()
        return tuple(sorted(taken, key=lambda it: it.number))

    def _given(self, number: int, ref: Ref) -> Iterator[Waiting]:
        it = self._waiting.get(ref)
        if it is not None and it.number == number:
            yield self._waiting.pop(ref)

    def _close_ranks(self) -> None:
        """Let take turns what waits for nobody any more: all up to the next that is shared."""
        while self._behind and self._behind[0][1].kind not in SHARED:
            self._line_up(*self._behind.popleft())

    def _line_up(self, number: int, ref: Ref) -> None:
        heapq.heappush(self._ready, (self._turns.next(ref.namespace), number, ref))

    def _leading_deletions(self) -> Iterator[Ref]:
        for ref, it in self._waiting.items():
            if not isinstance(it.change, Delete):
                return
            yield ref

    def _clear(self) -> None:
        self._ready.clear()
        self._behind.clear()
        self._turns.clear()
