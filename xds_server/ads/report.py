"""What each Envoy was sent, ACKed and NACKed, as frozen values for those who ask."""

from collections.abc import Iterable
from enum import StrEnum

from translator.value import Key, Value
from translator.xds.resource import ResourceType, version
from xds_server.ads.channel import Channel
from xds_server.ads.messages import Node
from xds_server.snapshot import Entry, Item, Snapshot


class Standing(StrEnum):
    """Where a resource stands with an Envoy; the words of envoy.service.status.v3.ConfigStatus."""

    SYNCED = "SYNCED"
    NOT_SENT = "NOT_SENT"
    STALE = "STALE"
    ERROR = "ERROR"


class ResourceReport(Value):
    """One resource on one stream."""

    name: str
    standing: Standing
    sent: str
    """The version sent last; empty if none was."""
    acked: str
    """The version that the Envoy is known to hold; empty if none is."""
    refused: str = ""
    """The version refused, of the resource or of one of its virtual hosts."""
    words: str = ""


class TypeReport(Value):
    """One resource type on one stream."""

    type: ResourceType
    resources: tuple[ResourceReport, ...]
    waiting_since: float | None = None
    """When, of the monotonic clock, the oldest response was sent that is not answered; None if all are."""


class StreamReport(Value):
    """One stream."""

    gateway: Key
    node: Node
    protocol: str
    types: tuple[TypeReport, ...]


def report(gateway: Key, node: Node, protocol: str, snapshot: Snapshot, channels: Iterable[Channel]) -> StreamReport:
    """Report a stream."""
    return StreamReport(gateway, node, protocol, tuple(_of_type(channel, snapshot) for channel in channels))


def _of_type(channel: Channel, snapshot: Snapshot) -> TypeReport:
    wanted = {name for name in snapshot.names(channel.type) if channel.subscription.wants(name)}
    names = sorted(wanted | set(channel.names()) | {item.name for item in channel.refused})
    refused = {item.name: refusal for item, refusal in sorted(channel.refused.items(), reverse=True)}
    before: dict[str, dict[Item, Entry | None]] = {}
    for flight in reversed(channel.flights):
        for item, entry in flight.before.items():
            before.setdefault(item.name, {})[item] = entry
    return TypeReport(
        channel.type,
        tuple(_of_resource(channel, name, before.get(name), refused.get(name, ("", ""))) for name in names),
        min((flight.sent_at for flight in channel.flights), default=None),
    )


def _of_resource(
    channel: Channel, name: str, before: dict[Item, Entry | None] | None, refused: tuple[str, str]
) -> ResourceReport:
    sent = channel.version(name)
    acked = sent if before is None else _overtaken(channel, name, before)
    if refused[0]:
        standing = Standing.ERROR
    elif before is not None:
        standing = Standing.STALE
    else:
        standing = Standing.SYNCED if sent else Standing.NOT_SENT
    return ResourceReport(name, standing, sent, acked, *refused)


def _overtaken(channel: Channel, name: str, before: dict[Item, Entry | None]) -> str:
    """Return the version that the answer in flight overtakes."""
    head = before[Item(name)] if Item(name) in before else channel.get(Item(name))
    if head is None:
        return ""
    if channel.type is not ResourceType.ROUTE:
        return getattr(head, "version", "")
    digests = {item.host: _digest(channel.get(item)) for item in channel.items(name) if item.host}
    digests |= {item.host: _digest(entry) for item, entry in before.items() if item.host}
    return version(_digest(head) + sum(digests.values()))


def _digest(entry: Entry | None) -> int:
    return getattr(entry, "digest", 0)
