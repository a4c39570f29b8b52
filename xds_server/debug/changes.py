"""The last changes as messages: what each did, and which objects caused it."""

from collections.abc import Iterable

from xds_server import history
from xds_server.ads.channel import version_of
from xds_server.debug.snapshots import content
from xds_server.debug.troubles import of_ref
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.rendering import NAMES
from xds_server.snapshot import Entry

DEFAULT_LIMIT = 20


def changes(request: pb.ListChangesRequest, kept: Iterable[history.Change]) -> pb.ListChangesResponse:
    """List changes, the newest first."""
    found = []
    for each in kept:
        shown = change(each, request.gateway, request.contents)
        if shown is not None:
            found.append(shown)
        if len(found) == (request.limit or DEFAULT_LIMIT):
            break
    return pb.ListChangesResponse(changes=found)


def change(found: history.Change, gateway: str, contents: bool) -> pb.Change | None:
    """Return a change as far as it concerns a Gateway; None if it does not."""
    edits = [it for it in found.edits if gateway in ("", str(it.gateway))]
    if not edits:
        return None
    shown = pb.Change(
        number=found.number,
        causes=map(of_ref, found.causes),
        causes_left_out=found.causes_left_out,
        edits=[_edit(it, contents) for it in edits],
        edits_left_out=found.edits_left_out,
    )
    shown.time.FromNanoseconds(int(found.at * 1e9))
    return shown


def _edit(edit: history.Edit, contents: bool) -> pb.Edit:
    return pb.Edit(
        gateway=str(edit.gateway),
        type=NAMES[edit.type],
        name=edit.item.name,
        host=edit.item.host,
        before=_version(edit.before),
        after=_version(edit.after),
        before_json=content(edit.type, edit.before) if contents else "",
        after_json=content(edit.type, edit.after) if contents else "",
    )


def _version(entry: Entry | None) -> str:
    return "" if entry is None else version_of(entry)
