"""A light Envoy: one delta ADS stream that subscribes, follows names and ACKs as an Envoy does, and serves nobody.

It keeps names and versions alone. Clusters lead it to endpoints, listeners to route tables, be it by way of scopes.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import grpc
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import scoped_route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.service.discovery.v3 import discovery_pb2

from tests.envoy.running import LOOPBACK
from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.ads.service import SERVICE

METHOD = f"/{SERVICE}/DeltaAggregatedResources"
OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1))
"""Each has a connection of its own."""
CLUSTER, ENDPOINT, SECRET, LISTENER, ROUTE, SCOPE = ResourceType
LOSS_SECONDS = 0.5
WILDCARDS = (CLUSTER, LISTENER)
HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


class Reader:
    """What resources lead to, each read once however many Envoys are sent it."""

    def __init__(self) -> None:
        self._leads: dict[tuple[str, str], frozenset[tuple[ResourceType, str]]] = {}

    def leads(self, kind: ResourceType, resource: Any) -> frozenset[tuple[ResourceType, str]]:
        """Name what an Envoy asks for once it has a resource."""
        known = self._leads.get((kind, f"{resource.name} {resource.version}"))
        if known is None:
            known = frozenset(_leads(kind, resource.resource.value))
            self._leads[kind, f"{resource.name} {resource.version}"] = known
        return known


def _leads(kind: ResourceType, body: bytes) -> Iterable[tuple[ResourceType, str]]:
    if kind is CLUSTER:
        cluster = cluster_pb2.Cluster.FromString(body)
        if cluster.HasField("eds_cluster_config"):
            yield ENDPOINT, cluster.eds_cluster_config.service_name or cluster.name
    elif kind is SCOPE:
        yield ROUTE, scoped_route_pb2.ScopedRouteConfiguration.FromString(body).route_configuration_name
    elif kind is LISTENER:
        listener = listener_pb2.Listener.FromString(body)
        for chain in (*listener.filter_chains, listener.default_filter_chain):
            for filter_ in chain.filters:
                if filter_.typed_config.type_url.endswith(HCM):
                    yield from _tables(filter_.typed_config.value)


def _tables(body: bytes) -> Iterable[tuple[ResourceType, str]]:
    manager = http_connection_manager_pb2.HttpConnectionManager.FromString(body)
    if manager.HasField("rds"):
        yield ROUTE, manager.rds.route_config_name
    if manager.HasField("scoped_routes"):
        yield SCOPE, "*"


class LightEnvoy:
    """Its configuration outlives its streams."""

    def __init__(self, gateway: Key, node: str, port: int, reader: Reader) -> None:
        self.gateway = gateway
        self.held: dict[ResourceType, dict[str, str]] = {kind: {} for kind in ResourceType}
        self.responses = 0
        self.bytes = 0
        self.seen: dict[bytes, float] = {}
        """When a response came that has one of the marks that are looked for."""
        self._node = node
        self._port = port
        self._reader = reader
        self._leads: dict[tuple[ResourceType, str], frozenset[tuple[ResourceType, str]]] = {}
        self._watched: dict[ResourceType, set[str]] = {ENDPOINT: set(), ROUTE: set(), SCOPE: set()}
        self._missing: set[tuple[ResourceType, str]] = set()
        self._marks: set[bytes] = set()
        self._news = asyncio.Event()
        self.losses = 0
        """Streams that the control plane ended."""
        self._introduced = False
        self._channel: Any = None
        self._stream: Any = None
        self._task: asyncio.Task[None] | None = None

    # ---- streams --------------------------------------------------------------------------------------------------

    def connect(self, *, remembers: bool = False) -> None:
        """Open a stream; what was held is told to the control plane, or forgotten."""
        if not remembers:
            self.held = {kind: {} for kind in ResourceType}
            self._watched = {ENDPOINT: set(), ROUTE: set(), SCOPE: set()}
            self._leads.clear()
            self._missing.clear()
        self._task = asyncio.create_task(self._run())

    async def drop(self) -> None:
        """Lose the connection."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._channel.close()

    async def until_settled(self) -> None:
        """Return once it has a route table, and there is nothing that it asked for and does not have."""
        while self._missing or not self.held[ROUTE]:
            await self._told()

    async def until_seen(self, mark: bytes) -> float:
        """Return when a response came that has these bytes, which had to be announced before."""
        while mark not in self.seen:
            await self._told()
        return self.seen[mark]

    def announce(self, mark: bytes) -> None:
        """Look for these bytes in responses from now on."""
        self._marks.add(mark)

    async def _told(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _run(self) -> None:
        self._channel = grpc.aio.insecure_channel(f"{LOOPBACK}:{self._port}", OPTIONS)
        while True:
            try:
                await self._follow_stream()
            except grpc.aio.AioRpcError:
                self.losses += 1
                await asyncio.sleep(LOSS_SECONDS)

    async def _follow_stream(self) -> None:
        self._introduced = False
        self._stream = self._channel.stream_stream(METHOD)(wait_for_ready=True)
        for kind in (CLUSTER, ENDPOINT, LISTENER, SCOPE, ROUTE):
            if kind in WILDCARDS or self._watched[kind]:
                await self._ask(kind, self._watched.get(kind, ()), versions=self.held[kind])
        while (data := await self._stream.read()) is not grpc.aio.EOF:
            await self._take(data, time.perf_counter())

    # ---- messages -------------------------------------------------------------------------------------------------

    async def _ask(self, kind: ResourceType, added: Iterable[str] = (), gone: Iterable[str] = (), **more: Any) -> None:
        request = discovery_pb2.DeltaDiscoveryRequest(
            type_url=kind,
            resource_names_subscribe=added,
            resource_names_unsubscribe=gone,
            response_nonce=more.get("nonce", ""),
            initial_resource_versions=more.get("versions", {}),
        )
        if not self._introduced:
            self._introduced = True
            request.node.id, request.node.cluster = self._node, str(self.gateway)
        await self._stream.write(request.SerializeToString())

    async def _take(self, data: bytes, now: float) -> None:
        self.responses += 1
        self.bytes += len(data)
        response = discovery_pb2.DeltaDiscoveryResponse.FromString(data)
        kind = ResourceType(response.type_url)
        held = self.held[kind]
        changed = False
        for resource in response.resources:
            held[resource.name] = resource.version
            self._missing.discard((kind, resource.name))
            changed |= self._leads_to(kind, resource.name, self._reader.leads(kind, resource))
        for name in response.removed_resources:
            held.pop(name, None)
            self._missing.discard((kind, name))
            changed |= self._leads_to(kind, name, frozenset())
        if kind is SCOPE:
            self._missing.discard((kind, "*"))
        turns = self._turns() if changed else []
        await self._ask(kind, nonce=response.nonce)
        for turn in turns:
            await self._ask(*turn)
        for mark in [mark for mark in self._marks if mark in data]:
            self.seen[mark] = now
            self._marks.discard(mark)
        self._news.set()

    def _leads_to(self, kind: ResourceType, name: str, leads: frozenset[tuple[ResourceType, str]]) -> bool:
        if self._leads.get((kind, name), frozenset()) == leads:
            return False
        self._leads[kind, name] = leads
        return True

    def _turns(self) -> list[tuple[ResourceType, set[str], set[str]]]:
        """Miss what is named now and was not, forget what is not named any more; return what to ask for and give up."""
        turns = []
        named: dict[ResourceType, set[str]] = {ENDPOINT: set(), ROUTE: set(), SCOPE: set()}
        for leads in self._leads.values():
            for kind, name in leads:
                named[kind].add(name)
        for kind, names in named.items():
            before, self._watched[kind] = self._watched[kind], names
            added, gone = names - before, before - names
            self._missing.update((kind, name) for name in added)
            self._missing.difference_update([(kind, name) for name in gone])
            for name in gone:
                self.held[kind].pop(name, None)
            if added or gone:
                turns.append((kind, added, gone))
        return turns
