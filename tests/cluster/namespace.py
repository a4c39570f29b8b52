"""A namespace of a test's own: its objects are applied and read at the kube-apiserver itself."""

import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from xds_server.kube.client import MERGE_PATCH, ApiError, Client
from xds_server.kube.fleet.names import label_value
from xds_server.kube.paths import path_of

IMAGE = os.environ.get("IMAGE", "gatehouse:dev")
MANAGER = "cluster-test"
LIMIT = 90.0

PLURALS = {
    "Gateway": ("gateway.networking.k8s.io/v1", "gateways"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
    "EnvoyParameters": ("gatehouse.dev/v1alpha1", "envoyparameters"),
    "Deployment": ("apps/v1", "deployments"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "Service": ("v1", "services"),
    "ConfigMap": ("v1", "configmaps"),
    "Secret": ("v1", "secrets"),
    "ServiceAccount": ("v1", "serviceaccounts"),
    "Pod": ("v1", "pods"),
    "Event": ("events.k8s.io/v1", "events"),
    "EndpointSlice": ("discovery.k8s.io/v1", "endpointslices"),
    "Ingress": ("networking.k8s.io/v1", "ingresses"),
    "Lease": ("coordination.k8s.io/v1", "leases"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers"),
    "ResourceQuota": ("v1", "resourcequotas"),
}
CLUSTER_WIDE = {
    "GatewayClass": ("gateway.networking.k8s.io/v1", "gatewayclasses"),
    "IngressClass": ("networking.k8s.io/v1", "ingressclasses"),
    "Namespace": ("v1", "namespaces"),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "customresourcedefinitions"),
}
MADE = ("Deployment", "DaemonSet", "Service", "ConfigMap", "ServiceAccount", "PodDisruptionBudget")
"""Kinds of which objects are made for Gateways."""

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


class Namespace:
    """A namespace, `home`, and what is in it."""

    def __init__(self, client: Client, home: str) -> None:
        self.client = client
        self.home = home

    def path(self, kind: str, name: str = "") -> str:
        """The path of an object, or of all objects of a kind."""
        if kind in CLUSTER_WIDE:
            return path_of(*CLUSTER_WIDE[kind], name=name)
        api_version, plural = PLURALS[kind]
        return path_of(api_version, plural, self.home, name)

    async def apply(self, kind: str, name: str, spec: Document, manager: str = MANAGER, **metadata: Any) -> None:
        """Apply an object by its spec."""
        namespace = {} if kind in CLUSTER_WIDE else {"namespace": self.home}
        document = {
            "apiVersion": {**PLURALS, **CLUSTER_WIDE}[kind][0],
            "kind": kind,
            "metadata": {"name": name, **namespace, **metadata},
            "spec": spec,
        }
        await self.client.apply(self.path(kind, name), document, manager=manager)

    async def patch(self, kind: str, name: str, document: Document) -> None:
        """Merge something into an object."""
        await self.client.patch(self.path(kind, name), document, MERGE_PATCH)

    async def get(self, kind: str, name: str) -> Document | None:
        """Read an object; None if there is none."""
        try:
            found: Document = json.loads(await self.client.get(self.path(kind, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found

    async def all(self, kind: str, **params: str) -> list[Document]:
        """Read the objects of a kind."""
        found: list[Document] = json.loads(await self.client.get(self.path(kind), params))["items"]
        return found

    async def delete(self, kind: str, name: str) -> None:
        """Delete an object, if it is there."""
        with contextlib.suppress(ApiError):
            await self.client.delete(self.path(kind, name))

    async def made(self, kind: str, gateway: str) -> list[Document]:
        """What there is of a kind for a Gateway's Envoys."""
        return await self.all(kind, labelSelector=f"gateway.networking.k8s.io/gateway-name={label_value(gateway)}")

    async def pods(self, gateway: str = "edge") -> list[Document]:
        """A Gateway's pods that do not end."""
        return [it for it in await self.made("Pod", gateway) if "deletionTimestamp" not in it["metadata"]]

    async def is_ready(self, gateway: str = "edge") -> bool:
        """Say whether all pods of a Gateway are ready."""
        pods = await self.pods(gateway)
        return bool(pods) and all(is_true("Ready", pod["status"]) for pod in pods)

    async def is_gone(self, gateway: str) -> bool:
        """Say whether nothing is left of what was made for a Gateway."""
        return not [it for kind in (*MADE, "Pod") for it in await self.made(kind, gateway)]


@asynccontextmanager
async def namespace(
    client: Client, purpose: str, labels: dict[str, str] | None = None, *, leaves: bool = False
) -> AsyncIterator[Namespace]:
    """Make a namespace that goes with the block, unless it `leaves` it there; nobody waits for the end of it."""
    made = Namespace(client, f"{purpose}-{secrets.token_hex(3)}")
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.home, "labels": labels or {}}}
    await client.apply(made.path("Namespace", made.home), document, manager=MANAGER)
    try:
        yield made
    finally:
        if not leaves:
            await made.delete("Namespace", made.home)


def condition(type_: str, holder: Document) -> Document:
    """A condition of a status; empty if it is not there."""
    return next((it for it in holder.get("conditions", ()) if it["type"] == type_), {})


def is_true(type_: str, holder: Document, generation: int = 0) -> bool:
    """Say whether a condition of a status is True, for at least this generation."""
    found = condition(type_, holder)
    return found.get("status") == "True" and found.get("observedGeneration", 0) >= generation
