"""A control plane in the tests' own process, with a fleet in the cluster: its Envoys connect to this node."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.cluster.namespace import IMAGE, MANAGER, Document, Namespace, is_true, namespace, until
from tests.cluster.traffic import asked, clients
from translator.pipeline import Settings as TranslatorSettings
from translator.status import GatewayStatus
from translator.value import Key, Ref
from xds_server.ads.service import Server
from xds_server.control_plane import ControlPlane
from xds_server.kube.client import Client
from xds_server.kube.fleet import Fleet, Settings
from xds_server.kube.identity import (
    AUDIENCE,
    Accounts,
    AuthorityKeeper,
    FleetAdmission,
    ServingCertificate,
    TokenReviews,
)
from xds_server.kube.paths import path_of
from xds_server.kube.scope import Named
from xds_server.kube.watch import KubeSource

CRD = Path(__file__).parents[2] / "deploy" / "crds" / "gatehouse.dev_envoyparameters.yaml"
XDS_PORT = 18000
QUICK = {"shutdown": {"minSeconds": 1, "maxSeconds": 20}}
"""So that nobody has to wait for the pods to end."""

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
"""The strictest Pod Security Standard."""


class Cluster(Namespace):
    """A namespace of its own, a class of its own, and who serves it."""

    def __init__(self, client: Client, home: str, plane: ControlPlane, http: aiohttp.ClientSession) -> None:
        super().__init__(client, home)
        self.plane = plane
        self.http = http
        self.restart: Callable[[], Awaitable[None]] = _nothing
        self.trust: Callable[[str], None]
        self.bundle = ""

    async def gateway(self, name: str = "edge", *ports: int, parameters: Document | None = None, **spec: Any) -> None:
        """Apply a Gateway, with parameters of its own, and a route that answers every request with a redirect."""
        await self.parameters(name, {**QUICK, **(parameters or {})})
        reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": name[:200]}
        listeners = [{"name": f"http-{port}", "port": port, "protocol": "HTTP"} for port in ports or (80,)]
        infrastructure = {**spec.pop("infrastructure", {}), "parametersRef": reference}
        await self.apply(
            "Gateway",
            name,
            {"gatewayClassName": self.home, "listeners": listeners, "infrastructure": infrastructure, **spec},
        )
        redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "example.com", "statusCode": 302}}
        await self.apply("HTTPRoute", name[:200], {"parentRefs": [{"name": name}], "rules": [{"filters": [redirect]}]})

    async def parameters(self, name: str, spec: Document) -> None:
        await self.apply("EnvoyParameters", name[:200], spec)

    def status(self, gateway: str = "edge") -> GatewayStatus | None:
        found = self.plane.statuses.get(Ref("Gateway", self.home, gateway))
        return found if isinstance(found, GatewayStatus) else None

    def condition(self, type_: str, gateway: str = "edge") -> tuple[bool | None, str, str]:
        """What a Gateway is told: status, reason and message."""
        status = self.status(gateway)
        for it in () if status is None else status.conditions:
            if it.type == type_:
                return it.status, it.reason, it.message
        return None, "", ""

    async def address(self, gateway: str = "edge") -> str:
        """Wait for a Gateway's address."""

        async def given() -> tuple[tuple[str, str], ...]:
            status = self.status(gateway)
            return () if status is None else status.addresses

        found: tuple[tuple[str, str], ...] = await until(given, f"an address of {gateway}")
        return found[0][1]

    async def serves(self, gateway: str = "edge", port: int = 80) -> str:
        """Wait until a Gateway answers at its address, and return that."""
        address = await self.address(gateway)

        async def answers() -> bool:
            return (await asked(self.http, address, port)).outcome == 302

        await until(answers, f"{gateway} to answer at {address}:{port}")
        return address


async def _nothing() -> None:
    pass


@asynccontextmanager
async def fleet(*, secured: bool = False) -> AsyncIterator[Cluster]:
    """Serve a namespace and a class of its own for as long as the block lasts, with TLS and tokens if `secured`."""
    async with await Client.load() as client, namespace(client, "fleet", RESTRICTED) as place:
        home = place.home
        controller = f"{home}.gatehouse.dev/controller"
        node = await _node_address(client)
        await _prepare(place, controller)
        plane = ControlPlane(TranslatorSettings(controller_name=controller))
        accounts, serving = Accounts(), ServingCertificate()
        plane.watch(lambda commit: accounts.want(commit.infrastructures))
        if secured:
            host = f"xds.{home}.svc"
            await AuthorityKeeper(client, Key(home, "authority"), [host], serving).start()
            xds = Server(plane.snapshots, plane.hear, admission=FleetAdmission(TokenReviews(client), accounts))
            await _name(client, home, node, xds.bind(f"{node}:0", serving.credentials()))
            settings = Settings(controller, host, XDS_PORT, IMAGE, ca=serving.bundle, audience=AUDIENCE)
        else:
            xds = Server(plane.snapshots, plane.hear)
            settings = Settings(controller, node, xds.bind(f"{node}:0"), IMAGE)
        source = KubeSource(client, scope=Named((home,)))
        fleet = Fleet(client, settings, lambda news: _place(plane, news), namespaces=(home,))
        plane.watch(lambda commit: fleet.want(commit.infrastructures))

        async def follow() -> None:
            async for batch in source:
                plane.change(batch)

        async with asyncio.TaskGroup() as group, clients() as http:
            await xds.start()
            tasks = [group.create_task(it) for it in (source.run(), follow(), fleet.observe())]
            leading = group.create_task(fleet.run())
            cluster = Cluster(client, home, plane, http)

            async def restart() -> None:
                nonlocal leading
                leading.cancel()
                leading = group.create_task(fleet.run())

            cluster.restart = restart
            cluster.trust, cluster.bundle = fleet.trust, serving.bundle
            try:
                yield cluster
            finally:
                await place.delete("GatewayClass", home)
                await place.delete("Namespace", home)
                for task in (*tasks, leading):
                    task.cancel()
                await xds.stop()


def _place(plane: ControlPlane, news: Any) -> None:
    plane.change((), news)


async def _name(client: Client, home: str, address: str, port: int) -> None:
    """Give the xDS server a Service."""
    meta = {"name": "xds", "namespace": home}
    ports = [{"name": "xds", "port": XDS_PORT, "targetPort": port}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports}}
    await client.apply(path_of("v1", "services", home, "xds"), service, manager=MANAGER)
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**meta, "labels": {"kubernetes.io/service-name": "xds"}},
        "addressType": "IPv4",
        "ports": [{"name": "xds", "port": port}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
    await client.apply(path_of("discovery.k8s.io/v1", "endpointslices", home, "xds"), endpoints, manager=MANAGER)


async def _node_address(client: Client) -> str:
    """The address of the node that this runs on, where pods can reach it."""
    for node in json.loads(await client.get("/api/v1/nodes"))["items"]:
        for it in node["status"]["addresses"]:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind((it["address"], 0))
                return str(it["address"])
    raise AssertionError("these tests have to run on a node")


async def _prepare(place: Namespace, controller: str) -> None:
    crd = yaml.safe_load(CRD.read_text())
    name = crd["metadata"]["name"]
    await place.client.apply(place.path("CustomResourceDefinition", name), crd, manager=MANAGER)

    async def established() -> bool:
        found = await place.get("CustomResourceDefinition", name)
        return found is not None and is_true("Established", found.get("status", {}))

    await until(established, "the definition of EnvoyParameters")
    await place.apply("GatewayClass", place.home, {"controllerName": controller})


def key(cluster: Cluster, name: str) -> Key:
    """The key of a Gateway."""
    return Key(cluster.home, name)
