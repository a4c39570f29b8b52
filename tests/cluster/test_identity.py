"""Who is who, by a real kube-apiserver: tokens that it issued, and a Secret that replicas share."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import msgspec
import pytest

from tests.ads.envoy_config import cluster
from tests.cluster.fleet import fleet
from tests.cluster.namespace import until
from tests.cluster.streams import DELTA, SOTW, first_answer, token
from tests.envoy.running import LOOPBACK
from translator.ir import Infrastructure
from translator.pipeline import InfrastructureChange
from translator.value import Key
from xds_server.ads.admission import Unauthenticated
from xds_server.ads.service import Server
from xds_server.kube.client import ApiError, Client
from xds_server.kube.identity import Accounts, AuthorityKeeper, FleetAdmission, ServingCertificate
from xds_server.kube.identity.authority import found
from xds_server.kube.identity.tokens import TokenReviews
from xds_server.kube.paths import path_of
from xds_server.snapshot import SnapshotCache

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

LIMIT = 60.0
NAME = "gatehouse.gatehouse-system.svc"
RUNS = Infrastructure(uid="c0ffee", class_name="gatehouse", ports=((80, "TCP"),))


@pytest.fixture(autouse=True)
async def accounts(client: Client, home: str) -> None:
    """The ServiceAccounts of two Gateways."""
    for account in ("edge-gatehouse", "inner-gatehouse"):
        document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": home}}
        await client.apply(path_of("v1", "serviceaccounts", home, account), document, manager="identity")


async def test_a_token_tells_whose_it_is(client: Client, home: str) -> None:
    identity = await TokenReviews(client).review(await token(home, "edge-gatehouse"))
    assert identity.account == Key(home, "edge-gatehouse")


@pytest.mark.parametrize("audience", [None, "somebody-else"])
async def test_a_token_for_another_audience_is_refused(client: Client, home: str, audience: str | None) -> None:
    with pytest.raises(Unauthenticated):
        await TokenReviews(client).review(await token(home, "edge-gatehouse", audience))


async def test_a_token_whose_account_is_gone_is_refused(client: Client, home: str) -> None:
    shown = await token(home, "edge-gatehouse")
    await client.delete(path_of("v1", "serviceaccounts", home, "edge-gatehouse"))
    async with asyncio.timeout(LIMIT):
        while True:  # the kube-apiserver itself remembers for some seconds
            try:
                await TokenReviews(client).review(shown)
            except Unauthenticated:
                return


class Stage:
    """A control plane over TLS with two Gateways."""

    def __init__(self, port: int, bundle: str) -> None:
        self._port = port
        self._bundle = bundle

    async def ask(self, method: str, gateway: Key, shown: str) -> bytes:
        """Ask for a Gateway's clusters as its Envoy does; return the first answer."""
        return await first_answer(f"{LOOPBACK}:{self._port}", NAME, self._bundle, method, gateway, shown)


@asynccontextmanager
async def staged(client: Client, home: str) -> AsyncIterator[Stage]:
    serving = ServingCertificate()
    await AuthorityKeeper(client, Key(home, "authority"), [NAME], serving).start()
    accounts, cache = Accounts(), SnapshotCache()
    gateways = [Key(home, name) for name in ("edge", "inner")]
    accounts.want(InfrastructureChange(gateway, RUNS) for gateway in gateways)
    cache.apply([cluster("a")._replace(gateway=gateway) for gateway in gateways])
    server = Server(cache, lambda _: None, admission=FleetAdmission(TokenReviews(client), accounts))
    port = server.bind(f"{LOOPBACK}:0", serving.credentials())
    await server.start()
    try:
        yield Stage(port, serving.bundle)
    finally:
        await server.stop()


@pytest.mark.parametrize("method", [DELTA, SOTW])
async def test_a_stolen_token_of_another_gateway_gets_nothing(client: Client, home: str, method: str) -> None:
    ours, stolen = await token(home, "edge-gatehouse"), await token(home, "inner-gatehouse")
    async with staged(client, home) as stage:
        edge = Key(home, "edge")
        assert b"envoy.config.cluster.v3.Cluster" in await stage.ask(method, edge, ours)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stage.ask(method, edge, stolen)
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert b"envoy.config.cluster.v3.Cluster" in await stage.ask(method, Key(home, "inner"), stolen)


async def test_an_envoy_of_the_fleet_shows_its_token_over_tls() -> None:
    """And trusts a rotated authority without being started anew."""
    async with fleet(secured=True) as world:
        await world.gateway()
        await world.serves()
        (pod,) = await world.pods()
        renewed = found(datetime.now(UTC))
        name = f"edge-{world.home}"
        world.trust(world.bundle + renewed.bundle)

        async def trusted() -> bool:
            config = await world.get("ConfigMap", name)
            return config is not None and config["data"]["ca.crt"].endswith(renewed.bundle)

        await until(trusted, "the new authority in the Envoys' ConfigMap")
        assert [it["metadata"]["uid"] for it in await world.pods()] == [pod["metadata"]["uid"]]


async def test_replicas_that_start_together_share_one_authority(client: Client, home: str) -> None:
    replicas = [ServingCertificate() for _ in range(4)]
    keepers = [AuthorityKeeper(client, Key(home, "authority"), [NAME], serving) for serving in replicas]
    await asyncio.gather(*(keeper.look() for keeper in keepers))
    assert len({serving.bundle for serving in replicas}) == 1
    assert len({serving.pair.certificate for serving in replicas}) == 4
    secret = msgspec.json.decode(await client.get(path_of("v1", "secrets", home, "authority")))
    assert b64decode(secret["data"]["ca.crt"]).decode() == replicas[0].bundle


async def test_a_deleted_secret_comes_back_with_the_same_authority(client: Client, home: str) -> None:
    serving = ServingCertificate()
    keeper = AuthorityKeeper(client, Key(home, "authority"), [NAME], serving)
    await keeper.look()
    bundle = serving.bundle
    path = path_of("v1", "secrets", home, "authority")
    await client.delete(path)
    with pytest.raises(ApiError):
        await client.get(path)
    await keeper.look()
    assert serving.bundle == bundle
    assert (await client.get(path)).count(b"tls.key")
