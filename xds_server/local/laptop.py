"""A laptop's data plane: every Gateway of ours gets an address, an Envoy, and the echo pods behind its Services."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from translator.api.core import EndpointSlice, Secret, Service
from translator.api.gateway import Gateway, ListenerSet
from translator.api.kinds import Object, from_document, ref_of
from translator.api.routes import HTTPRoute
from translator.ir import Placement
from translator.status import GatewayStatus, ListenerSetStatus, RouteStatus, Status
from translator.value import Key, Ref
from translator.xds.names import listener_name
from translator.xds.resource import ResourceType
from xds_server.ads.events import Acked, Disconnected, Event
from xds_server.control_plane import ControlPlane
from xds_server.files import Change, Delete, OtherDocument, Put
from xds_server.local.addresses import Claims, assign, reached
from xds_server.local.deployments import plan
from xds_server.local.endpoints import Endpoint, endpoints, first_request
from xds_server.local.envoys import Envoys
from xds_server.local.pods import Pods

MOST_LISTENER_SETS = 50
"""Of which it is told where they are reached."""
CONNECT_SECONDS = 0.05
"""Between two attempts to reach an Envoy that is starting."""


class Laptop:
    """Feeds a control plane with files and runs what a cluster would run; lives in the app's TaskGroup."""

    def __init__(
        self, plane: ControlPlane, envoys: Envoys, group: asyncio.TaskGroup, port_offset: int, address: str = ""
    ) -> None:
        self._plane = plane
        self._envoys = envoys
        self._group = group
        self._port_offset = port_offset
        self._address = address
        self._pods = Pods(group, self._publish_slices)
        self._objects: dict[Ref, Object] = {}
        self._slices: dict[Ref, EndpointSlice] = {}
        self._others: tuple[OtherDocument, ...] = ()
        self._addresses: dict[Key, str] = {}
        self._claims = Claims(port_offset)
        self._bound: set[tuple[Key, str]] = set()
        plane.listen(self._hear)
        self.notices: tuple[str, ...] = ()
        """What does not run here and why."""

    async def take(self, changes: Collection[Change], others: Iterable[OtherDocument]) -> None:
        """Take in a batch of changes: pods first, so that nothing is looked up in DNS that runs here."""
        for change in changes:
            if isinstance(change, Put):
                self._objects[change.ref] = change.value
            else:
                self._objects.pop(change.ref, None)
        others = tuple(others)
        if others != self._others or any(change.ref.kind in ("Service", "Secret") for change in changes):
            self._others = others
            await self._plan_pods()
        self._plane.change(changes, self._place())
        self._envoys.want(self._ours(), self._group)

    async def _plan_pods(self) -> None:
        services = [value for value in self._objects.values() if isinstance(value, Service)]
        secrets = {ref.key: value for ref, value in self._objects.items() if isinstance(value, Secret)}
        planned = plan((other.document for other in self._others), services, secrets)
        self.notices = tuple(str(refusal) for refusal in planned.not_local)
        await self._pods.run(planned)

    @property
    def endpoints(self) -> Mapping[Ref, tuple[Endpoint, ...]]:
        """Where our Gateways, and then the first of their ListenerSets, are reached; only listeners that serve."""
        found = {}
        for ref in (*sorted(self._told(GatewayStatus)), *sorted(self._told(ListenerSetStatus))[:MOST_LISTENER_SETS]):
            holder, status = self._objects.get(ref), self._plane.statuses.get(ref)
            if isinstance(holder, Gateway) and isinstance(status, GatewayStatus):
                found[ref] = endpoints(holder, status, self._placement(ref.key))
            if isinstance(holder, ListenerSet) and isinstance(status, ListenerSetStatus):
                gateway = self._gateway_of(ref)
                if gateway in self._addresses:
                    found[ref] = endpoints(holder, status, self._placement(gateway))
        return found

    def first_request(self) -> str | None:
        """Return a curl command that the first accepted HTTPRoute answers."""
        reachable = self.endpoints
        for ref, status in sorted(self._plane.statuses.items()):
            route = self._objects.get(ref)
            if not isinstance(route, HTTPRoute) or not isinstance(status, RouteStatus):
                continue
            for parent in route.spec.parent_refs:
                target = Ref(parent.kind, parent.namespace or ref.namespace, parent.name)
                command = first_request(route, status, reachable.get(target, ()))
                if command is not None:
                    return command
        return None

    async def serving(self, holder: Ref, endpoint: Endpoint) -> None:
        """Return once somebody accepts connections at an endpoint, or has said that it takes datagrams there."""
        gateway = self._gateway_of(holder)
        while endpoint.scheme == "udp":
            if (gateway, listener_name("UDP", endpoint.listener_port)) in self._bound:
                return
            await asyncio.sleep(CONNECT_SECONDS)
        while True:
            try:
                _, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
            except OSError:
                await asyncio.sleep(CONNECT_SECONDS)
                continue
            writer.close()
            return

    def _hear(self, event: Event) -> None:
        """Note which ports the Envoys have bound: nobody can tell a UDP port's from outside."""
        if isinstance(event, Acked) and event.type is ResourceType.LISTENER:
            self._bound.update((event.gateway, name) for name in event.names)
            self._bound.difference_update((event.gateway, name) for name in event.removed)
        elif isinstance(event, Disconnected):
            self._bound = {(gateway, name) for gateway, name in self._bound if gateway != event.gateway}

    def _gateway_of(self, holder: Ref) -> Key:
        found = self._objects.get(holder)
        if not isinstance(found, ListenerSet):
            return holder.key
        return Key(found.spec.parent_ref.namespace or holder.namespace, found.spec.parent_ref.name)

    def _ours(self) -> set[Key]:
        return {ref.key for ref in self._told(GatewayStatus)}

    def _told(self, kind: type[Status]) -> Iterator[Ref]:
        return (ref for ref, status in self._plane.statuses.items() if isinstance(status, kind))

    def _place(self) -> dict[Key, Placement | None]:
        gateways = [ref.key for ref, value in self._objects.items() if isinstance(value, Gateway)]
        gone = self._addresses.keys() - set(gateways)
        if self._address:
            self._addresses = dict.fromkeys(gateways, self._address)
        else:
            self._addresses = assign(self._addresses, gateways, self._claims.claim)
            self._claims.keep(self._addresses.values())
        return {**dict.fromkeys(gone), **{gateway: self._placement(gateway) for gateway in gateways}}

    def _placement(self, gateway: Key) -> Placement:
        bind = self._addresses[gateway]
        addresses = tuple(("IPAddress", address) for address in reached(bind))
        return Placement(bind=bind, addresses=addresses, port_offset=self._port_offset, exclusive=True)

    def _publish_slices(self, documents: tuple[dict[str, Any], ...]) -> None:
        values = [from_document("EndpointSlice", document) for document in documents]
        slices = {ref_of("EndpointSlice", value): value for value in values if isinstance(value, EndpointSlice)}
        gone = [Delete(ref) for ref in self._slices.keys() - slices.keys()]
        self._slices = slices
        self._plane.change([*gone, *(Put(ref, value) for ref, value in slices.items())])
