"""Objects as messages: what they are told, what Envoys make of what they became, and where that is."""

from collections.abc import Iterable, Iterator, Mapping

from translator.status import Status, amiss, conditions_of
from translator.value import Key, Ref
from translator.wiring.owners import Owners
from translator.xds.resource import ResourceType
from xds_server import history
from xds_server.ads.channel import version_of
from xds_server.ads.report import Standing, StreamReport
from xds_server.debug.changes import change
from xds_server.debug.snapshots import NotFound
from xds_server.debug.troubles import by_object, of_ref
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.rendering import NAMES, TYPES
from xds_server.snapshot import Item, Snapshot, SnapshotCache

WORDS = {True: "True", False: "False", None: "Unknown"}
MOST_CHANGES = 20
Synced = dict[tuple[Key, ResourceType, str], int]


def objects(
    request: pb.ListObjectsRequest, statuses: Mapping[Ref, Status], troubles: Iterable[pb.Trouble] = ()
) -> pb.ListObjectsResponse:
    """List objects with their conditions, in the order of kind, namespace and name.

    An object that is told nothing (a Service, a Secret) is listed where an Envoy makes trouble of it.
    """
    laid = by_object(troubles)
    found = []
    for ref in sorted({*statuses, *laid}):
        wishes = ((request.kind, ref.kind), (request.namespace, ref.namespace), (request.name, ref.name))
        if all(not wish or wish == fact for wish, fact in wishes):
            shown = _status(ref, statuses, laid)
            if not request.amiss or shown.troubles or any(it.amiss for it in shown.conditions):
                found.append(shown)
    return pb.ListObjectsResponse(objects=found)


def details(
    ref: Ref,
    statuses: Mapping[Ref, Status],
    troubles: Iterable[pb.Trouble],
    places: Iterable[pb.Place],
    kept: Iterable[history.Change],
) -> pb.GetObjectResponse:
    """Tell all of one object; raises NotFound where nothing is known of it."""
    became = list(places)
    shown = _status(ref, statuses, by_object(troubles))
    caused = [it for it in kept if ref in it.causes][:MOST_CHANGES]
    if not (became or caused or shown.conditions or shown.troubles):
        raise NotFound(f"{ref} is told nothing and became nothing: is there such an object, and does anything use it?")
    changes = filter(None, (change(it, "", False) for it in caused))
    return pb.GetObjectResponse(status=shown, places=became, changes=changes)


def places(ref: Ref, snapshots: SnapshotCache, owners: Owners, streams: Iterable[StreamReport]) -> Iterator[pb.Place]:
    """Yield what an object became, or has a part in: all there is is looked through, for none of it is remembered."""
    envoys, synced = _held(streams)
    for gateway in sorted(snapshots):
        held = snapshots[gateway]
        for kind, item in _items(held):
            entry = held.get(kind, item)
            if entry is not None and ref in owners.of(gateway, kind, *item):
                yield pb.Place(
                    gateway=str(gateway),
                    type=NAMES[kind],
                    name=item.name,
                    host=item.host,
                    version=version_of(entry) if item.host else held.version(kind, item.name),
                    synced=synced.get((gateway, kind, item.name), 0),
                    envoys=envoys.get(gateway, 0),
                )


def _items(held: Snapshot) -> Iterator[tuple[ResourceType, Item]]:
    for kind in TYPES.values():
        for name in sorted(held.names(kind)):
            for item in sorted(held.items(kind, name)):
                yield kind, item


def _held(streams: Iterable[StreamReport]) -> tuple[dict[Key, int], Synced]:
    """Count the Envoys of each Gateway, and those that hold each resource as it is."""
    envoys: dict[Key, int] = {}
    synced: Synced = {}
    for stream in streams:
        envoys[stream.gateway] = envoys.get(stream.gateway, 0) + 1
        for of_type in stream.types:
            for it in of_type.resources:
                if it.standing is Standing.SYNCED:
                    place = (stream.gateway, of_type.type, it.name)
                    synced[place] = synced.get(place, 0) + 1
    return envoys, synced


def _status(ref: Ref, statuses: Mapping[Ref, Status], laid: Mapping[Ref, list[pb.Trouble]]) -> pb.ObjectStatus:
    status = statuses.get(ref)
    conditions = () if status is None else _conditions(status)
    return pb.ObjectStatus(object=of_ref(ref), conditions=conditions, troubles=laid.get(ref, ()))


def _conditions(status: Status) -> Iterator[pb.Condition]:
    for part, it in conditions_of(status):
        yield pb.Condition(
            part=part,
            type=it.type,
            status=WORDS[it.status],
            reason=it.reason,
            message=it.message,
            observed_generation=it.observed_generation,
            amiss=amiss(it),
        )
