"""The methods of gatehouse.debug.v1: serialised requests in, serialised answers out.

Imported with the first question, for the descriptors that contents are shown with cost memory.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from translator.value import Ref
from xds_server import history
from xds_server.debug import answers, changes, details, explained, snapshots, troubles
from xds_server.debug.known import Known
from xds_server.debug.v1 import debug_pb2 as pb

Method: TypeAlias = Callable[[Known, bytes], Iterator[bytes]]


def told(known: Known) -> list[pb.Trouble]:
    """What Envoys refused or are slow to answer for, with the objects that made it."""
    return troubles.told(known.troubles(), known.plane.translator.owners)


def _list_gateways(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.ListGatewaysRequest.FromString(question)
    yield answers.gateways(request, known.plane.snapshots, known.streams(), told(known)).SerializeToString()


def _list_objects(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.ListObjectsRequest.FromString(question)
    yield details.objects(request, known.plane.statuses, told(known)).SerializeToString()


def _get_object(known: Known, question: bytes) -> Iterator[bytes]:
    asked, plane = pb.GetObjectRequest.FromString(question).object, known.plane
    ref = Ref(asked.kind, asked.namespace, asked.name)
    places = details.places(ref, plane.snapshots, plane.translator.owners, known.streams())
    yield details.details(ref, plane.statuses, told(known), places, plane.history.last()).SerializeToString()


def _get_snapshot(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.GetSnapshotRequest.FromString(question)
    for resource in snapshots.snapshot(request, known.plane.snapshots, known.plane.history.last()):
        yield resource.SerializeToString()


def _list_changes(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.ListChangesRequest.FromString(question)
    yield changes.changes(request, known.plane.history.last(request.after)).SerializeToString()


def _explain(known: Known, question: bytes) -> Iterator[bytes]:
    request, plane = pb.ExplainRequest.FromString(question), known.plane
    world = explained.World(plane.translator, plane.statuses, told(known))
    yield explained.explained(request, plane.snapshots, world).SerializeToString()


METHODS: dict[str, Method] = {
    "ListGateways": _list_gateways,
    "ListObjects": _list_objects,
    "GetObject": _get_object,
    "GetSnapshot": _get_snapshot,
    "ListChanges": _list_changes,
    "Explain": _explain,
}


def watched(question: bytes) -> Callable[[history.Change], Iterator[bytes]]:
    """Return what shows the changes that a WatchChangesRequest wants to see."""
    request = pb.WatchChangesRequest.FromString(question)

    def show(found: history.Change) -> Iterator[bytes]:
        shown = changes.change(found, request.gateway, request.contents)
        if shown is not None:
            yield shown.SerializeToString()

    return show
