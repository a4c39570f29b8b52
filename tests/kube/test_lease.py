"""Leadership: one leads, another takes over, nobody acts on a lease that is over."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.kube.apiserver import ApiServer, serving
from xds_server.kube.client import Client
from xds_server.kube.election import Term
from xds_server.kube.lease import Leadership

PATH = "/apis/coordination.k8s.io/v1/namespaces/gatehouse-system/leases/gatehouse"
TERM = Term(good_for=1, renew_within=0.6, retry=0.05)


class Replica:
    """A process that would lead, and what it does when it does."""

    def __init__(self, client: Client, identity: str) -> None:
        self.leadership = Leadership(client, "gatehouse-system", "gatehouse", identity, TERM)
        self.acting = False
        self.terms = 0
        self.task = asyncio.create_task(self.leadership.run(self._lead))

    async def _lead(self) -> None:
        self.acting = True
        self.terms += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.acting = False

    async def stop(self) -> None:
        """End as a process does that is told to."""
        self.task.cancel()
        await asyncio.wait([self.task])


Play = Callable[[Callable[[ApiServer, Client], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def run(scene: Callable[[ApiServer, Client], Awaitable[None]]) -> None:
        async def main() -> None:
            async with serving(tmp_path) as (server, client):
                await scene(server, client)

        asyncio.run(main())

    return run


def holder(server: ApiServer) -> str:
    found = server.objects.get(PATH, {"spec": {"holderIdentity": ""}})["spec"]["holderIdentity"]
    assert isinstance(found, str)
    return found


def test_one_of_two_leads_and_renews_its_lease(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        two = Replica(client, "two")
        await server.until(lambda: len(server.written(PATH)) > 25)  # longer than a lease is good for
        assert (one.acting, one.leadership.leads) == (True, True)
        assert (two.acting, two.leadership.leads) == (False, False)
        assert (one.terms, holder(server)) == (1, "one")
        await two.stop()
        await one.stop()

    play(scene)


def test_a_leader_that_ends_gives_the_lease_up_and_the_other_need_not_wait(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        two = Replica(client, "two")
        loop = asyncio.get_running_loop()
        ended = loop.time()
        await one.stop()
        assert (one.acting, holder(server)) == (False, "")
        await server.until(lambda: two.acting)
        assert loop.time() - ended < TERM.good_for
        await two.stop()

    play(scene)


def test_a_leader_that_is_killed_is_followed_once_its_lease_is_over(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        killed = server.objects[PATH]
        await one.stop()
        server.put(PATH, killed)  # as it would stand if there had been no time to give it up
        two = Replica(client, "two")
        await server.until(lambda: two.acting)
        assert server.objects[PATH]["spec"]["leaseTransitions"] == 1
        await two.stop()

    play(scene)


def test_a_leader_that_cannot_renew_stops_before_another_may_begin(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        server.paused.clear()
        await server.until(lambda: not one.acting)
        assert not one.leadership.leads
        server.paused.set()
        await server.until(lambda: one.terms == 2)
        await one.stop()

    play(scene)


def test_a_short_outage_ends_no_term(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        failures = [500, 503, 500]
        server.trouble = lambda *_: failures.pop() if failures else 0
        renewals = len(server.written(PATH))
        await server.until(lambda: len(server.written(PATH)) > renewals + 3)
        assert (failures, one.terms) == ([], 1)
        await one.stop()

    play(scene)


def test_whoever_loses_the_lease_to_another_stops_at_once(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        one = Replica(client, "one")
        await server.until(lambda: one.acting)
        stolen = server.objects[PATH]
        server.put(PATH, {**stolen, "spec": {**stolen["spec"], "holderIdentity": "thief", "renewTime": "now"}})
        await server.until(lambda: not one.acting)
        await one.stop()
        assert holder(server) == "thief"

    play(scene)


def test_what_the_leader_does_wrong_is_not_hidden(play: Play) -> None:
    async def scene(server: ApiServer, client: Client) -> None:
        async def fails() -> None:
            raise ValueError("ours")

        leadership = Leadership(client, "gatehouse-system", "gatehouse", "one", TERM)
        with pytest.raises(ValueError, match="ours"):
            await leadership.run(fails)
        assert holder(server) == ""

    play(scene)
