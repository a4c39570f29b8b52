"""Status of ListenerSets (apis/v1/listenerset_types.go, GEP-1713): of its own listeners, and of nothing else's."""

from collections.abc import Iterator, Mapping

from translator import ir
from translator.attach.conditions import Reason, Type, condition, refused
from translator.attach.listener_status import (
    acknowledged,
    assumed,
    envoys_words,
    not_served,
    of_listeners,
    said_of,
)
from translator.attach.listeners import Listeners
from translator.status import Condition, ListenerSetStatus
from translator.value import Key, Lookup, Ref
from translator.xds.resource import Unserved
from translator.xds.verdicts import Words


def of_listener_set(
    key: Key,
    found: Listeners,
    counted: Lookup[ir.ListenerKey, int],
    obstacles: Lookup[Key, ir.Refusal],
    unserved: Lookup[tuple[Key, str], Unserved],
    blamed: Lookup[ir.ListenerKey, Words],
    progress: Lookup[Key, ir.Progress],
    awaits_envoys: bool = False,
) -> ListenerSetStatus:
    """Report on a ListenerSet that names a Gateway of ours, and on each of its listeners.

    `obstacles` says why a Gateway as a whole is not Programmed; all else is as for Gateways.
    """
    words = envoys_words(Ref("ListenerSet", *key), found, unserved, blamed)
    done = progress.get(key) if awaits_envoys else assumed(found)
    programmed = _programmed(found, words, obstacles.get(found.gateway), done)
    return ListenerSetStatus(
        conditions=(_accepted(found), programmed),
        listeners=of_listeners(Ref("ListenerSet", *key), found, counted, words, done),
    )


def accepted(key: Key, found: Listeners) -> Iterator[tuple[Key, Key, bool]]:
    """Put a ListenerSet that is Accepted to the others of its Gateway, which counts them."""
    if found.refusal is None and found.served:
        yield found.gateway, key, True


def count(_: Key, attached: tuple[object, ...]) -> int:
    """Return a Gateway's attachedListenerSets."""
    return len(attached)


def _accepted(found: Listeners) -> Condition:
    """A ListenerSet is Accepted while one of its listeners can be served; ListenersNotValid if one cannot."""
    generation = found.generation
    if found.refusal is not None:
        status = None if found.refusal.reason == Reason.PENDING else False
        return condition(Type.ACCEPTED, status, found.refusal.reason, found.refusal.message, generation)
    broken = not_served(found)
    if broken:
        return condition(Type.ACCEPTED, bool(found.served), Reason.LISTENERS_NOT_VALID, broken, generation)
    return condition(Type.ACCEPTED, True, Reason.ACCEPTED, "the ListenerSet is valid", generation)


def _programmed(
    found: Listeners, words: Mapping[str, str], obstacle: ir.Refusal | None, done: ir.Progress | None
) -> Condition:
    generation = found.generation
    if found.refusal is not None:
        pending = found.refusal.reason == Reason.PENDING
        by_parent = found.refusal.reason == Reason.PARENT_NOT_ACCEPTED
        reason = Reason.PARENT_NOT_PROGRAMMED if by_parent else found.refusal.reason
        return condition(Type.PROGRAMMED, None if pending else False, reason, found.refusal.message, generation)
    if not found.served:
        return condition(Type.PROGRAMMED, False, Reason.LISTENERS_NOT_VALID, not_served(found), generation)
    if said := said_of(words):
        return condition(Type.PROGRAMMED, False, Reason.INVALID, said, generation)
    if obstacle is not None:
        message = f"Gateway {found.gateway} is not programmed: {obstacle.message}"
        return refused(Type.PROGRAMMED, (ir.Refusal(Reason.PARENT_NOT_PROGRAMMED, message),), generation)
    return acknowledged(generation, done)
