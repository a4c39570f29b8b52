"""The picture's nodes as they are now, each with the revision in which it came to be so, for who asks what is new."""

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from translator.api import core
from translator.pipeline import World
from translator.status import Status
from translator.value import Ref, Value
from xds_server.page import nodes
from xds_server.page.nodes import Node, identify

MOST_GONE = 10_000
"""How many nodes that are gone are remembered; who has not looked since begins again."""
NOTHING = -1
"""The revision of somebody who has seen nothing."""
POLICIES = ("BackendTLSPolicy", "XBackendTrafficPolicy", "XTelemetryPolicy")

Ground: TypeAlias = tuple[Any, ...]
"""What an object is drawn from: values that stay the very same while nothing changes."""


class Row(NamedTuple):
    """An object's nodes."""

    ground: Ground
    nodes: tuple[Node, ...]
    revision: int


class News(Value):
    """A page of what is new."""

    epoch: str
    """Another one where revisions began to be counted anew."""
    revision: int
    nodes: list[Node]
    gone: list[str]
    after: str
    """Where the next page begins; empty on the last one."""
    fresh: bool
    """Whether all that was seen before is to be forgotten."""


class Index:
    """All nodes; an object is drawn again only when what it is drawn from is another value."""

    def __init__(self, most_gone: int = MOST_GONE) -> None:
        self.revision = 0
        self._most_gone = most_gone
        self._epoch = secrets.token_hex(4)
        self._rows: dict[str, Row] = {}
        self._gone: deque[tuple[int, str]] = deque()
        self._forgotten = NOTHING
        """The newest revision of which it is no longer known what went with it."""

    def refresh(self, world: World, statuses: Mapping[Ref, Status]) -> None:
        """Draw what changed."""
        rows: dict[str, Row] = {}
        for ref, ground in _of_routes_and_parents(world, statuses):
            self._draw(rows, ref, ground)
        wanted = {it for row in rows.values() for node in row.nodes for it in node.down}
        for ref, ground in _of_backends(world, statuses, wanted):
            self._draw(rows, ref, ground)
        changed = [row for row in rows.values() if row.revision > self.revision]
        replaced = [old for place, old in self._rows.items() if (new := rows.get(place)) is None or new is not old]
        if changed or replaced:
            self.revision += 1
            here = _ids(changed)
            self._forget([it for it in _ids(replaced) if it not in here])
            self._rows = rows

    def news(self, since: int, after: str, limit: int) -> News:
        """Return what is new since a revision, in the order of ids: `limit` objects behind the id `after`."""
        fresh = since > self.revision or since < self._forgotten
        since = NOTHING if fresh else since
        places = sorted(it for it, row in self._rows.items() if row.revision > since and it > after)
        gone = [] if since == NOTHING or after else [it for revision, it in self._gone if revision > since]
        found = [node for it in places[:limit] for node in self._rows[it].nodes]
        return News(
            self._epoch, self.revision, found, gone, places[limit - 1] if len(places) > limit else "", since == NOTHING
        )

    def _draw(self, rows: dict[str, Row], ref: Ref, ground: Ground) -> None:
        place = identify(*ref)
        row = self._rows.get(place)
        if row is None or not _same(row.ground, ground):
            row = Row(ground, tuple(_nodes(ref, ground)), self.revision + 1)
        rows[place] = row

    def _forget(self, gone: Iterable[str]) -> None:
        self._gone.extend((self.revision, it) for it in gone)
        while len(self._gone) > self._most_gone:
            self._forgotten = self._gone.popleft()[0]


def _ids(rows: Iterable[Row]) -> dict[str, None]:
    return {node.id: None for row in rows for node in row.nodes}


def _same(one: Ground, other: Ground) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _of_routes_and_parents(world: World, statuses: Mapping[Ref, Status]) -> Iterator[tuple[Ref, Ground]]:
    for ref, route in world.routes.items():
        yield ref, (route, statuses.get(ref), world.bound.get(ref))
    for kind in ("GatewayClass", "Gateway", "ListenerSet", *POLICIES):
        for key, found in world.objects[kind].items():
            yield Ref(kind, *key), (found, statuses.get(Ref(kind, *key)))


def _of_backends(world: World, statuses: Mapping[Ref, Status], wanted: Iterable[str]) -> Iterator[tuple[Ref, Ground]]:
    """Only those that something leads to: a cluster has many more Services."""
    for key, backend in world.objects["XBackend"].items():
        yield Ref("XBackend", *key), (backend, statuses.get(Ref("XBackend", *key)))
    slices = _slices(world.objects["EndpointSlice"].values())
    for key, found in world.objects["Service"].items():
        kind = core.SERVICE_IMPORT if isinstance(found, core.ServiceImport) else "Service"
        ref = Ref(kind, key.namespace, found.metadata.name)
        if identify(*ref) in wanted:
            yield ref, (found, *slices.get(ref, ()))


def _slices(found: Iterable[Any]) -> dict[Ref, list[core.EndpointSlice]]:
    by_service: dict[Ref, list[core.EndpointSlice]] = {}
    for it in found:
        for kind, name in (("Service", it.service), (core.SERVICE_IMPORT, it.service_import)):
            if name:
                by_service.setdefault(Ref(kind, it.metadata.namespace, name), []).append(it)
    return by_service


def _nodes(ref: Ref, ground: Ground) -> Iterable[Node]:
    match ref.kind:
        case "GatewayClass":
            return (nodes.of_class(ref, *ground),)
        case "Gateway":
            return nodes.of_gateway(ref, *ground)
        case "ListenerSet":
            return nodes.of_listener_set(ref, *ground)
        case "XBackend":
            return (nodes.of_xbackend(ref, *ground),)
        case "Service" | core.SERVICE_IMPORT:
            return nodes.of_service(ref, ground[0], ground[1:])
        case kind if kind in POLICIES:
            return (nodes.of_policy(ref, *ground),)
        case _:
            return (nodes.of_route(ref, *ground),)
