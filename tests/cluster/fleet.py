"""A control plane in the tests' own process, with a fleet in the cluster: its Envoys connect to this node."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from translator.pipeline import Settings as TranslatorSettings
from translator.status import GatewayStatus
from translator.value import Key, Ref
from xds_server.ads.service import Server
from xds_server.control_plane import ControlPlane
from xds_server.kube.client import ApiError, Client
from xds_server.kube.fleet import Fleet, Settings
from xds_server.kube.fleet.names import label_value
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

ROOT = Path(__file__).parents[2]
CRD = ROOT / "deploy" / "crds" / "gatehouse.dev_envoyparameters.yaml"
IMAGE = os.environ.get("IMAGE", "gatehouse:dev")
MANAGER = "fleet-test"
LIMIT = 90.0
XDS_PORT = 18000
QUICK = {"shutdown": {"minSeconds": 1, "maxSeconds": 20}}
"""So that nobody has to wait for the pods to end."""

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
"""The strictest Pod Security Standard."""

PLURALS = {
    "Gateway": ("gateway.networking.k8s.io/v1", "gateways"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
    "EnvoyParameters": ("gatehouse.dev/v1alpha1", "envoyparameters"),
    "Deployment": ("apps/v1", "deployments"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "Service": ("v1", "services"),
    "ConfigMap": ("v1", "configmaps"),
    "ServiceAccount": ("v1", "serviceaccounts"),
    "Pod": ("v1", "pods"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers"),
    "ResourceQuota": ("v1", "resourcequotas"),
}
MADE = ("Deployment", "DaemonSet", "Service", "ConfigMap", "ServiceAccount", "PodDisruptionBudget")

Document = dict[str, Any]


async def until(condition: Callable[[], Awaitable[Any]], what: str, limit: float = LIMIT) -> Any:
    """Ask until the answer is something, and return it; fail, naming what was waited for, at the limit."""
    deadline = time.monotonic() + limit
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {limit:.0f} s in vain for {what}"
        await asyncio.sleep(0.1)


class Cluster:
    """A namespace of its own, a class of its own, and who serves it."""

    def __init__(self, client: Client, home: str, plane: ControlPlane, http: aiohttp.ClientSession) -> None:
        self.client = client
        self.home = home
        self.plane = plane
        self.http = http
        self.restart: Callable[[], Awaitable[None]] = _nothing
        self.trust: Callable[[str], None]
        self.bundle = ""

    def path(self, kind: str, name: str = "") -> str:
        api_version, plural = PLURALS[kind]
        return path_of(api_version, plural, self.home, name)

    async def apply(self, kind: str, name: str, spec: Document, manager: str = MANAGER, **metadata: Any) -> None:
        document = {
            "apiVersion": PLURALS[kind][0],
            "kind": kind,
            "metadata": {"name": name, "namespace": self.home, **metadata},
            "spec": spec,
        }
        await self.client.apply(self.path(kind, name), document, manager=manager)

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

    async def get(self, kind: str, name: str) -> Document | None:
        try:
            found: Document = json.loads(await self.client.get(self.path(kind, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found

    async def made(self, kind: str, gateway: str) -> list[Document]:
        selector = {"labelSelector": f"gateway.networking.k8s.io/gateway-name={label_value(gateway)}"}
        found: list[Document] = json.loads(await self.client.get(self.path(kind), selector))["items"]
        return found

    async def pods(self, gateway: str = "edge") -> list[Document]:
        """The pods that do not end."""
        return [it for it in await self.made("Pod", gateway) if "deletionTimestamp" not in it["metadata"]]

    async def is_ready(self, gateway: str = "edge") -> bool:
        """Say whether all pods of a Gateway are ready."""
        pods = await self.pods(gateway)
        return bool(pods) and all(
            {"type": "Ready", "status": "True"}.items() <= condition.items()
            for pod in pods
            for condition in pod["status"].get("conditions", ())
            if condition["type"] == "Ready"
        )

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

    async def asked(self, address: str, port: int = 80, http: aiohttp.ClientSession | None = None) -> int | str:
        """Send one request, over a connection of its own unless a session is given; return the status, or what went
        wrong.
        """
        timeout = aiohttp.ClientTimeout(total=5)
        try:
            async with (http or self.http).get(
                f"http://{address}:{port}/", allow_redirects=False, timeout=timeout
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"{type(error).__name__}: {error}"

    @asynccontextmanager
    async def load(self, address: str) -> AsyncIterator[list[int | str]]:
        """Send requests for as long as the block lasts, over new and over lasting connections; give the answers.

        Some 150 a second: a client that has used all of its ports within two minutes is led to pods that are gone,
        for the node still knows where a port led to before.
        """
        answers: list[int | str] = []
        over = asyncio.Event()

        async def ask(http: aiohttp.ClientSession) -> None:
            while not over.is_set():
                answers.append(await self.asked(address, http=http))
                await asyncio.sleep(0.02)

        async with aiohttp.ClientSession() as lasting, asyncio.TaskGroup() as group:
            for http in (self.http, self.http, lasting, lasting):
                group.create_task(ask(http))
            try:
                yield answers
            finally:
                over.set()

    async def serves(self, gateway: str = "edge", port: int = 80) -> str:
        """Wait until a Gateway answers at its address, and return that."""
        address = await self.address(gateway)

        async def answers() -> bool:
            return await self.asked(address, port) == 302

        await until(answers, f"{gateway} to answer at {address}:{port}")
        return address


async def _nothing() -> None:
    pass


@asynccontextmanager
async def fleet(*, secured: bool = False) -> AsyncIterator[Cluster]:
    """Serve a namespace and a class of its own for as long as the block lasts, with TLS and tokens if `secured`."""
    home = f"fleet-{secrets.token_hex(3)}"
    controller = f"{home}.gatehouse.dev/controller"
    async with await Client.load() as client:
        node = await _node_address(client)
        await _prepare(client, home, controller)
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

        connector = aiohttp.TCPConnector(force_close=True)
        async with asyncio.TaskGroup() as group, aiohttp.ClientSession(connector=connector) as http:
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
                await _clean(client, home)
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


async def _prepare(client: Client, home: str, controller: str) -> None:
    crd = yaml.safe_load(CRD.read_text())
    path = path_of("apiextensions.k8s.io/v1", "customresourcedefinitions", name=crd["metadata"]["name"])
    await client.apply(path, crd, manager=MANAGER)

    async def established() -> bool:
        conditions = json.loads(await client.get(path)).get("status", {}).get("conditions", ())
        return any(it["type"] == "Established" and it["status"] == "True" for it in conditions)

    await until(established, "the definition of EnvoyParameters")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home, "labels": RESTRICTED}}
    await client.apply(path_of("v1", "namespaces", name=home), namespace, manager=MANAGER)
    gateway_class = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": home},
        "spec": {"controllerName": controller},
    }
    await client.apply(_class_path(home), gateway_class, manager=MANAGER)


async def _clean(client: Client, home: str) -> None:
    for path in (_class_path(home), path_of("v1", "namespaces", name=home)):
        with contextlib.suppress(ApiError):
            await client.delete(path)


def _class_path(home: str) -> str:
    return path_of("gateway.networking.k8s.io/v1", "gatewayclasses", name=home)


def key(cluster: Cluster, name: str) -> Key:
    """The key of a Gateway."""
    return Key(cluster.home, name)
