"""Which way a request goes, as a message of gatehouse.debug.v1: Envoy's configuration, and the objects behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from translator.pipeline import Translator
from translator.status import Status, amiss, conditions_of
from translator.value import Key, Ref
from translator.xds.names import NO_CLUSTER
from translator.xds.resource import Resource, ResourceType
from xds_server.debug.snapshots import gateway_of
from xds_server.debug.troubles import of_ref
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, Won, explain, furthest
from xds_server.explaining.nearly import nearly
from xds_server.explaining.request import Request, read
from xds_server.rendering import NAMES, TYPES
from xds_server.snapshot import Item, Snapshot, SnapshotCache


class World(NamedTuple):
    """The objects behind the configuration."""

    translator: Translator
    statuses: Mapping[Ref, Status]
    troubles: Sequence[pb.Trouble] = ()


def explained(request: pb.ExplainRequest, snapshots: SnapshotCache, world: World) -> pb.ExplainResponse:
    """Explain a request; raises NotARequest, NotFound and CannotTell."""
    server_name = request.server_name if request.HasField("server_name") else None
    asked = read(request.method, request.url, request.headers, server_name)
    keys = [gateway_of(request.gateway, snapshots)] if request.gateway else sorted(snapshots)
    found = [explain(asked, configuration(key, snapshots[key])) for key in keys]
    return pb.ExplainResponse(explanations=[_explanation(asked, it, world) for it in furthest(found)])


def configuration(gateway: Key, held: Snapshot) -> Configuration:
    """Decode what the Envoys of a Gateway shall hold."""
    kinds = [kind for kind in TYPES.values() if kind is not ResourceType.SECRET]
    return Configuration(
        str(gateway), [(kind, name, _body(held, kind, name)) for kind in kinds for name in held.names(kind)]
    )


def _body(held: Snapshot, kind: ResourceType, name: str) -> bytes:
    if kind is ResourceType.ROUTE:
        return held.tables[name].body
    resource = held.get(kind, Item(name))
    return resource.body if isinstance(resource, Resource) else b""


def _explanation(asked: Request, found: Explanation, world: World) -> pb.Explanation:
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
        won=map(_won, found.won),
        words=found.words,
        status=found.status,
        hints=[*found.hints, *nearly(asked, found, world.translator, world.statuses)],
        policies=_policies(found, world),
        troubles=_troubles(found, world.troubles),
    )


def _won(found: Won) -> pb.Won:
    return pb.Won(
        route=found.route,
        object=found.object,
        percent=found.percent,
        kind=found.answer.kind,
        words=found.answer.words,
        status=found.answer.status,
        destinations=[
            pb.Destination(
                cluster=it.cluster,
                percent=it.percent,
                words=it.words,
                endpoints=[pb.Endpoint(address=each.address, health=each.health) for each in it.endpoints],
            )
            for it in found.answer.destinations
        ],
        mirrors=found.answer.mirrors,
        filters=found.answer.filters,
        path=found.answer.path,
        host=found.answer.host,
        location=found.answer.location,
    )


def clusters(found: Explanation) -> Iterator[str]:
    """Name the clusters that a request, or a copy of it, may reach."""
    for won in found.won:
        yield from (it.cluster for it in won.answer.destinations if it.cluster != NO_CLUSTER)
        yield from won.answer.mirrors


def _policies(found: Explanation, world: World) -> Iterator[pb.Policy]:
    """Name the policies that have a say: on the backends, and on what the Gateway tells of requests."""
    owners = world.translator.owners
    namespace, _, name = found.gateway.partition("/")
    for cluster in dict.fromkeys(clusters(found)):
        for ref in owners.policies_of(cluster):
            yield pb.Policy(object=of_ref(ref), target=f"backend {cluster}", words=_force(ref, found.gateway, world))
    for ref in owners.observers(Key(namespace, name)):
        yield pb.Policy(object=of_ref(ref), target=f"Gateway {found.gateway}", words=_force(ref, found.gateway, world))


def _force(ref: Ref, gateway: str, world: World) -> str:
    """Say whether a policy holds, as its conditions do."""
    status = world.statuses.get(ref)
    if status is None:
        return "not in force"
    wrong = [f"{it.type} {it.reason}: {it.message}" for _, it in conditions_of(status) if amiss(it)]
    return "; ".join(dict.fromkeys(wrong)) or "in force"


def _troubles(found: Explanation, troubles: Iterable[pb.Trouble]) -> Iterator[pb.Trouble]:
    """Choose the troubles with what is on the way of a request."""
    named = {(NAMES[ResourceType.LISTENER], found.listener, "")}
    named |= {(NAMES[ResourceType.ROUTE], found.table, host) for host in ("", found.host)}
    for kind in (ResourceType.CLUSTER, ResourceType.ENDPOINT):
        named |= {(NAMES[kind], cluster, "") for cluster in clusters(found)}
    return (it for it in troubles if it.gateway == found.gateway and (it.type, it.name, it.host) in named)
