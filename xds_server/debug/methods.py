"""The methods of gatehouse.debug.v1: serialised requests in, serialised answers out.

Imported with the first question, for the descriptors that contents are shown with cost memory.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from xds_server import history
from xds_server.ads.report import StreamReport
from xds_server.control_plane import ControlPlane
from xds_server.debug import answers
from xds_server.debug.v1 import debug_pb2 as pb


class Known(NamedTuple):
    """What there is to ask about."""

    plane: ControlPlane
    streams: Callable[[], Iterable[StreamReport]]


Method: TypeAlias = Callable[[Known, bytes], Iterator[bytes]]


def _list_gateways(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.ListGatewaysRequest.FromString(question)
    yield answers.gateways(request, known.plane.snapshots, known.streams()).SerializeToString()


def _list_objects(known: Known, question: bytes) -> Iterator[bytes]:
    yield answers.objects(pb.ListObjectsRequest.FromString(question), known.plane.statuses).SerializeToString()


def _get_snapshot(known: Known, question: bytes) -> Iterator[bytes]:
    for resource in answers.snapshot(pb.GetSnapshotRequest.FromString(question), known.plane.snapshots):
        yield resource.SerializeToString()


def _list_changes(known: Known, question: bytes) -> Iterator[bytes]:
    request = pb.ListChangesRequest.FromString(question)
    yield answers.changes(request, known.plane.history.last(request.after)).SerializeToString()


def _explain(known: Known, question: bytes) -> Iterator[bytes]:
    yield answers.explained(pb.ExplainRequest.FromString(question), known.plane.snapshots).SerializeToString()


METHODS: dict[str, Method] = {
    "ListGateways": _list_gateways,
    "ListObjects": _list_objects,
    "GetSnapshot": _get_snapshot,
    "ListChanges": _list_changes,
    "Explain": _explain,
}


def watched(question: bytes) -> Callable[[history.Change], Iterator[bytes]]:
    """Return what shows the changes that a WatchChangesRequest wants to see."""
    request = pb.WatchChangesRequest.FromString(question)

    def show(found: history.Change) -> Iterator[bytes]:
        shown = answers.change(found, request.gateway, request.contents)
        if shown is not None:
            yield shown.SerializeToString()

    return show
