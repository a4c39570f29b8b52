"""Two replicas of the chart, and what may end, stop or be replaced while requests go on: none of them fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.cluster.commands import kubectl
from tests.cluster.installation import Installation, kill
from tests.cluster.namespace import Document, until
from tests.cluster.pair import EDGE, PATIENT, at_least, turning, two_replicas
from tests.cluster.traffic import load, outcomes

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

HOLD = "import socket, sys; held = socket.create_server(('', {port})); print('held', flush=True); sys.stdin.read()"
"""A program that has a port until its input ends."""


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Installation]:
    async with two_replicas() as pair:
        yield pair


async def gracefully(pair: Installation, pod: Document) -> None:
    await pair.delete("Pod", pod["metadata"]["name"])


async def suddenly(pair: Installation, pod: Document) -> None:
    if not kill(pod):
        pytest.skip("the node is another machine")


@pytest.mark.parametrize("end", [gracefully, suddenly])
async def test_the_leader_ends_while_routes_change(
    pair: Installation, end: Callable[[Installation, Document], Awaitable[None]]
) -> None:
    """Another takes over, changes keep showing, and the status is brought up to date."""
    address = await pair.programmed(EDGE)
    pods = await pair.complete(2)
    leader = await pair.leader()
    (led,) = [it for it in pods if it["metadata"]["name"] == leader]
    async with load(address) as answers, turning(pair, address) as turns:
        await until(at_least(turns, 3), "changes before")
        await end(pair, led)
        lead = await until(lambda: leading(pair, besides=led), "another leader")
        await until(at_least(turns, len(turns) + 10), "changes after")
    await pair.accepted()
    assert len(lead) == 1
    assert set(outcomes(answers)) == {200}


async def leading(pair: Installation, besides: Document) -> list[str]:
    """The pods that say they lead, if they are others, or the same started anew."""
    before = besides["status"]["containerStatuses"][0]["containerID"]
    others = [it for it in await pair.replicas() if it["status"]["containerStatuses"][0]["containerID"] != before]
    return [it["metadata"]["name"] for it in others if await pair.metric(it, "gatehouse_leader")]


async def test_what_a_follower_hears_reaches_the_leader(pair: Installation) -> None:
    """That an Envoy has accepted a listener, has refused one, in its own words, and takes it once it can."""
    address = await pair.programmed(EDGE)
    await pair.complete(2)
    follower = await until(lambda: streaming(pair), "the Envoy's stream")
    (other,) = [name for name in await names(pair) if name != follower]
    await pair.patch("Lease", f"{pair.home}-leader", {"spec": {"holderIdentity": other}})
    await until(lambda: leads(pair, other), "the replica without stream to lead")
    await pair.gateway(EDGE, 80, 8081, parameters=PATIENT)
    await pair.programmed(EDGE)
    await pair.answers(address, 8081)
    async with taken(pair, 8082):
        await pair.gateway(EDGE, 80, 8081, 8082, parameters=PATIENT)
        words = await until(lambda: pair.words(EDGE), "the Gateway to be told")
        assert "Address already in use" in words
        await until(lambda: recorded(pair, "Address already in use"), "an Event")
        assert await leads(pair, other)
        await pair.answers(address, 8081)
    await pair.programmed(EDGE)
    await pair.answers(address, 8082)


async def names(pair: Installation) -> list[str]:
    return [it["metadata"]["name"] for it in await pair.replicas()]


async def streaming(pair: Installation) -> str:
    """The replica that all streams are on; empty while there are none, or others."""
    pods = await pair.replicas()
    found = [it["metadata"]["name"] for it in pods if await pair.metric(it, "gatehouse_xds_streams")]
    return found[0] if len(found) == 1 else ""


async def leads(pair: Installation, name: str) -> bool:
    pods = await pair.replicas()
    return [name] == [it["metadata"]["name"] for it in pods if await pair.metric(it, "gatehouse_leader")]


async def recorded(pair: Installation, words: str) -> bool:
    """Say whether there is an Event with these words."""
    return any(words in it.get("note", "") for it in await pair.all("Event"))


@asynccontextmanager
async def taken(pair: Installation, port: int) -> AsyncIterator[None]:
    """Have a port of the Gateway's pod for as long as the block lasts."""
    (pod,) = await pair.pods(EDGE)
    program = ("python3", "-c", HOLD.format(port=port))
    command = ("exec", "--stdin", f"--namespace={pair.home}", pod["metadata"]["name"], "--container=shutdown", "--")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("kubectl", *command, *program, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        await process.communicate(b"")


async def test_envoys_and_backends_are_rolled_out_under_load(pair: Installation) -> None:
    address = await pair.programmed(EDGE)
    async with load(address) as answers:
        for workload in (f"{EDGE}-{pair.home}", "shop"):
            old = await uids(pair, workload)
            assert old
            where = (f"deployment/{workload}", f"--namespace={pair.home}")
            await asyncio.to_thread(kubectl, "rollout", "restart", *where)
            await asyncio.to_thread(kubectl, "rollout", "status", *where, "--timeout=90s")
            await until(lambda old=old, workload=workload: are_gone(pair, workload, old), "the old pods to end")
    assert set(outcomes(answers)) == {200}


async def uids(pair: Installation, workload: str) -> set[str]:
    """The pods of a Deployment, those that end included."""
    pods = await pair.all("Pod")
    return {it["metadata"]["uid"] for it in pods if it["metadata"]["name"].startswith(f"{workload}-")}


async def are_gone(pair: Installation, workload: str, old: set[str]) -> bool:
    return not old & await uids(pair, workload)


async def test_weights_move_every_second_as_a_progressive_delivery_has_it(pair: Installation) -> None:
    """Their shares follow, and no request fails."""
    await pair.backends("canary")
    address = await pair.programmed(EDGE)
    for backend in ("canary", "shop"):
        await pair.route(EDGE, backend)
        await pair.answers(address, service=backend)
    shares: list[float] = []
    async with load(address) as answers:
        for step in range(1, 31):
            seen = len(answers)
            await pair.route(EDGE, ("shop", 30 - step), ("canary", step), turn=step)
            await asyncio.sleep(1.0)
            shown = [it.service for it in answers[seen:] if it.turn == str(step)]
            shares.append(shown.count("canary") / len(shown))
    await pair.route(EDGE, "shop")
    assert set(outcomes(answers)) == {200}
    assert shares[-1] == 1.0
    thirds = [sum(shares[at : at + 10]) / 10 for at in (0, 10, 20)]
    assert [round(it, 1) for it in thirds] == pytest.approx([0.2, 0.5, 0.9], abs=0.11)


async def test_a_gateway_with_the_longest_name_there_is(pair: Installation) -> None:
    name = ".".join(("g" * 63, "g" * 63, "g" * 63, "g" * 61))
    await pair.gateway(name)
    await pair.route(name, "shop", name="long")
    await pair.answers(await pair.programmed(name))
    assert len(await pair.pods(name)) == 1
    await pair.delete("Gateway", name)
    await until(lambda: pair.is_gone(name), "all of it to go")


async def test_an_ingress_of_its_own_class_is_ignored(pair: Installation) -> None:
    await pair.apply("IngressClass", pair.home, {"controller": f"{pair.home}.gatehouse.dev/controller"})
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    path = {"path": "/ingress", "pathType": "Prefix", "backend": backend}
    await pair.apply("Ingress", "shop", {"ingressClassName": pair.home, "rules": [{"http": {"paths": [path]}}]})
    before = await pair.get("Ingress", "shop")
    address = await pair.programmed(EDGE)
    async with turning(pair, address) as turns:
        await until(at_least(turns, 3), "changes that are seen")
    await pair.accepted()
    assert await pair.get("Ingress", "shop") == before
    await pair.delete("IngressClass", pair.home)
