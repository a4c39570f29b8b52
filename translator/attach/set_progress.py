"""What the Envoys of a Gateway have yet to acknowledge of its ListenerSets."""

from collections.abc import Iterator
from hashlib import blake2b

from translator import ir
from translator.attach.listeners import Listeners
from translator.value import Key, Lookup

MARKS = 1 << 53
"""Marks are numbers that any reader of JSON reads exactly."""


def served(key: Key, found: Listeners) -> Iterator[tuple[Key, Key, int]]:
    """Put a ListenerSet of which something is served to the others of its Gateway, with a mark of its generation."""
    if found.served:
        digest = blake2b(f"{key}@{found.generation}".encode(), digest_size=8).digest()
        yield found.gateway, key, int.from_bytes(digest, "big")


def mark(_: Key, sets: tuple[tuple[Key, int], ...]) -> int:
    """Return the mark of a Gateway's ListenerSets: the same wherever the same generations of them are known."""
    return sum(it for _, it in sets) % MARKS


def awaiting(key: Key, found: Listeners, progress: Lookup[Key, ir.Progress]) -> Key | None:
    """Return the Gateway of a ListenerSet that is served otherwise than was acknowledged."""
    if not found.served or progress.get(key) == of_set(found):
        return None
    return found.gateway


def by_gateway(key: Key, gateway: Key) -> Iterator[tuple[Key, Key, bool]]:
    """Put a ListenerSet that waits to the others of its Gateway."""
    yield gateway, key, True


def of_set(found: Listeners) -> ir.Progress:
    """Return what there is to acknowledge of a ListenerSet."""
    return ir.Progress(found.generation, found.served)
