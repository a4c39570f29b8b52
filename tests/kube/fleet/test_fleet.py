"""What the fleet asks of a kube-apiserver, and what it makes of answers that a good one seldom gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kube.loopback import LIMIT, Answer, Loopback, Stream, connected
from translator.ir import Held, Infrastructure, Placement
from translator.pipeline import InfrastructureChange
from translator.value import Key
from xds_server.kube.fleet import Fleet, Settings
from xds_server.kube.fleet.objects import KINDS

pytestmark = pytest.mark.anyio

EDGE = Key("shop", "edge")
SETTINGS = Settings("gatehouse.dev/gateway-controller", "gatehouse", 18000, "gatehouse:dev")
WANTED = InfrastructureChange(EDGE, Infrastructure(uid="1", class_name="gatehouse", ports=((80, "TCP"),)))
COLLECTIONS = {
    kind.name: f"/{'api' if '/' not in kind.api_version else 'apis'}/{kind.api_version}/{{}}{kind.plural}"
    for kind in KINDS.values()
}
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/edge"


def path(kind: str) -> str:
    return COLLECTIONS[kind].format("namespaces/shop/") + "/edge-gatehouse"


def made(name: str = "edge-gatehouse", class_name: str = "gatehouse", **body: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"{name}-uid",
        "resourceVersion": "5",
        "annotations": {"gatehouse.dev/gateway-name": "edge", "gatehouse.dev/gateway-class-name": class_name},
        "managedFields": [{"manager": "gatehouse", "operation": "Apply", "fieldsV1": {"f:spec": {}}}],
    }
    return {"metadata": metadata, **body}


class Told:
    """Placements as they were told."""

    def __init__(self) -> None:
        self.placements: dict[Key, Placement | None] = {}
        self._news = asyncio.Event()

    def place(self, placements: Mapping[Key, Placement | None]) -> None:
        self.placements.update(placements)
        self._news.set()

    async def until(self, condition: Callable[[Placement | None], bool]) -> Placement | None:
        async with asyncio.timeout(LIMIT):
            while not condition(self.placements.get(EDGE)):
                self._news.clear()
                await self._news.wait()
        return self.placements.get(EDGE)


@asynccontextmanager
async def leading(
    folder: Path, there: Mapping[str, dict[str, Any]] = {}, answers: Mapping[str, tuple[Answer, ...]] = {}
) -> AsyncIterator[tuple[Loopback, Fleet, Told]]:
    """A fleet that leads, given what is there and what its requests are answered."""
    async with connected(folder) as (server, client):
        for kind, collection in COLLECTIONS.items():
            items = [there[kind]] if kind in there else []
            server.play(collection.format(""), Answer({"metadata": {"resourceVersion": "9"}, "items": items}))
            server.play(f"watch {collection.format('')}", Stream(()))
        for where, pieces in answers.items():
            server.play(where, *pieces)
        told = Told()
        fleet = Fleet(client, SETTINGS, told.place)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fleet.observe()), group.create_task(fleet.run())]
            try:
                yield server, fleet, told
            finally:
                for task in tasks:
                    task.cancel()


def applied(document: dict[str, Any] | None = None) -> tuple[Answer, ...]:
    """Nothing is there, and then it is applied."""
    return Answer({"code": 404, "reason": "NotFound"}, 404), Answer(document or made())


NEEDED = ("ServiceAccount", "ConfigMap", "Service", "Deployment")


async def test_what_a_gateway_needs_is_applied_as_ours(tmp_path: Path) -> None:
    answers = {path(kind): applied() for kind in NEEDED}
    async with leading(tmp_path, answers=answers) as (server, fleet, _):
        fleet.want([WANTED])
        for kind in NEEDED:
            look, apply = await server.heard(path(kind), 2)
            assert (look.method, apply.method) == ("GET", "PATCH")
            assert apply.query == {"fieldManager": "gatehouse", "force": "true"}
            assert json.loads(apply.body)["kind"] == kind


async def test_a_field_that_somebody_takes_is_taken_back(tmp_path: Path) -> None:
    answers = {path(kind): applied() for kind in NEEDED}
    async with leading(tmp_path, answers=answers) as (server, fleet, _):
        fleet.want([WANTED])
        await server.heard(path("Deployment"), 2)
        taken = made()
        taken["metadata"] |= {"resourceVersion": "6", "managedFields": []}
        event = json.dumps({"type": "MODIFIED", "object": taken}).encode() + b"\n"
        await server.send(f"watch {COLLECTIONS['ConfigMap'].format('')}", event)
        await server.heard(path("ConfigMap"), 3)
        assert len(server.of(path("Service"))) == 2


async def test_one_object_that_is_refused_holds_up_no_other_and_is_told(tmp_path: Path) -> None:
    refused = Answer({"code": 422, "reason": "Invalid", "message": "spec.ports: Too many"}, 422)
    answers = {path(kind): applied() for kind in NEEDED}
    answers[path("Service")] = (applied()[0], refused, *applied(made(spec={"clusterIPs": ["10.96.0.9"]})))
    async with leading(tmp_path, answers=answers) as (server, fleet, told):
        fleet.want([WANTED])
        found = await told.until(lambda it: it is not None and it.refusal is not None)
        assert found is not None
        assert found.refusal is not None
        assert (found.refusal.reason, found.refusal.message) == (
            "Invalid",
            "Service shop/edge-gatehouse cannot be applied: spec.ports: Too many",
        )
        await server.heard(path("Deployment"), 2)
        repaired = await told.until(lambda it: it is not None and it.refusal is None)
        assert repaired == Placement(
            addresses=(("IPAddress", "10.96.0.9"),), cluster=("10.96.0.9",), reserved=(19001, 19002)
        )


async def test_replicas_that_we_give_up_are_handed_over_before(tmp_path: Path) -> None:
    there = made(spec={"replicas": 3})
    there["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": {"f:replicas": {}}}
    answers = {path(kind): applied() for kind in NEEDED} | {path("Deployment"): (Answer(made()),)}
    async with leading(tmp_path, {"Deployment": there}, answers) as (server, fleet, _):
        fleet.want([WANTED])
        handover, apply = await server.heard(path("Deployment"), 2)
        assert handover.query["fieldManager"] == "gatehouse-handover"
        assert json.loads(handover.body)["spec"] == {"replicas": 3}
        assert "replicas" not in json.loads(apply.body)["spec"]


async def test_another_gateways_object_is_left_alone(tmp_path: Path) -> None:
    """`a-b` of class `c` and `a` of class `b-c` would have objects of one name."""
    other = made(class_name="house")
    other["metadata"]["annotations"]["gatehouse.dev/gateway-name"] = "edge-gate"
    answers = {path(kind): applied() for kind in NEEDED}
    async with leading(tmp_path, {"Service": other}, answers) as (server, fleet, told):
        fleet.want([WANTED])
        found = await told.until(lambda it: it is not None and it.refusal is not None)
        assert found is not None
        assert found.refusal is not None
        assert "is not the Gateway's" in found.refusal.message
        assert server.of(path("Service")) == []


async def test_what_was_made_before_for_a_gateway_of_ours_goes_when_it_is_not_needed(tmp_path: Path) -> None:
    old = COLLECTIONS["DaemonSet"].format("namespaces/shop/") + "/edge-gatehouse"
    answers = {path(kind): applied() for kind in NEEDED} | {old: (Answer({}),)}
    async with leading(tmp_path, {"DaemonSet": made()}, answers) as (server, fleet, _):
        fleet.want([WANTED])
        (deleted,) = await server.heard(old)
        assert deleted.method == "DELETE"
        assert json.loads(deleted.body) == {"preconditions": {"uid": "edge-gatehouse-uid"}}


@pytest.mark.parametrize(
    ("gateway", "goes"),
    [
        (Answer({"code": 404}, 404), False),
        (Answer({"metadata": {"name": "edge"}, "spec": {"gatewayClassName": "gatehouse"}}), False),
        (Answer({"metadata": {"name": "edge"}, "spec": {"gatewayClassName": "other"}}), True),
    ],
)
async def test_what_nobody_wants_goes_only_if_its_gateway_has_gone_over(
    tmp_path: Path, gateway: Answer, goes: bool
) -> None:
    """With a Gateway that is gone it goes by itself; while a class is missing, or not yet read, it stays."""
    answers = {GATEWAY: (gateway,), path("Service"): (Answer({}),)}
    async with leading(tmp_path, {"Service": made()}, answers) as (server, fleet, _):
        await server.heard(GATEWAY)
        fleet.want([InfrastructureChange(EDGE, None)])
        if goes:
            (deleted,) = await server.heard(path("Service"))
            assert deleted.method == "DELETE"
        else:
            await server.heard(GATEWAY, 2)
            assert server.of(path("Service")) == []


async def test_a_gateway_that_is_left_alone_is_told_of_another_authority(tmp_path: Path) -> None:
    """Its Envoys run on, and have to trust the control plane."""
    where = path("ConfigMap")
    async with leading(tmp_path, {"ConfigMap": made()}, {where: (Answer(made()),)}) as (server, fleet, _):
        fleet.want([InfrastructureChange(EDGE, Held("gatehouse"))])
        for bundle in ("one", "two"):
            fleet.trust(bundle)
            *_, patch = await server.heard(where, 1 if bundle == "one" else 2)
            assert (patch.method, patch.headers["Content-Type"]) == ("PATCH", "application/merge-patch+json")
            assert json.loads(patch.body) == {"data": {"ca.crt": bundle}}
