"""A world in a cluster: a namespace with a Gateway, backends that run, and as many routes as are asked for."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

from tests.bench.cluster import documents
from tests.bench.cluster.costs import ControlPlane
from tests.bench.cluster.documents import EDITED, GATEWAY, SHARED, Document, Target
from tests.bench.cluster.requests import FAILURES, Connection
from tests.bench.cluster.traffic import Traffic
from tests.cluster.installation import Installation
from tests.cluster.namespace import MANAGER, namespace, until
from xds_server.kube.client import ApiError, Client, KubeError, Unreachable
from xds_server.kube.paths import path_of

AT_ONCE = 24
"""Requests under way while objects are made."""
BACKENDS = 2
GONE_SECONDS = 900.0
EDITED_TARGET = Target("edited.example.com")
PARAMETERS = {"shutdown": {"minSeconds": 1, "maxSeconds": 20}}
ROUTES_PATH = ("gateway.networking.k8s.io/v1", "httproutes")
PATHS = {
    "HTTPRoute": ROUTES_PATH,
    "ListenerSet": ("gateway.networking.k8s.io/v1", "listenersets"),
    "Service": ("v1", "services"),
    "EndpointSlice": ("discovery.k8s.io/v1", "endpointslices"),
}


class End(Enum):
    """What becomes of a world that was measured."""

    WAITED_FOR = "removing it"
    """It is gone before anything else is measured, which it would disturb."""
    BEGUN = "ending"
    LEFT = "left"
    """For tens of thousands of routes it takes minutes to go: whoever has the cluster may end that instead."""


class World(NamedTuple):
    """How the routes of a world differ from each other."""

    name: str
    services_of_their_own: bool = False
    """Whether each route has a Service and an EndpointSlice; else all share one Service."""
    listener_sets: int = 0
    """How many ListenerSets the routes attach to, a hostname each; 0: to the Gateway, each with its own hostname."""

    def target(self, number: int) -> Target:
        """Where a route is reached."""
        if self.listener_sets:
            return Target(f"set-{number % self.listener_sets}.example.com", f"/{number}")
        return Target(f"route-{number}.example.com")

    def service(self, number: int) -> str:
        """The Service of a route."""
        return route_name(number) if self.services_of_their_own else SHARED

    def documents(self, number: int, backends: tuple[str, ...]) -> tuple[Document, ...]:
        """A route, after its Service and an endpoint of it if it has them."""
        service, listener_set = self.service(number), f"set-{number % self.listener_sets}" if self.listener_sets else ""
        route = documents.http_route(route_name(number), self.target(number), service, listener_set)
        if not self.services_of_their_own:
            return (route,)
        address = backends[number % len(backends)]
        return documents.headless(service), documents.endpoint_slice(service, address), route


def is_passing(error: KubeError) -> bool:
    """Whether a request may have more success a little later."""
    return not isinstance(error, ApiError) or error.status in (429, 410) or error.status >= 500


def route_name(number: int) -> str:
    """The name of a route, and of its Service if it has one of its own."""
    return f"route-{number}"


class Site(Installation):
    """Where a world is; `routes` counts those that are there."""

    def __init__(self, client: Client, home: str, world: World, plane: ControlPlane) -> None:
        super().__init__(client, home, None)  # type: ignore[arg-type]
        self.world = world
        self.plane = plane
        self.routes = 0
        self.address = ""
        self.backend_addresses: tuple[str, ...] = ()
        self.load: Traffic
        self.idle = 0.0
        """CPU seconds a second that the control plane spends while nothing changes."""
        self.request_seconds = 0.0
        """CPU seconds that one of the requests that go on takes Envoy."""

    async def create(self, *made: Document) -> None:
        """Create objects, one after the other; where a kube-apiserver is in trouble, until they are there."""
        for document in made:
            path = path_of(*PATHS[document["kind"]], self.home)
            try:
                await self._post(path, document)
            except KubeError as error:
                if not is_passing(error):
                    raise
                await until(lambda path=path, document=document: self._is_there(path, document), "an object")  # type: ignore[misc]

    async def _post(self, path: str, document: Document) -> None:
        await self.client.request("POST", path, document, params={"fieldManager": MANAGER})

    async def _is_there(self, path: str, document: Document) -> bool:
        try:
            await self._post(path, document)
        except ApiError as error:
            return error.status == HTTPStatus.CONFLICT
        except Unreachable:
            return False
        return True

    async def create_all(self, each: Iterable[tuple[Document, ...]]) -> float:
        """Create objects as fast as the cluster takes them, and return how many seconds that took."""
        return await together(self.create(*made) for made in each)

    def documents(self, number: int) -> tuple[Document, ...]:
        """A route, after what it needs."""
        return self.world.documents(number, self.backend_addresses)

    async def turn(self, number: int, turn: int) -> None:
        """Change a route: its responses carry another turn."""
        changed = documents.rule(self.world.target(number), self.world.service(number), turn)
        await self.patch("HTTPRoute", route_name(number), {"spec": {"rules": [changed]}})

    async def remove(self, number: int) -> None:
        """Delete a route."""
        await self.client.delete(self.path("HTTPRoute", route_name(number)))

    async def remove_needed(self, number: int) -> None:
        """Delete what a route that is gone had of its own."""
        if self.world.services_of_their_own:
            await self.delete("EndpointSlice", route_name(number))
            await self.delete("Service", route_name(number))

    async def remove_all(self) -> None:
        """Delete all routes, and what they have of their own; a namespace that ends deletes one after the other."""
        kinds = ("HTTPRoute", "EndpointSlice", "Service") if self.world.services_of_their_own else ("HTTPRoute",)
        await together(self.delete(kind, route_name(it)) for kind in kinds for it in range(self.routes))

    async def add_listener_sets(self) -> float:
        """Create the ListenerSets of the world, and return how many seconds that took."""
        sets = (
            (documents.listener_set(f"set-{it}", f"set-{it}.example.com"),) for it in range(self.world.listener_sets)
        )
        return await self.create_all(sets)

    async def addresses(self, backend: str) -> tuple[str, ...]:
        """Wait until all pods of a backend are ready; return their addresses."""

        async def ready() -> bool:
            status = ((await self.get("Deployment", backend)) or {}).get("status", {})
            return bool(status.get("readyReplicas") == status.get("replicas") == BACKENDS)

        await until(ready, f"the pods of {backend}")
        pods = await self.all("Pod", labelSelector=f"app={backend}")
        return tuple(sorted(it["status"]["podIP"] for it in pods if "deletionTimestamp" not in it["metadata"]))

    async def serves(self, target: Target) -> None:
        """Wait until there is an answer of 200."""

        async def answers() -> bool:
            try:
                connection = await Connection.open(self.address)
                status = (await connection.ask(*target)).status
            except FAILURES:
                return False
            connection.close()
            return status == 200

        await until(answers, f"an answer for {target}")


async def together(work: Iterable[Awaitable[object]]) -> float:
    """Do some work, AT_ONCE at a time, and return how many seconds it took."""
    began = time.perf_counter()
    rest = iter(work)

    async def some() -> None:
        for each in rest:
            await each

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(some())
    return time.perf_counter() - began


@asynccontextmanager
async def site(client: Client, world: World, class_name: str, end: End = End.WAITED_FOR) -> AsyncIterator[Site]:
    """Make a world without routes, for as long as the block lasts."""
    async with namespace(client, "bench", leaves=end is End.LEFT) as made:
        place = Site(client, made.home, world, ControlPlane(client))
        await place.apply("EnvoyParameters", GATEWAY, PARAMETERS)
        reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": GATEWAY}
        spec = documents.gateway(class_name) | {"infrastructure": {"parametersRef": reference}}
        await place.apply("Gateway", GATEWAY, spec)
        await place.backends(SHARED, BACKENDS)
        place.backend_addresses = await place.addresses(SHARED)
        await place.create(documents.headless(EDITED), documents.endpoint_slice(EDITED, place.backend_addresses[0]))
        await place.create(documents.http_route(EDITED, EDITED_TARGET, EDITED))
        place.address = await place.programmed(GATEWAY)
        await place.serves(EDITED_TARGET)
        try:
            yield place
        finally:
            if end is not End.LEFT:
                await place.remove_all()
    if end is End.WAITED_FOR:
        await gone(place)


async def gone(place: Site) -> None:
    """Wait until a namespace is no more."""

    async def is_gone() -> bool:
        return await place.get("Namespace", place.home) is None

    began = time.monotonic()
    await until(is_gone, f"the end of {place.home}", GONE_SECONDS)
    print(f"{place.home} was gone after {time.monotonic() - began:.0f} s", file=sys.stderr)
