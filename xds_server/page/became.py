"""What an object became in Envoy: the resources, or the parts of them, that are there for its sake."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from translator import ir
from translator.pipeline import World
from translator.value import Key, Ref
from translator.xds.names import listener_name, pool_name, rule_name
from translator.xds.resource import Resource, ResourceType, VirtualHost
from xds_server.ads.channel import version_of
from xds_server.rendering import NAMES, decode
from xds_server.snapshot import Item, SnapshotCache

MOST = 100
"""How many resources of one object are shown."""


class Piece(NamedTuple):
    """A resource, or one virtual host of a route table."""

    gateway: Key
    type: ResourceType
    name: str
    host: str
    version: str
    body: bytes
    routes: str = ""
    """Of a virtual host: what the names begin with of those routes that are shown."""


def pieces(ref: Ref, part: str, world: World, snapshots: SnapshotCache) -> list[Piece]:
    """Collect what an object became, or one listener of it; nothing is decoded yet."""
    match ref.kind:
        case "Gateway" | "ListenerSet":
            found = _of_listeners(ref, part, world, snapshots)
        case kind if kind in ir.HTTP_ROUTES:
            found = _of_route(ref, world, snapshots)
        case kind if kind in ir.STREAM_ROUTES:
            found = _of_stream_route(ref, world, snapshots)
        case "Service":
            found = _of_backend((f"{ref.key}/",), snapshots)
        case "BackendTLSPolicy" | "XBackendTrafficPolicy":
            found = _of_backend(tuple(_targets(ref, world)), snapshots)
        case "Secret":
            found = _named(ResourceType.SECRET, str(ref.key), snapshots)
        case _:
            found = _of_backend((f"{ref.kind}/{ref.key}/",), snapshots)
    return [it for it, _ in zip(found, range(MOST), strict=False)]


def shown(piece: Piece) -> dict[str, str]:
    """Put a piece into words, secrets redacted."""
    body = _alone(piece.body, piece.routes) if piece.routes else piece.body
    document: Any = decode(piece.type, body)
    if piece.host:
        [document] = document["virtual_hosts"]
    return {
        "gateway": str(piece.gateway),
        "type": NAMES[piece.type],
        "name": piece.name,
        "host": piece.host,
        "version": piece.version,
        "yaml": yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100),
    }


def _alone(frame: bytes, prefix: str) -> bytes:
    """Leave only some routes in a virtual host, which may have thousands."""
    table = RouteConfiguration.FromString(frame)
    for host in table.virtual_hosts:
        ours = [it for it in host.routes if it.name.startswith(prefix)]
        del host.routes[:]
        host.routes.extend(ours)
    body: bytes = table.SerializeToString()
    return body


def _of_listeners(ref: Ref, part: str, world: World, snapshots: SnapshotCache) -> Iterator[Piece]:
    found: Any = world.objects[ref.kind].get(ref.key)
    if found is None:
        return
    gateway = ref.key
    if ref.kind == "ListenerSet":
        parent = found.spec.parent_ref
        gateway = Key(parent.namespace or ref.namespace, parent.name)
    names = (listener_name(it.protocol, it.port) for it in found.spec.listeners if part in ("", it.name))
    for name in dict.fromkeys(names):
        yield from _resource(gateway, ResourceType.LISTENER, name, snapshots)


def _of_route(ref: Ref, world: World, snapshots: SnapshotCache) -> Iterator[Piece]:
    prefix = rule_name(ref, "")
    for gateway, domain in dict.fromkeys(_domains(ref, world)):
        held = snapshots[gateway]
        for name in sorted(held.names(ResourceType.ROUTE)):
            host = held.get(ResourceType.ROUTE, Item(name, domain))
            if isinstance(host, VirtualHost) and prefix.encode() in host.frame:
                yield Piece(gateway, ResourceType.ROUTE, name, domain, version_of(host), host.frame, prefix)


def _domains(ref: Ref, world: World) -> Iterator[tuple[Key, str]]:
    bound = world.bound.get(ref)
    for bond in () if bound is None else bound.bonds:
        for it in bond.attachments:
            for _, domain in it.hosts:
                yield it.listener.gateway, domain


def _of_stream_route(ref: Ref, world: World, snapshots: SnapshotCache) -> Iterator[Piece]:
    bound = world.bound.get(ref)
    attachments = [] if bound is None else [it for bond in bound.bonds for it in bond.attachments]
    places = ((it.listener.gateway, listener_name(it.listener.protocol, it.listener.port)) for it in attachments)
    for gateway, name in dict.fromkeys(places):
        yield from _resource(gateway, ResourceType.LISTENER, name, snapshots)
    yield from _named(ResourceType.CLUSTER, pool_name(ref), snapshots)


def _targets(ref: Ref, world: World) -> Iterator[str]:
    found: Any = world.objects[ref.kind].get(ref.key)
    for it in () if found is None else found.spec.target_refs:
        place = f"{Key(ref.namespace, it.name)}/"
        yield place if it.kind == "Service" else f"{it.kind}/{place}"


def _of_backend(prefixes: tuple[str, ...], snapshots: SnapshotCache) -> Iterator[Piece]:
    for gateway in sorted(snapshots):
        for kind in (ResourceType.CLUSTER, ResourceType.ENDPOINT):
            for name in sorted(it for it in snapshots[gateway].names(kind) if it.startswith(prefixes)):
                yield from _resource(gateway, kind, name, snapshots)


def _named(kind: ResourceType, name: str, snapshots: SnapshotCache) -> Iterator[Piece]:
    for gateway in sorted(snapshots):
        yield from _resource(gateway, kind, name, snapshots)


def _resource(gateway: Key, kind: ResourceType, name: str, snapshots: SnapshotCache) -> Iterator[Piece]:
    found = snapshots[gateway].get(kind, Item(name)) if gateway in snapshots else None
    if isinstance(found, Resource):
        yield Piece(gateway, kind, name, "", found.version, found.body)
