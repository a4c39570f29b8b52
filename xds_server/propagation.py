"""How long changes take to reach Envoys: from the news of a change to the ACK of what became of it.

What an Envoy is not sent, because it did not ask for it or because it was changed back, is never answered for. So few
names are remembered, and an answer counts only if it was sent as soon after the commit as a stream sends anything.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from translator.value import Key
from translator.xds.resource import ResourceType

MOST_NAMES = 64
"""Names of one type that are waited for on one stream; the newest ones."""
LATEST = 20.0
"""Seconds after a commit by which a stream has sent what its Envoy asks for, whatever that waits for."""


class Heard(NamedTuple):
    """A change: when there was news of it, and when it was committed, both in seconds of one clock."""

    at: float
    committed: float


class Awaited:
    """What an Envoy has still to answer for: by type and name the oldest change, and the oldest after it."""

    def __init__(self) -> None:
        self.streams = 0
        self._names: dict[ResourceType, dict[str, tuple[Heard, ...]]] = {}

    def expect(self, type_: ResourceType, names: Iterable[str], heard: Heard) -> None:
        """Wait for the ACK of names."""
        waited = self._names.setdefault(type_, {})
        for name in names:
            before = tuple(it for it in waited.pop(name, ()) if heard.committed - it.committed < LATEST)
            waited[name] = (*before, heard)[:2]
            if len(waited) > MOST_NAMES:
                del waited[next(iter(waited))]

    def answered(self, type_: ResourceType, names: Iterable[str], sent: float) -> list[float]:
        """Take the answer to a response that was sent at a time; return when there was news of what it answers."""
        waited = self._names.get(type_, {})
        heard_at = []
        for name in names:
            before = waited.get(name, ())
            later = tuple(it for it in before if it.committed > sent)
            heard_at += [it.at for it in before if it.committed <= sent < it.committed + LATEST][:1]
            if later:
                waited[name] = later
            else:
                waited.pop(name, None)
        return heard_at


class Propagation:
    """The Envoys that are connected, and what each has still to answer for."""

    def __init__(self) -> None:
        self._envoys: dict[Key, dict[str, Awaited]] = {}

    def connected(self, gateway: Key, node: str) -> None:
        """Note a stream."""
        self._envoys.setdefault(gateway, {}).setdefault(node, Awaited()).streams += 1

    def disconnected(self, gateway: Key, node: str) -> None:
        """Note the end of a stream."""
        nodes = self._envoys.get(gateway, {})
        awaited = nodes.get(node)
        if awaited is None:
            return
        awaited.streams -= 1
        if not awaited.streams:
            del nodes[node]
        if not nodes:
            del self._envoys[gateway]

    def changed(self, gateway: Key, names: Mapping[ResourceType, Iterable[str]], heard: Heard) -> None:
        """Wait for every Envoy of a Gateway."""
        for awaited in self._envoys.get(gateway, {}).values():
            for type_, changed in names.items():
                awaited.expect(type_, changed, heard)

    def answered(self, gateway: Key, node: str, type_: ResourceType, names: Iterable[str], sent: float) -> list[float]:
        """Return when there was news of what an Envoy has now answered for."""
        awaited = self._envoys.get(gateway, {}).get(node)
        return [] if awaited is None else awaited.answered(type_, names, sent)

    def has(self, gateway: Key) -> bool:
        """Whether an Envoy of a Gateway is connected."""
        return gateway in self._envoys

    def streams(self, gateway: Key) -> int:
        """How many streams the Envoys of a Gateway have. For any thread."""
        return sum(it.streams for it in list(self._envoys.get(gateway, {}).values()))
