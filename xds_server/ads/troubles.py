"""What an Envoy makes of resources where that is not what it should: it refuses a version, or is slow to answer for it.

Only what is amiss is looked at, so this costs nothing where all is well, however much an Envoy holds.
"""

from collections.abc import Iterable, Iterator

from translator.value import Key, Value
from translator.xds.resource import ResourceType
from xds_server.ads.channel import Channel, Flight, version_of
from xds_server.snapshot import Entry, Item

SLOW_SECONDS = 30.0
"""After so long without an answer an Envoy is slow: it may be out of CPU, or wait for endpoints or certificates."""


class Trouble(Value):
    """One item on one stream; of route tables the head, or a virtual host."""

    gateway: Key
    node: str
    type: ResourceType
    item: Item
    version: str
    """What was refused, or is not answered for; empty if it is to be removed."""
    serves: str
    """What the Envoy holds instead, as far as anybody knows; empty if nothing."""
    words: str
    """Envoy's own of a refusal; empty where it is slow."""
    seconds: float = 0.0
    """How long it has not answered."""

    @property
    def is_refusal(self) -> bool:
        """Whether it was refused, and not just not answered for."""
        return not self.seconds


def troubles(
    gateway: Key, node: str, channels: Iterable[Channel], now: float, patience: float = SLOW_SECONDS
) -> Iterator[Trouble]:
    """Yield what an Envoy refused, and what it has not answered for that was sent longer than `patience` ago."""
    for channel in channels:
        for item, (version, words) in sorted(channel.refused.items()):
            yield Trouble(gateway, node, channel.type, item, version, _version(channel.get(item)), words)
        for flight in channel.flights:
            if now - flight.sent_at > patience:
                yield from _unanswered(gateway, node, channel.type, flight, now)


def _unanswered(gateway: Key, node: str, kind: ResourceType, flight: Flight, now: float) -> Iterator[Trouble]:
    for item, entry in sorted(flight.batch.items(), key=lambda it: it[0]):
        before = _version(flight.before.get(item))
        yield Trouble(gateway, node, kind, item, _version(entry), before, "", now - flight.sent_at)


def _version(entry: Entry | None) -> str:
    return "" if entry is None else version_of(entry)
