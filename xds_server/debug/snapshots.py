"""Snapshots as messages: resource by resource, and what is large in parts, so that every client takes every message.

A route table comes as its head and then host by host, each with the version by which changes name it; only the head's
stands for the whole. Nothing is decoded before it is its turn.
"""

import json
from collections.abc import Iterable, Iterator

from translator.value import Key
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost
from xds_server import history, rendering
from xds_server.ads.channel import version_of
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.rendering import NAMES, TYPES
from xds_server.snapshot import Entry, Item, Snapshot, SnapshotCache

LARGEST = 1 << 20
"""Characters of JSON in one message; gRPC clients take 4 MiB unless told otherwise."""


class NotFound(LookupError):
    """What was asked for is not there; the message says what is."""


def snapshot(
    request: pb.GetSnapshotRequest, snapshots: SnapshotCache, kept: Iterable[history.Change] = ()
) -> Iterator[pb.Resource]:
    """Yield what the Envoys of a Gateway shall hold, or held in a version that is asked for; raises NotFound."""
    key = gateway_of(request.gateway, snapshots)
    if request.type and request.type not in TYPES:
        raise NotFound(f"{request.type!r} is no type; there is {', '.join(TYPES)}")
    found = False
    for it in _wanted(request, _now(snapshots[key], request)):
        found = True
        yield from it.parts()
    if request.version and not found:
        before = next(_wanted(request, _before(kept, key)), None)
        if before is None:
            raise NotFound(f"nothing of Gateway {key} has version {request.version}, nor had it in the last changes")
        yield from before.parts()


def gateway_of(name: str, snapshots: SnapshotCache) -> Key:
    """Return a Gateway by NAMESPACE/NAME; raises NotFound."""
    found = next((key for key in snapshots if str(key) == name), None)
    if found is None:
        raise NotFound(f"there is no Gateway {name!r}; there is {', '.join(map(str, sorted(snapshots))) or 'none'}")
    return found


def content(kind: ResourceType, entry: Entry | None) -> str:
    """Return an entry as JSON, secrets redacted; empty where there is none."""
    match entry:
        case Resource(body=body):
            return json.dumps(rendering.decode(kind, body)) if body else ""
        case RouteTable(head=head):
            return json.dumps(rendering.decode(kind, head))
        case VirtualHost(frame=frame):
            return json.dumps(rendering.decode(kind, frame)["virtual_hosts"][0])
        case None:
            return ""


class Part:
    """An item of a snapshot, decoded when it is sent."""

    def __init__(self, kind: ResourceType, item: Item, entry: Entry, version: str) -> None:
        self.kind = kind
        self.item = item
        self.version = version
        self._entry = entry

    def parts(self) -> Iterator[pb.Resource]:
        """Yield its messages."""
        text = content(self.kind, self._entry)
        for start in range(0, max(len(text), 1), LARGEST):
            yield pb.Resource(
                type=NAMES[self.kind],
                name=self.item.name,
                host=self.item.host,
                version=self.version,
                json=text[start : start + LARGEST],
                more=start + LARGEST < len(text),
            )


def _wanted(request: pb.GetSnapshotRequest, parts: Iterable[Part]) -> Iterator[Part]:
    for it in parts:
        asked = ((request.type, NAMES[it.kind]), (request.name, it.item.name), (request.host, it.item.host))
        if all(not wish or wish == fact for wish, fact in (*asked, (request.version, it.version))):
            yield it


def _now(held: Snapshot, request: pb.GetSnapshotRequest) -> Iterator[Part]:
    for kind in TYPES.values():
        if request.type in ("", NAMES[kind]):
            for name in sorted(held.names(kind)):
                yield from _of_resource(held, kind, name)


def _of_resource(held: Snapshot, kind: ResourceType, name: str) -> Iterator[Part]:
    """A table that changes while it is told is told as it is when its turn comes; what is gone is left out."""
    for item in [Item(name), *sorted(it for it in held.items(kind, name) if it.host)]:
        entry = held.get(kind, item)
        if entry is not None:
            yield Part(kind, item, entry, version_of(entry) if item.host else held.version(kind, name))


def _before(kept: Iterable[history.Change], gateway: Key) -> Iterator[Part]:
    for change in kept:
        for edit in change.edits:
            for entry in (edit.after, edit.before):
                if edit.gateway == gateway and entry is not None:
                    yield Part(edit.type, edit.item, entry, version_of(entry))
