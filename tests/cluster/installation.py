"""The chart, installed under a name of its own beside whatever else is installed, and Gateways that it serves."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.commands import CHART, helm
from tests.cluster.namespace import IMAGE, Document, Namespace, condition, is_true, namespace, until
from tests.cluster.traffic import TURN_HEADER, Answer, asked, clients
from xds_server.kube.client import Client

HTTP_PORT = 18002
"""Of probes and metrics."""
BACKEND_SECONDS = 20
QUICK = {"shutdown": {"minSeconds": 1, "maxSeconds": 20}}
"""So that nobody has to wait for Envoys to end."""
LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


class Installation(Namespace):
    """Everything of an installation has one name: release, namespace, GatewayClass."""

    def __init__(self, client: Client, home: str, http: aiohttp.ClientSession) -> None:
        super().__init__(client, home)
        self.http = http

    # ---- the control plane ----------------------------------------------------------------------------------------

    async def replicas(self) -> list[Document]:
        """The control plane's pods that are ready and do not end."""
        pods = await self.all("Pod", labelSelector="app.kubernetes.io/component=control-plane")
        return [it for it in pods if "deletionTimestamp" not in it["metadata"] and is_true("Ready", it["status"])]

    async def complete(self, count: int) -> list[Document]:
        """Wait for so many replicas."""

        async def all_there() -> list[Document] | None:
            found = await self.replicas()
            return found if len(found) == count else None

        pods: list[Document] = await until(all_there, f"{count} replicas")
        return pods

    async def leader(self) -> str:
        """The pod that holds the Lease; empty if none does."""
        lease = await self.get("Lease", f"{self.home}-leader")
        return "" if lease is None else str(lease["spec"].get("holderIdentity", ""))

    async def metric(self, pod: Document, name: str, **labels: str) -> float:
        """What a replica counts; 0 if it does not answer."""
        address = f"http://{pod['status']['podIP']}:{HTTP_PORT}/metrics"
        try:
            async with self.http.get(address, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0.0
        families = text_string_to_metric_families(text)
        samples = [it for family in families for it in family.samples if it.name == name]
        return sum(it.value for it in samples if labels.items() <= it.labels.items())

    # ---- what it serves -------------------------------------------------------------------------------------------

    async def backends(self, name: str, replicas: int = 1) -> None:
        """Run echo backends behind a Service."""
        labels = {"app": name}
        container = {
            "name": "echo",
            "image": IMAGE,
            "imagePullPolicy": "IfNotPresent",
            "command": ["gatehouse", "echo", "--port", "8080"],
            "env": [{"name": "SERVICE_NAME", "value": name}],
            "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 1},
            "securityContext": LOCKED_DOWN,
        }
        spec = {
            "terminationGracePeriodSeconds": BACKEND_SECONDS,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        await self.apply("Service", name, {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]})
        await self.apply(
            "Deployment", name, {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        )

    async def gateway(self, name: str, *ports: int, parameters: Document | None = None) -> None:
        """Apply a Gateway with a listener for each port and parameters of its own."""
        await self.apply("EnvoyParameters", name[:200], parameters or QUICK)
        reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": name[:200]}
        listeners = [{"name": f"http-{port}", "port": port, "protocol": "HTTP"} for port in ports or (80,)]
        spec = {
            "gatewayClassName": self.home,
            "listeners": listeners,
            "infrastructure": {"parametersRef": reference},
        }
        await self.apply("Gateway", name, spec)

    async def route(self, gateway: str, *backends: str | tuple[str, int], turn: int = 0, name: str = "shop") -> None:
        """Apply a route to backends, each with its weight; the answers carry the turn."""
        weighted = [it if isinstance(it, tuple) else (it, 1) for it in backends]
        header = {"set": [{"name": TURN_HEADER, "value": str(turn)}]}
        rule = {
            "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": header}],
            "backendRefs": [{"name": backend, "port": 80, "weight": weight} for backend, weight in weighted],
        }
        await self.apply("HTTPRoute", name, {"parentRefs": [{"name": gateway}], "rules": [rule]})

    async def programmed(self, gateway: str) -> str:
        """Wait until a Gateway is Programmed as it is now, and return its address."""

        async def told() -> str:
            found = await self.get("Gateway", gateway)
            assert found is not None
            status = found.get("status", {})
            addresses = status.get("addresses")
            done = addresses and is_true("Programmed", status, found["metadata"]["generation"])
            return addresses[0]["value"] if done else ""

        address: str = await until(told, f"{gateway} to be programmed")
        return address

    async def accepted(self, route: str = "shop") -> None:
        """Wait until a route has the status of its newest generation."""

        async def told() -> bool:
            found = await self.get("HTTPRoute", route)
            assert found is not None
            parents = found.get("status", {}).get("parents", ())
            return any(is_true("Accepted", it, found["metadata"]["generation"]) for it in parents)

        await until(told, f"the status of {route}")

    async def answers(self, address: str, port: int = 80, **expected: str) -> Answer:
        """Wait for an answer of 200, from a backend or with a turn if that is expected."""

        async def good() -> Answer | None:
            answer = await asked(self.http, address, port)
            return answer if answer.outcome == 200 and expected.items() <= answer._asdict().items() else None

        answer: Answer = await until(good, f"an answer of {address}:{port} {expected}")
        return answer

    async def words(self, gateway: str) -> str:
        """What the condition Programmed says, if it is False."""
        found = await self.get("Gateway", gateway)
        told = condition("Programmed", (found or {}).get("status", {}))
        return str(told["message"]) if told.get("status") == "False" else ""


@asynccontextmanager
async def installed(purpose: str, **values: Any) -> AsyncIterator[Installation]:
    """Install the chart for as long as the block lasts."""
    async with await Client.load() as client, namespace(client, f"gatehouse-{purpose}") as place, clients() as http:
        installation = Installation(client, place.home, http)
        await upgraded(installation, **values)
        try:
            yield installation
        finally:
            await asyncio.to_thread(helm, "uninstall", place.home, f"--namespace={place.home}", "--ignore-not-found")


async def upgraded(installation: Installation, **values: Any) -> None:
    """Install the chart, or give it other values, and wait until it is ready."""
    home = installation.home
    repository, _, tag = IMAGE.rpartition(":")
    chosen: Document = {
        "image": {"repository": repository, "tag": tag},
        "controllerName": f"{home}.gatehouse.dev/controller",
        "gatewayClass": {"name": home},
        "personas": {"create": False},
    }
    for name, value in values.items():
        chosen[name] = {**chosen.get(name, {}), **value} if isinstance(value, dict) else value
    options = [f"--set-json={name}={json.dumps(it)}" for name, it in chosen.items()]
    await asyncio.to_thread(
        helm, "upgrade", "--install", home, str(CHART), f"--namespace={home}", "--wait", "--timeout=110s", *options
    )


def kill(pod: Document) -> bool:
    """End the processes of a pod's containers with SIGKILL, if they run on this machine; say whether they do."""
    containers = {it["containerID"].rpartition("/")[2] for it in pod["status"]["containerStatuses"]}
    killed = [process for process in _processes() if any(it in _text(process / "cgroup") for it in containers)]
    for process in killed:
        os.kill(int(process.name), signal.SIGKILL)
    return bool(killed)


def _processes() -> list[Path]:
    return [it for it in Path("/proc").iterdir() if it.name.isdecimal()]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
