"""Watches of a real kube-apiserver, in namespaces and with a definition of their own."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.kube.loopback import kubeconfig
from translator.api.core import Secret, Service, ServicePort, ServiceSpec
from translator.api.kinds import KINDS, Kind, Object
from translator.api.meta import Meta
from translator.value import Key, Ref
from xds_server.files import Change, Delete, Put
from xds_server.kube.client import ApiError, Client
from xds_server.kube.decoding import of_kind
from xds_server.kube.paths import path_of
from xds_server.kube.reflection import Kept, Reflection
from xds_server.kube.reflector import Collection, Reflector, Timing
from xds_server.kube.scope import Labelled, Named, Scope
from xds_server.kube.watch import Batch, KubeSource, Place

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

LIMIT = 60.0
MANAGER = "watch-test"
GROUP = "watch-test.gatehouse.dev"
CRD = path_of("apiextensions.k8s.io/v1", "customresourcedefinitions", name=f"widgets.{GROUP}")
WIDGET = Kind(name="Widget", group=GROUP, versions=("v1", "v1beta1"), plural="widgets", struct=Service)
QUICK = Timing(page=2, discovery=0.5, patience=2.0)


@pytest.fixture
async def widgets(client: Client) -> AsyncIterator[None]:
    """A cluster that knows no widgets, before the test and after it."""
    await forget_widgets(client)
    yield
    await forget_widgets(client)


async def forget_widgets(client: Client) -> None:
    async with asyncio.timeout(LIMIT):
        with suppress(ApiError):
            await client.delete(CRD)
            while True:
                await client.get(CRD)
                await asyncio.sleep(0.2)


async def define_widgets(client: Client, *versions: str) -> None:
    """Install the definition; the last of the versions is the one in which widgets are stored."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = [
        {"name": version, "served": True, "storage": version == versions[-1], "schema": {"openAPIV3Schema": schema}}
        for version in versions
    ]
    document = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": served,
        },
    }
    await client.apply(CRD, document, manager=MANAGER)


async def write_widget(client: Client, home: str, name: str, version: str = "v1") -> None:
    """Write a widget as soon as the definition is established."""
    document = {"apiVersion": f"{GROUP}/{version}", "kind": "Widget", "metadata": {"name": name, "namespace": home}}
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                await client.apply(path_of(f"{GROUP}/{version}", "widgets", home, name), document, manager=MANAGER)
                return
            except ApiError as error:
                if error.status not in (404, 503):
                    raise
                await asyncio.sleep(0.2)


async def write_service(client: Client, home: str, name: str, port: int = 80) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": home},
        "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": port}]},
    }
    path = path_of("v1", "services", home, name)
    await client.apply(path, document, manager=MANAGER)
    return path


async def write_secret(client: Client, home: str, name: str, value: bytes) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": home},
        "data": {"value": b64encode(value).decode()},
    }
    path = path_of("v1", "secrets", home, name)
    await client.apply(path, document, manager=MANAGER)
    return path


def service(home: str, name: str, created: str, port: int = 80) -> Service:
    ports = (ServicePort(name="http", port=port, target_port=port),)
    return Service(
        metadata=Meta(name=name, namespace=home, creation_timestamp=created),
        spec=ServiceSpec(ports=ports, cluster_ip="None", ip_families=("IPv4", "IPv6")),
    )


def namesakes(value: Object) -> Iterable[Ref]:
    """Let every Service refer to the Secret of its name."""
    if isinstance(value, Service):
        yield Ref("Secret", value.metadata.namespace, value.metadata.name)


@asynccontextmanager
async def following(client: Client, scope: Scope, *kinds: Kind) -> AsyncIterator[KubeSource]:
    """Follow some kinds for as long as the block lasts."""
    source = KubeSource(client, {kind.name: kind for kind in kinds}, scope=scope, references=namesakes, timing=QUICK)
    running = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(LIMIT):
            yield source
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def names(batch: Batch) -> list[str]:
    return sorted(f"{'+' if isinstance(change, Put) else '-'}{change.ref.kind} {change.ref.name}" for change in batch)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def heard(source: KubeSource, *wanted: str) -> Batch:
    """Take batches until they have brought this, and nothing else, in whatever portions."""
    brought: list[Change] = []
    while names(tuple(brought)) != sorted(wanted):
        brought += await anext(source)
        assert set(names(tuple(brought))) <= set(wanted)
    return tuple(brought)


async def test_the_world_and_what_becomes_of_it(client: Client, home: str) -> None:
    for name in ("cart", "tap", "till"):
        path = await write_service(client, home, name)
    created = json.loads(await client.get(path))["metadata"]["creationTimestamp"]
    async with following(client, Named((home,)), KINDS["Service"], KINDS["Namespace"]) as source:
        assert names(await anext(source)) == [f"+Namespace {home}", "+Service cart", "+Service tap", "+Service till"]
        await write_service(client, home, "till", port=90)
        assert await anext(source) == (Put(Ref("Service", home, "till"), service(home, "till", created, port=90)),)
        condition = {"type": "Seen", "status": "True", "reason": "Seen", "message": "", "lastTransitionTime": created}
        status = {"status": {"conditions": [condition]}}
        await client.patch(path_of("v1", "services", home, "till", "status"), status)
        await client.delete(path)
        assert await anext(source) == (Delete(Ref("Service", home, "till")),)
        assert source.health[Place("Service", home)].lists == 1


async def test_a_secret_is_read_while_somebody_refers_to_it(client: Client, home: str) -> None:
    secret = await write_secret(client, home, "cart", b"one")
    await write_secret(client, home, "unwanted", b"kept to themselves")
    async with following(client, Named((home,)), KINDS["Service"], KINDS["Secret"]) as source:
        assert await anext(source) == ()
        path = await write_service(client, home, "cart")
        batch = {change.ref.kind: change for change in await anext(source)}
        found = batch["Secret"]
        assert isinstance(found, Put)
        assert isinstance(found.value, Secret)
        assert found.value.data == {"value": b"one"}
        assert set(batch) == {"Service", "Secret"}
        await write_secret(client, home, "cart", b"two")
        (changed,) = await anext(source)
        assert isinstance(changed, Put)
        assert isinstance(changed.value, Secret)
        assert changed.value.data == {"value": b"two"}
        await client.delete(secret)
        assert names(await anext(source)) == ["-Secret cart"]
        await write_secret(client, home, "cart", b"three")
        assert names(await anext(source)) == ["+Secret cart"]
        await client.delete(path)
        assert names(await anext(source)) == ["-Secret cart", "-Service cart"]


@pytest.mark.usefixtures("widgets")
async def test_definitions_that_come_change_and_go(client: Client, home: str) -> None:
    async with following(client, Named((home,)), WIDGET, KINDS["Service"]) as source:
        assert await anext(source) == ()
        assert source.served == {"Service": "v1"}
        await define_widgets(client, "v1beta1")
        await write_widget(client, home, "one", "v1beta1")
        assert names(await anext(source)) == ["+Widget one"]
        assert source.served["Widget"] == f"{GROUP}/v1beta1"
        await define_widgets(client, "v1beta1", "v1")
        await write_widget(client, home, "two")
        assert names(await anext(source)) == ["+Widget two"]
        await until(lambda: source.served["Widget"] == f"{GROUP}/v1")
        await write_widget(client, home, "three")
        assert names(await anext(source)) == ["+Widget three"]
        await client.delete(CRD)
        await heard(source, "-Widget one", "-Widget two", "-Widget three")
        await until(lambda: "Widget" not in source.served)
        await write_service(client, home, "cart")
        assert names(await anext(source)) == ["+Service cart"]


@pytest.mark.usefixtures("widgets")
async def test_a_version_too_old_to_watch_from_lists_again_as_a_whole(client: Client, home: str) -> None:
    await define_widgets(client, "v1")
    for name in ("one", "two", "three"):
        await write_widget(client, home, name)
    told: list[Change] = []
    kept = Kept("Widget", told.append)
    kept.put(Key(home, "vanished"), Service(metadata=Meta(name="vanished", namespace=home)))
    told.clear()
    complaints: list[Key] = []
    reflection = Reflection(of_kind(WIDGET), kept, lambda key, _: complaints.append(key))
    reflection.version = "1"
    collection = Collection("Widget", path_of(WIDGET.api_version, "widgets", home))
    reflector = Reflector(client, collection, reflection, QUICK, lambda: None)
    running = asyncio.create_task(reflector.run())
    async with asyncio.timeout(LIMIT):
        await until(lambda: reflector.health.synced)
    running.cancel()
    assert names(tuple(told)) == ["+Widget one", "+Widget three", "+Widget two", "-Widget vanished"]
    assert (reflector.health.lists, reflector.health.errors) == (1, 1)


async def test_namespaces_come_and_go_with_their_labels(client: Client, home: str) -> None:
    await write_service(client, home, "cart")
    path = path_of("v1", "namespaces", name=home)
    await client.patch(path, {"metadata": {"labels": {"watch-test": home}}})
    async with following(client, Labelled(f"watch-test={home}"), KINDS["Namespace"], KINDS["Service"]) as source:
        assert names(await anext(source)) == [f"+Namespace {home}", "+Service cart"]
        await client.patch(path, {"metadata": {"labels": {"watch-test": "other"}}})
        await heard(source, f"-Namespace {home}", "-Service cart")
        await client.patch(path, {"metadata": {"labels": {"watch-test": home}}})
        await heard(source, f"+Namespace {home}", "+Service cart")


async def test_what_may_not_be_read_is_reported_and_the_rest_goes_on(client: Client, home: str, tmp_path: Path) -> None:
    """A ServiceAccount that may read Services, and only names the Secrets it may get."""
    await write_service(client, home, "cart")
    await write_secret(client, home, "cart", b"one")
    async with (
        await reader(client, home, tmp_path) as limited,
        following(limited, Named((home,)), KINDS["Service"], KINDS["Secret"], KINDS["EndpointSlice"]) as source,
    ):
        assert names(await anext(source)) == ["+Secret cart", "+Service cart"]
        for kind in ("Secret", "EndpointSlice"):
            assert "403 Forbidden" in source.health[Place(kind, home)].problem
        assert source.health[Place("Service", home)].problem == ""


async def reader(client: Client, home: str, folder: Path) -> Client:
    """Connect as a ServiceAccount with a Role for Services and a single Secret."""
    rbac = "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["cart"], "verbs": ["get"]},
    ]
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": home}
    documents: list[tuple[str, str, str, dict[str, Any]]] = [
        ("v1", "ServiceAccount", "serviceaccounts", {}),
        (f"{rbac}/v1", "Role", "roles", {"rules": rules}),
        (
            f"{rbac}/v1",
            "RoleBinding",
            "rolebindings",
            {"roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"}, "subjects": [subject]},
        ),
    ]
    for version, kind, plural, body in documents:
        document = {"apiVersion": version, "kind": kind, "metadata": {"name": "reader", "namespace": home}, **body}
        await client.apply(path_of(version, plural, home, "reader"), document, manager=MANAGER)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = await client.request("POST", path_of("v1", "serviceaccounts", home, "reader", "token"), asked)
    token = json.loads(answer)["status"]["token"]
    options = {"insecure-skip-tls-verify": True}
    return await Client.load(kubeconfig(folder, client.host, {"token": token}, **options))
