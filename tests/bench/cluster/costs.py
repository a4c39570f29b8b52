"""What control plane and Envoys cost, asked of what every cluster has: their metrics and those of the kubelet.

All of it goes through the kube-apiserver, so it works wherever the kubeconfig does.
"""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from tests.cluster.namespace import Namespace, is_true, until
from xds_server.kube.client import Client, KubeError
from xds_server.kube.paths import path_of

SYSTEM = os.environ.get("NAMESPACE", "gatehouse-system")
CONTROL_PLANE = "app.kubernetes.io/component=control-plane"
METRICS_PORT, ENVOY_PORT = 18002, 19001
MEBIBYTE = 2**20
SAMPLE_SECONDS = 2.0
"""Between two looks at its memory, each of which costs it some 4 ms of CPU."""
PATIENCE = 180.0

Document = dict[str, Any]


class Metrics(NamedTuple):
    """What a process says of itself."""

    text: str

    def total(self, name: str, labels: str = "") -> float:
        """The sum over all samples of a name, those that have these labels (`type="route"`); 0 if there are none."""
        found = re.findall(rf"^{name}({{.*}})? (\S+)$", self.text, re.MULTILINE)
        return sum(float(value) for labelled, value in found if labels in labelled)


class Usage(NamedTuple):
    """What a container has used, as its kubelet tells: it reads the cgroup when it is asked."""

    at: float
    """When that was, in seconds of the epoch by the node's clock."""
    cpu_seconds: float
    memory: float
    """Its working set in MiB."""
    began: float
    """When the container was made, in seconds of the epoch."""


class ControlPlane:
    """The one replica of an installation."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.peak = 0.0
        """The greatest resident memory in MiB that was seen."""

    async def pod(self) -> Document:
        """Wait until there is one pod, and that is ready."""

        async def ready() -> Document | None:
            pods = await self.pods()
            return pods[0] if len(pods) == 1 and is_true("Ready", pods[0]["status"]) else None

        found: Document = await until(ready, "a control plane of one replica", PATIENCE)
        return found

    async def pods(self) -> list[Document]:
        """All of its pods, those that end too."""
        answer = await self._client.get(path_of("v1", "pods", SYSTEM), {"labelSelector": CONTROL_PLANE})
        found: list[Document] = json.loads(answer)["items"]
        return found

    async def usage(self) -> Usage:
        """What its container has used."""
        return await usage(self._client, await self.pod(), "gatehouse")

    async def metrics(self) -> Metrics:
        """What it counts now."""
        name = (await self.pod())["metadata"]["name"]
        return await scraped(self._client, SYSTEM, name, METRICS_PORT, "metrics")

    async def said(self, event: str) -> float:
        """When it logged an event for the first time, in seconds of the epoch."""
        name = (await self.pod())["metadata"]["name"]
        log = await self._client.get(path_of("v1", "pods", SYSTEM, name, "log"))
        lines = (json.loads(line) for line in log.splitlines() if line.startswith(b"{"))
        return next(datetime.fromisoformat(it["time"]).timestamp() for it in lines if it.get("event") == event)

    async def restart(self) -> None:
        """Delete its pod; another is made at once."""
        name = (await self.pod())["metadata"]["name"]
        await self._client.delete(path_of("v1", "pods", SYSTEM, name))

        async def another() -> bool:
            names = [pod["metadata"]["name"] for pod in await self.pods()]
            return len(names) == 1 and name not in names

        await until(another, "the old control plane to end", PATIENCE)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at its memory for as long as the block lasts."""
        self.peak = 0.0
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._look())
            yield
            task.cancel()

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(KubeError):  # it may be starting
                self.peak = max(self.peak, resident(await self.metrics()))
            await asyncio.sleep(SAMPLE_SECONDS)


async def scraped(client: Client, namespace: str, pod: str, port: int, path: str) -> Metrics:
    """Ask a pod for its metrics."""
    answer = await client.get(f"{path_of('v1', 'pods', namespace, f'{pod}:{port}')}/proxy/{path}")
    return Metrics(answer.decode())


def resident(metrics: Metrics) -> float:
    """The resident memory of a process in MiB, mapped libraries too."""
    return metrics.total("process_resident_memory_bytes") / MEBIBYTE


async def usage(client: Client, pod: Document, container: str) -> Usage:
    """Ask a pod's kubelet what a container has used."""
    node, name = pod["spec"]["nodeName"], pod["metadata"]["name"]
    path = f"{path_of('v1', 'nodes', name=node)}/proxy/metrics/resource"
    text = (await client.get(path)).decode()

    def sample(family: str) -> tuple[float, float]:
        found = re.search(rf'^{family}{{container="{container}".*pod="{name}"}} (\S+) ?(\d*)', text, re.MULTILINE)
        return (float(found[1]), float(found[2] or 0) / 1000) if found else (0.0, 0.0)

    cpu, at = sample("container_cpu_usage_seconds_total")
    memory, _ = sample("container_memory_working_set_bytes")
    began, _ = sample("container_start_time_seconds")
    return Usage(at, cpu, memory / MEBIBYTE, began)


async def envoys(place: Namespace, gateway: str) -> Usage:
    """What the Envoys of a Gateway have used; their memory is the greatest of theirs."""
    used = [await usage(place.client, pod, "envoy") for pod in await place.pods(gateway)]
    each = Usage(*map(max, zip(*used, strict=True)))
    return each._replace(cpu_seconds=sum(it.cpu_seconds for it in used))
