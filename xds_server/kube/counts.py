"""Statuses of which numbers changed and nothing else: how many routes are attached, how many ListenerSets.

They change with each route that comes, and nobody waits for them. So they are written after what somebody waits for,
and a little later: with many routes to come, one write tells what many would have told.
"""

from msgspec.structs import replace

from translator.status import GatewayStatus, ListenerSetStatus, ListenerStatus, Status, StatusChange
from translator.value import Ref


class Counts:
    """What statuses of Gateways and ListenerSets say beside numbers, and those that have only numbers to tell."""

    def __init__(self) -> None:
        self._said: dict[Ref, Status] = {}
        self._only: set[Ref] = set()

    def __contains__(self, ref: Ref) -> bool:
        """Whether all that is to be written of an object is numbers."""
        return ref in self._only

    def note(self, change: StatusChange, waits: bool) -> bool:
        """Take note of what an object should say now, and whether more of it than numbers may wait already.

        Returns whether all that is to be written of it is numbers.
        """
        said = _without(change.status)
        before = self._said.get(change.ref)
        if said is None:
            self._said.pop(change.ref, None)
        else:
            self._said[change.ref] = said
        if said is not None and said == before and (change.ref in self._only or not waits):
            self._only.add(change.ref)
        else:
            self._only.discard(change.ref)
        return change.ref in self._only

    def forget(self, ref: Ref) -> None:
        """Let an object be written as if it had more to tell."""
        self._only.discard(ref)


def _without(status: Status | None) -> Status | None:
    """Return a status without its numbers; None where it has none."""
    match status:
        case GatewayStatus():
            return replace(status, listeners=_uncounted(status.listeners), attached_listener_sets=None)
        case ListenerSetStatus():
            return replace(status, listeners=_uncounted(status.listeners))
        case _:
            return None


def _uncounted(listeners: tuple[ListenerStatus, ...]) -> tuple[ListenerStatus, ...]:
    return tuple(replace(it, attached_routes=0) for it in listeners)
