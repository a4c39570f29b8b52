"""The Gateway API's definitions are installed while the control plane runs already."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from tests.cluster.commands import as_list, got, kubectl
from tests.cluster.installation import installed
from tests.cluster.namespace import Document

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

GROUPS = {"gateway.networking.k8s.io", "gateway.networking.x-k8s.io"}


async def test_definitions_that_come_late_are_noticed() -> None:
    async with without_definitions() as definitions, installed("late", gatewayClass={"create": False}) as late:
        await apply(definitions)
        await late.apply("GatewayClass", late.home, {"controllerName": f"{late.home}.gatehouse.dev/controller"})
        await late.backends("shop")
        await late.gateway("edge")
        await late.route("edge", "shop")
        await late.answers(await late.programmed("edge"))
        await late.delete("GatewayClass", late.home)


@asynccontextmanager
async def without_definitions() -> AsyncIterator[list[Document]]:
    """Take the definitions away, and bring them back with the classes that there were."""
    definitions = [plain(it) for it in got("customresourcedefinitions") if it["spec"]["group"] in GROUPS]
    classes = [plain(it) for it in got("gatewayclasses")]
    names = [it["metadata"]["name"] for it in definitions]
    assert names
    try:
        await asyncio.to_thread(kubectl, "delete", "customresourcedefinitions", "--wait", *names)
        yield definitions
    finally:
        await apply(definitions)
        await apply(classes)


async def apply(documents: Iterable[Document]) -> None:
    """Apply objects, and wait until definitions among them are served."""
    documents = list(documents)
    given = as_list(documents)
    await asyncio.to_thread(kubectl, "apply", "--server-side", "--force-conflicts", "--filename=-", given=given)
    names = [f"crd/{it['metadata']['name']}" for it in documents if it["kind"] == "CustomResourceDefinition"]
    if names:
        await asyncio.to_thread(kubectl, "wait", "--for=condition=Established", "--timeout=60s", *names)


def plain(document: Document) -> Document:
    """An object as it may be applied anew."""
    metadata = {name: document["metadata"].get(name) for name in ("name", "labels", "annotations")}
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": {name: it for name, it in metadata.items() if it},
        "spec": document["spec"],
    }
