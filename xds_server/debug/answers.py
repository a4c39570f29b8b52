"""What is known of Gateways, Envoys, objects, snapshots and changes, as messages of gatehouse.debug.v1."""

import json
from collections.abc import Iterable, Iterator, Mapping

from translator.status import Status, amiss, conditions_of
from translator.value import Key, Ref
from translator.xds.resource import Resource, ResourceType, RouteTable, VirtualHost
from xds_server import history, rendering
from xds_server.ads.channel import version_of
from xds_server.ads.report import Standing, StreamReport, TypeReport
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, explain, furthest
from xds_server.explaining.request import read
from xds_server.rendering import NAMES, TYPES
from xds_server.snapshot import Entry, Item, Snapshot, SnapshotCache

WORDS = {True: "True", False: "False", None: "Unknown"}
DEFAULT_LIMIT = 20


class NotFound(LookupError):
    """What was asked for is not there; the message says what is."""


def gateways(
    request: pb.ListGatewaysRequest, snapshots: SnapshotCache, streams: Iterable[StreamReport]
) -> pb.ListGatewaysResponse:
    """List Gateways with their Envoys."""
    envoys: dict[Key, list[pb.Envoy]] = {}
    for report in streams:
        envoys.setdefault(report.gateway, []).append(_envoy(report))
    found = [key for key in sorted({*snapshots, *envoys}) if request.gateway in ("", str(key))]
    return pb.ListGatewaysResponse(
        gateways=[
            pb.Gateway(
                name=str(key),
                envoys=sorted(envoys.get(key, ()), key=lambda it: it.node),
                resources={name: len(list(snapshots[key].names(kind))) for name, kind in TYPES.items()},
            )
            for key in found
        ]
    )


def objects(request: pb.ListObjectsRequest, statuses: Mapping[Ref, Status]) -> pb.ListObjectsResponse:
    """List objects with their conditions, in the order of kind, namespace and name."""
    found = []
    for ref in sorted(statuses):
        if request.kind not in ("", ref.kind) or request.namespace not in ("", ref.namespace):
            continue
        shown = pb.ObjectStatus(object=_object(ref), conditions=_conditions(statuses[ref]))
        if not request.amiss or any(it.amiss for it in shown.conditions):
            found.append(shown)
    return pb.ListObjectsResponse(objects=found)


def snapshot(request: pb.GetSnapshotRequest, snapshots: SnapshotCache) -> Iterator[pb.Resource]:
    """Yield what the Envoys of a Gateway shall hold; raises NotFound."""
    held = snapshots[_gateway(request.gateway, snapshots)]
    if request.type and request.type not in TYPES:
        raise NotFound(f"{request.type!r} is no type; there is {', '.join(TYPES)}")
    for name, kind in TYPES.items():
        if request.type in ("", name):
            for each in sorted(held.names(kind)):
                if request.name in ("", each):
                    body = _body(held, kind, each)
                    yield pb.Resource(type=name, name=each, version=held.version(kind, each), json=_json(kind, body))


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
        causes=map(_object, found.causes),
        causes_left_out=found.causes_left_out,
        edits=[_edit(it, contents) for it in edits],
        edits_left_out=found.edits_left_out,
    )
    shown.time.FromNanoseconds(int(found.at * 1e9))
    return shown


def explained(request: pb.ExplainRequest, snapshots: SnapshotCache) -> pb.ExplainResponse:
    """Explain a request; raises NotARequest, NotFound and CannotTell."""
    asked = read(request.method, request.url, request.headers, _optional(request))
    keys = [_gateway(request.gateway, snapshots)] if request.gateway else sorted(snapshots)
    found = [explain(asked, configuration(key, snapshots[key])) for key in keys]
    return pb.ExplainResponse(explanations=[explanation(it) for it in furthest(found)])


def explanation(found: Explanation) -> pb.Explanation:
    """Put an explanation into a message."""
    return pb.Explanation(
        gateway=found.gateway,
        listener=found.listener,
        chain=found.chain,
        table=found.table,
        host=found.host,
        considered=[
            pb.Considered(route=it.route, object=it.object, lost=it.lost, percent=it.percent) for it in found.considered
        ],
        won=[
            pb.Won(
                route=it.route,
                object=it.object,
                percent=it.percent,
                kind=it.answer.kind,
                words=it.answer.words,
                status=it.answer.status,
                destinations=[
                    pb.Destination(
                        cluster=each.cluster,
                        percent=each.percent,
                        words=each.words,
                        endpoints=[pb.Endpoint(address=one.address, health=one.health) for one in each.endpoints],
                    )
                    for each in it.answer.destinations
                ],
                mirrors=it.answer.mirrors,
                filters=it.answer.filters,
            )
            for it in found.won
        ],
        words=found.words,
        status=found.status,
        hints=found.hints,
    )


def configuration(gateway: Key, held: Snapshot) -> Configuration:
    """Decode what the Envoys of a Gateway shall hold."""
    kinds = [kind for kind in TYPES.values() if kind is not ResourceType.SECRET]
    return Configuration(
        str(gateway), [(kind, name, _body(held, kind, name)) for kind in kinds for name in held.names(kind)]
    )


def _optional(request: pb.ExplainRequest) -> str | None:
    return request.server_name if request.HasField("server_name") else None


def _gateway(name: str, snapshots: SnapshotCache) -> Key:
    found = next((key for key in snapshots if str(key) == name), None)
    if found is None:
        raise NotFound(f"there is no Gateway {name!r}; there is {', '.join(map(str, sorted(snapshots))) or 'none'}")
    return found


def _envoy(report: StreamReport) -> pb.Envoy:
    return pb.Envoy(node=report.node.id, protocol=report.protocol, standings=map(_standing, report.types))


def _standing(report: TypeReport) -> pb.Standing:
    standings = [it.standing for it in report.resources]
    return pb.Standing(
        type=NAMES[report.type],
        synced=standings.count(Standing.SYNCED),
        pending=standings.count(Standing.STALE) + standings.count(Standing.NOT_SENT),
        refusals=[
            pb.Refusal(name=it.name, version=it.refused, words=it.words) for it in report.resources if it.refused
        ],
    )


def _object(ref: Ref) -> pb.Object:
    return pb.Object(kind=ref.kind, namespace=ref.namespace, name=ref.name)


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


def _edit(edit: history.Edit, contents: bool) -> pb.Edit:
    return pb.Edit(
        gateway=str(edit.gateway),
        type=NAMES[edit.type],
        name=edit.item.name,
        host=edit.item.host,
        before=_version(edit.before),
        after=_version(edit.after),
        before_json=_content(edit.type, edit.before) if contents else "",
        after_json=_content(edit.type, edit.after) if contents else "",
    )


def _version(entry: Entry | None) -> str:
    return "" if entry is None else version_of(entry)


def _content(kind: ResourceType, entry: Entry | None) -> str:
    match entry:
        case Resource(body=body):
            return _json(kind, body) if body else ""
        case RouteTable(head=head):
            return _json(kind, head)
        case VirtualHost(frame=frame):
            return json.dumps(rendering.decode(kind, frame)["virtual_hosts"][0])
        case None:
            return ""


def _body(held: Snapshot, kind: ResourceType, name: str) -> bytes:
    if kind is ResourceType.ROUTE:
        return held.tables[name].body
    resource = held.get(kind, Item(name))
    return resource.body if isinstance(resource, Resource) else b""


def _json(kind: ResourceType, body: bytes) -> str:
    return json.dumps(rendering.decode(kind, body))
