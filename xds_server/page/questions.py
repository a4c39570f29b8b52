"""The page's questions and their answers as JSON-like values: gatehouse.debug.v1's own, and what is drawn from objects.

What is known lives in the event loop's thread. There, between two steps of the control plane, only that is collected
which cannot change any more, and the rest is done in the thread that asks.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any, TypeAlias, TypeVar

import msgspec
from google.protobuf import json_format

from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.control_plane import ControlPlane
from xds_server.debug.changes import change
from xds_server.debug.known import Known
from xds_server.debug.methods import METHODS
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.history import Change, Edit
from xds_server.page.became import Piece, pieces, shown
from xds_server.page.documents import as_yaml
from xds_server.page.index import NOTHING, Index
from xds_server.page.samples import Samples

SECONDS = 30.0
"""How long an answer may take."""
PAGE, LARGEST = 500, 2000
"""Objects of one answer."""
CHANGES = 40
RESTS = 10
"""Of what is dear to find out an answer is given again for so many times as long as finding it out took."""

T = TypeVar("T")
Place: TypeAlias = tuple[Key, ResourceType, str, str]


class NotFound(LookupError):
    """There is no such object."""


class Questions:
    """Answers what a page asks."""

    def __init__(self, plane: ControlPlane, known: Known, loop: asyncio.AbstractEventLoop) -> None:
        self.commits = 0
        """Grows with every commit."""
        self.events = 0
        """Grows with everything that is heard of an Envoy."""
        self.samples = Samples()
        self._plane = plane
        self._known = known
        self._loop = loop
        self._index = Index()
        self._indexed = -1
        self._turn = Lock()
        self._gateways: tuple[float, Any] = (0.0, None)
        self._asked(self._watch)

    # ---- what there is to ask -------------------------------------------------------------------------------------

    def world(self, since: int = NOTHING, after: str = "", limit: int = PAGE) -> Any:
        """Return a page of the nodes that are new since a revision."""
        with self._turn:
            if self._indexed != self.commits:
                commits, world, statuses = self._asked(
                    lambda: (self.commits, self._plane.translator.world(), dict(self._plane.statuses))
                )
                self._index.refresh(world, statuses)
                self._indexed = commits
            return self._index.news(since, after, max(1, min(limit, LARGEST)))

    def about(self, id_: str) -> Any:
        """Return all that is known of an object, or of one listener of it; raises NotFound."""
        ref, part = read_id(id_)
        translator, history = self._plane.translator, self._plane.history
        world, changes, became = self._asked(
            lambda: (
                (world := translator.world()),
                list(history.last()),
                pieces(ref, part, world, self._plane.snapshots),
            )
        )
        found = world.routes.get(ref) or world.objects.get(_table(ref), {}).get(_key(ref))
        if found is None:
            raise NotFound(f"there is no {ref}")
        request = pb.ListObjectsRequest(kind=ref.kind, namespace=ref.namespace, name=ref.name)
        [told] = self._method("ListObjects", request, pb.ListObjectsResponse).get("objects") or [{}]
        wanted = f"listener {part}" if part else ""
        return {
            "yaml": as_yaml(ref.kind, found),
            "conditions": [it for it in told.get("conditions", ()) if not part or it.get("part") == wanted],
            "troubles": told.get("troubles", []),
            "became": [shown(it) for it in became],
            "history": _history(ref, became, changes),
        }

    def change(self, number: int, id_: str) -> Any:
        """Return what was and what is, of a change as it concerns an object; raises NotFound."""
        ref, part = read_id(id_)
        found, became = self._asked(
            lambda: (
                next((it for it in self._plane.history.last() if it.number == number), None),
                pieces(ref, part, self._plane.translator.world(), self._plane.snapshots),
            )
        )
        if found is None:
            raise NotFound(f"change {number} is not remembered")
        return _document(change(_concerning(ref, became, found), "", True))

    def envoys(self, gateway: str) -> Any:
        """Return the Envoys of a Gateway with each resource that they have, and its versions."""
        request = pb.ListGatewaysRequest(gateway=gateway, resources=True)
        found = self._method("ListGateways", request, pb.ListGatewaysResponse).get("gateways") or [{}]
        return found[0].get("envoys", [])

    def gateways(self) -> Any:
        """Return Gateways with their Envoys: where each of these stands costs a look at all that it has."""
        with self._turn:
            until, answer = self._gateways
            began = time.monotonic()
            if began > until:
                answer = self._method("ListGateways", pb.ListGatewaysRequest(), pb.ListGatewaysResponse)
                ended = time.monotonic()
                self._gateways = (ended + RESTS * (ended - began), answer)
        return answer.get("gateways", [])

    def explain(self, method: str, url: str, headers: Iterable[str], server_name: str, gateway: str) -> Any:
        """Return which way a request would go; raises ValueError, or LookupError for a Gateway that is not there."""
        request = pb.ExplainRequest(
            method=method, url=url, headers=headers, server_name=server_name or None, gateway=gateway
        )
        return self._method("Explain", request, pb.ExplainResponse)

    # ---- how ------------------------------------------------------------------------------------------------------

    def _method(self, name: str, request: Any, answer: Any) -> Any:
        """Ask a method of gatehouse.debug.v1 that answers once."""
        question: bytes = request.SerializeToString()
        [answered] = self._asked(lambda: list(METHODS[name](self._known, question)))
        return _document(answer.FromString(answered))

    def _watch(self) -> None:
        self._plane.watch(self._committed)
        self._plane.listen(self._heard)

    def _committed(self, _: object) -> None:
        self.commits += 1

    def _heard(self, _: object) -> None:
        self.events += 1

    def _asked(self, question: Callable[[], T]) -> T:
        """Ask in the loop's thread; raises what the question raises, TimeoutError, and RuntimeError in the end."""
        answered: Future[T] = Future()

        def answer() -> None:
            try:
                answered.set_result(question())
            except Exception as error:  # for who asked, not for the loop
                answered.set_exception(error)

        self._loop.call_soon_threadsafe(answer)
        return answered.result(SECONDS)


def read_id(text: str) -> tuple[Ref, str]:
    """Read `Gateway/shop/edge#https`: an object, and one listener of it; raises NotFound."""
    place, _, part = text.partition("#")
    with suppress(ValueError):
        kind, namespace, name = place.split("/", 2)
        if kind == "Endpoint":
            return Ref("Service", namespace, name.partition("/")[0]), ""
        return Ref(kind, namespace, name), part
    raise NotFound(f"{text!r} names no object")


def _table(ref: Ref) -> str:
    return "Service" if ref.kind == "ServiceImport" else ref.kind


def _key(ref: Ref) -> Key:
    return Key(ref.namespace, f"ServiceImport/{ref.name}") if ref.kind == "ServiceImport" else ref.key


def _history(ref: Ref, became: Sequence[Piece], changes: Iterable[Change]) -> list[Any]:
    """Return the changes that the object caused, and those to what it became."""
    places = _places(became)
    concerning = (it for it in changes if ref in it.causes or any(_place(edit) in places for edit in it.edits))
    return [_document(change(_concerning(ref, became, it), "", False)) for it in islice(concerning, CHANGES)]


def _concerning(ref: Ref, became: Iterable[Piece], found: Change) -> Change:
    """Name the object first among the causes, and leave out edits elsewhere, unless all of them are."""
    places = _places(became)
    edits = tuple(it for it in found.edits if _place(it) in places) or found.edits
    left_out = found.edits_left_out + len(found.edits) - len(edits)
    causes = tuple(sorted(found.causes, key=lambda it: it != ref))
    return msgspec.structs.replace(found, causes=causes, edits=edits, edits_left_out=left_out)


def _places(became: Iterable[Piece]) -> set[Place]:
    return {(it.gateway, it.type, it.name, it.host) for it in became}


def _place(edit: Edit) -> Place:
    return edit.gateway, edit.type, edit.item.name, edit.item.host


def _document(message: Any) -> Any:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)
