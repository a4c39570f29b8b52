"""What the status writer makes of it all: right in the end, nobody else's words touched, and few writes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kube.apiserver import ApiServer, serving
from tests.kube.statuses import THEM, US, Writing, gateway, owners, route
from translator.value import Ref
from xds_server.kube.agenda import Pace
from xds_server.kube.status import ENTRY_KINDS, FIRST_KINDS, Limits, StatusWriter

ROOT = "/apis/gateway.networking.k8s.io/v1/namespaces/shop"
EDGE, CART = Ref("Gateway", "shop", "edge"), Ref("HTTPRoute", "shop", "cart")
THEIRS = {"parentRef": {"name": "edge"}, "controllerName": THEM, "conditions": []}
QUICK = Limits(pace=Pace(rest=0.02, longest_rest=0.1, retry=0.02, longest_retry=0.1))

KINDS = len(FIRST_KINDS) + len(ENTRY_KINDS)
"""Lists that the first comparison takes."""

Document = dict[str, Any]


def path(ref: Ref) -> str:
    plural = {"Gateway": "gateways", "HTTPRoute": "httproutes"}[ref.kind]
    return f"{ROOT}/{plural}/{ref.name}"


class World(Writing):
    """A kube-apiserver, and a writer that is told what should be."""

    def __init__(self, server: ApiServer, client: Any, limits: Limits = QUICK) -> None:
        super().__init__()
        self.server = server
        self.known: set[Ref] = set()
        self.programmed: dict[Ref, int] = {}
        self.writer = StatusWriter(
            client,
            US,
            self.wanted,
            exists=self.known.__contains__,
            programmed=self.programmed.update,
            limits=limits,
        )

    def put(self, ref: Ref, status: Document | None = None, generation: int = 1) -> Document:
        """Let an object exist, or be as somebody else wrote it."""
        self.known.add(ref)
        metadata = {"namespace": ref.namespace, "name": ref.name, "generation": generation}
        document: Document = {"metadata": metadata, "spec": {}}
        return self.server.put(path(ref), document if status is None else {**document, "status": status})

    def status(self, ref: Ref) -> Document:
        found: Document = self.server.objects[path(ref)].get("status") or {}
        return found

    def writes(self, ref: Ref) -> int:
        return len(self.server.written(f"{path(ref)}/status"))

    def owners(self, ref: Ref = CART) -> list[str]:
        return owners(self.status(ref))

    async def quiet(self) -> None:
        """Wait until there is nothing left to be written."""
        await self.server.until(self.is_quiet)


Play = Callable[[Callable[[World], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def run(scene: Callable[[World], Awaitable[None]]) -> None:
        async def main() -> None:
            async with serving(tmp_path) as (server, client):
                await scene(World(server, client))

        asyncio.run(main())

    return run


# ---- one object -----------------------------------------------------------------------------------------------------


def test_a_new_route_is_told_in_one_request(play: Play) -> None:
    async def scene(world: World) -> None:
        async with world.leading():
            await world.server.until(lambda: world.server.reads == KINDS)
            world.put(CART)
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [US])
        assert (world.writes(CART), len(world.server.writes), world.server.reads) == (1, 1, KINDS)

    play(scene)


def test_a_route_that_has_a_status_is_read_first_and_theirs_stays(play: Play) -> None:
    async def scene(world: World) -> None:
        async with world.leading():
            world.put(CART, {"parents": [THEIRS]})
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [THEM, US])
        assert world.status(CART)["parents"][0] == THEIRS

    play(scene)


def test_a_conflict_is_read_again(play: Play) -> None:
    """Somebody writes between our reading and our writing, twice."""

    async def scene(world: World) -> None:
        others = [{**THEIRS, "parentRef": {"name": "two"}}, THEIRS]

        def interfere(target: str) -> None:
            if others and world.status(CART):
                document = world.server.objects[target]
                parents = [*document["status"]["parents"], others.pop()]
                world.server.put(
                    target, {**document, "metadata": dict(document["metadata"]), "status": {"parents": parents}}
                )

        async with world.leading():
            await world.quiet()
            world.put(CART, {"parents": []})
            world.server.before_write = interfere
            world.want(CART, route())
            await world.server.until(lambda: US in world.owners())
        assert world.owners() == [THEM, THEM, US]

    play(scene)


def test_what_fails_is_tried_again(play: Play) -> None:
    async def scene(world: World) -> None:
        failures = [503, 500, 429]
        world.server.trouble = lambda method, _: failures.pop() if method == "PATCH" and failures else 0
        world.put(EDGE)
        async with world.leading():
            world.want(EDGE, gateway())
            await world.server.until(lambda: world.writes(EDGE) == 1)
        assert failures == []

    play(scene)


def test_an_object_that_is_gone_is_left_alone(play: Play) -> None:
    async def scene(world: World) -> None:
        async with world.leading():
            world.want(CART, route())
            world.want(EDGE, gateway())
            await world.quiet()
        assert world.server.objects == {}
        assert all(write.status == 404 for write in world.server.writes)

    play(scene)


def test_a_route_that_leaves_us_loses_our_entry(play: Play) -> None:
    async def scene(world: World) -> None:
        world.put(CART, {"parents": [THEIRS]})
        async with world.leading():
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [THEM, US])
            world.want(CART, None)
            await world.server.until(lambda: world.owners() == [THEM])

    play(scene)


def test_a_route_that_was_deleted_is_not_asked_for(play: Play) -> None:
    async def scene(world: World) -> None:
        async with world.leading():
            await world.server.until(lambda: world.server.reads == KINDS)
            world.want(CART, None)
            await world.quiet()
        assert world.server.reads == KINDS

    play(scene)


# ---- many changes ---------------------------------------------------------------------------------------------------


def test_a_thousand_changes_of_a_gateway_are_few_writes_and_the_last_one_stands(play: Play) -> None:
    async def scene(world: World) -> None:
        world.put(EDGE)
        async with world.leading():
            for attached in range(1000):
                world.want(EDGE, gateway(attached=attached))
                if attached % 10 == 0:
                    await asyncio.sleep(0.001)
            await world.server.until(lambda: world.status(EDGE)["listeners"][0]["attachedRoutes"] == 999)
            await world.quiet()
        assert world.writes(EDGE) < 50

    play(scene)


def test_how_many_routes_are_attached_is_written_after_the_routes(play: Play) -> None:
    """Conditions come before routes; a Gateway of which numbers changed comes after them."""
    routes = [Ref("HTTPRoute", "shop", f"route-{number}") for number in range(5)]

    async def scene(world: World) -> None:
        async with world.leading():
            await world.server.until(lambda: world.server.reads == KINDS)
            world.put(EDGE)
            world.want(EDGE, gateway())
            await world.quiet()
            for number, ref in enumerate(routes):
                world.put(ref)
                world.want(EDGE, gateway(attached=1 + number))
                world.want(ref, route())
            await world.quiet()
        assert world.status(EDGE)["listeners"][0]["attachedRoutes"] == len(routes)
        assert world.writes(EDGE) == 2
        assert [it.path for it in world.server.writes][-1] == f"{path(EDGE)}/status"

    play(scene)


def test_nothing_is_written_where_nobody_leads(play: Play) -> None:
    async def scene(world: World) -> None:
        world.put(CART)
        world.want(CART, route())
        async with world.leading():
            await world.server.until(lambda: world.owners() == [US])
        world.want(CART, route(2))
        await asyncio.sleep(0.1)
        assert world.status(CART)["parents"][0]["conditions"][0]["observedGeneration"] == 1

    play(scene)


# ---- the beginning, and others --------------------------------------------------------------------------------------


def test_whoever_begins_to_lead_compares_all_and_writes_what_differs(play: Play) -> None:
    async def scene(world: World) -> None:
        good, stale, leftover = (Ref("HTTPRoute", "shop", name) for name in ("good", "stale", "leftover"))
        for ref in (good, stale, leftover):
            world.put(ref)
            world.want(ref, route())
        async with world.leading():
            await world.server.until(lambda: all(world.owners(ref) == [US] for ref in (good, stale, leftover)))
        world.want(stale, route(2))
        world.want(leftover, None)
        world.server.writes.clear()
        async with world.leading():
            await world.server.until(lambda: world.owners(leftover) == [])
            await world.quiet()
        assert [world.writes(ref) for ref in (good, stale, leftover)] == [0, 1, 1]

    play(scene)


def test_what_was_programmed_is_learnt_before_anything_is_written(play: Play) -> None:
    async def scene(world: World) -> None:
        programmed = {"type": "Programmed", "status": "True", "observedGeneration": 3}
        world.put(EDGE, {"conditions": [programmed]}, generation=3)
        async with world.leading():
            await world.server.until(lambda: world.programmed)
        assert (world.programmed, world.server.writes) == ({EDGE: 3}, [])

    play(scene)


def test_the_first_comparison_is_made_however_long_the_kube_apiserver_is_away(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xds_server.kube.status.RETRY_SECONDS", 0.01)

    async def scene(world: World) -> None:
        failures = [503] * 5
        world.server.trouble = lambda *_: failures.pop() if failures else 0
        world.put(CART)
        world.wanted[CART] = route()
        async with world.leading():
            await world.server.until(lambda: world.owners() == [US])

    play(scene)


def test_our_own_writes_are_not_looked_at_again(play: Play) -> None:
    async def scene(world: World) -> None:
        world.put(CART)
        async with world.leading():
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [US])
            await world.quiet()
            reads = world.server.reads
            world.writer.saw(CART, world.server.objects[path(CART)]["metadata"]["resourceVersion"])
            await world.quiet()
        assert world.server.reads == reads

    play(scene)


def test_what_somebody_overwrote_is_written_again(play: Play) -> None:
    async def scene(world: World) -> None:
        world.put(CART)
        async with world.leading():
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [US])
            await world.quiet()
            foreign = world.put(CART, {"parents": [THEIRS]})
            world.writer.saw(CART, foreign["metadata"]["resourceVersion"])
            await world.server.until(lambda: world.owners() == [THEM, US])

    play(scene)


def test_a_fight_is_not_fought_to_the_end(play: Play) -> None:
    """Whoever overwrites us each time is answered at once, and then later and later."""

    async def scene(world: World) -> None:
        world.put(CART)
        async with world.leading():
            world.want(CART, route())
            await world.server.until(lambda: world.owners() == [US])
            await world.quiet()
            foreign = world.put(CART, {"parents": [THEIRS]})
            world.writer.saw(CART, foreign["metadata"]["resourceVersion"])
            await world.server.until(lambda: world.owners() == [THEM, US])
            await world.quiet()
            foreign = world.put(CART, {"parents": [THEIRS]})
            world.writer.saw(CART, foreign["metadata"]["resourceVersion"])
            await asyncio.sleep(0.5)
            assert world.owners() == [THEM]
            world.want(CART, route(2))
            await world.server.until(lambda: world.owners() == [THEM, US])

    play(scene)


def test_all_pages_are_compared(play: Play) -> None:
    async def scene(world: World) -> None:
        refs = [Ref("HTTPRoute", "shop", f"route-{nth:04}") for nth in range(1200)]
        for ref in refs:
            world.put(ref, {"parents": []})
            world.wanted[ref] = route()
        async with world.leading():
            await world.server.until(lambda: all(world.owners(ref) == [US] for ref in refs))

    play(scene)
