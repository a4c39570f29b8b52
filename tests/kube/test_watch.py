import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.kube.documents import (
    bookmark,
    event,
    failure,
    gateway,
    listing,
    policy,
    secret,
    serve,
    serve_gateways,
    service,
    trust_bundle,
)
from tests.kube.loopback import LIMIT, Answer, Loopback, Stream, connected, lines
from translator.api.core import Secret, Service
from translator.api.kinds import KINDS
from translator.value import Ref
from xds_server.files import Delete, Put
from xds_server.kube.backoff import Backoff
from xds_server.kube.client import Client
from xds_server.kube.reflector import Timing
from xds_server.kube.scope import Everywhere, Labelled, Named, Scope
from xds_server.kube.watch import Batch, KubeSource, Place

pytestmark = pytest.mark.anyio

SERVICES, WATCH = "/api/v1/services", "watch /api/v1/services"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gateways"
SECRETS = "/api/v1/secrets"
A, B = "/api/v1/namespaces/shop/secrets/a", "/api/v1/namespaces/shop/secrets/b"
CART, TILL = Ref("Service", "shop", "cart"), Ref("Service", "shop", "till")
ONE, TWO = "b25l", "dHdv"

QUICK = Timing(page=2, backoff=Backoff(first=0.01, most=0.05), discovery=0.02, patience=0.1, hold=LIMIT)
OPEN = Stream(())


@asynccontextmanager
async def following(source: KubeSource) -> AsyncIterator[KubeSource]:
    """Run a source for as long as the block lasts."""
    running = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(LIMIT):
            yield source
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def source(client: Client, *kinds: str, timing: Timing = QUICK) -> KubeSource:
    return KubeSource(client, {kind: KINDS[kind] for kind in kinds}, timing=timing)


def names(batch: Batch) -> list[str]:
    """Spell a batch: + for what was put, - for what was deleted."""
    return sorted(f"{'+' if isinstance(change, Put) else '-'}{change.ref}" for change in batch)


async def heard(source: KubeSource, *wanted: str) -> None:
    """Take batches until they have brought this, and nothing else, in whatever portions."""
    brought: list[str] = []
    while sorted(brought) != sorted(wanted):
        brought += names(await anext(source))
        assert set(brought) <= set(wanted), brought


def play_services(server: Loopback, *lists: Answer, watches: Iterable[Stream] = (OPEN,)) -> None:
    server.play(SERVICES, *lists)
    server.play(WATCH, *watches)


async def test_the_first_batch_is_the_complete_world(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        serve_gateways(server, "v1")
        server.play(GATEWAYS, listing(5, gateway("g", 4)))
        server.play(f"watch {GATEWAYS}", OPEN)
        play_services(
            server, listing(7, service("cart", 1), service("till", 2), more="x"), listing(7, service("tap", 3))
        )
        async with following(source(client, "Gateway", "Service")) as world:
            assert not world.synced
            assert names(await anext(world)) == [
                "+Gateway shop/g", "+Service shop/cart", "+Service shop/tap", "+Service shop/till"
            ]  # fmt: skip
            assert world.synced
            assert world.health[Place("Service", "")].synced
    first, second = server.of(SERVICES)
    assert first.query == {"limit": "2"}
    assert second.query == {"limit": "2", "continue": "x"}


async def test_an_empty_world_is_a_batch_too(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(server, listing(7))
        async with following(source(client, "Service")) as world:
            assert await anext(world) == ()


async def test_events_that_come_together_are_one_batch_of_newest_states(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(server, listing(7))
        async with following(source(client, "Service")) as world:
            await anext(world)
            burst = [
                event("ADDED", service("cart", 8)),
                event("ADDED", service("till", 9)),
                event("MODIFIED", service("cart", 10, port=90)),
                event("DELETED", service("till", 11)),
            ]
            await server.send(WATCH, lines(burst))
            put, delete = sorted(await anext(world), key=lambda change: change.ref)
            assert isinstance(put, Put)
            assert put.ref == CART
            assert isinstance(put.value, Service)
            assert put.value.spec.ports[0].port == 90
            assert delete == Delete(TILL)
            assert world.health[Place("Service", "")].events == 4


async def test_a_watch_asks_for_bookmarks_and_an_end(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(server, listing(7))
        async with following(source(client, "Service")) as world:
            await anext(world)
            (asked,) = await server.heard(WATCH)
    assert asked.query["allowWatchBookmarks"] == "true"
    assert asked.query["resourceVersion"] == "7"
    assert 300 <= int(asked.query["timeoutSeconds"]) <= 600


@pytest.mark.parametrize("end", ["cut", "end"])
async def test_a_watch_goes_on_where_it_ended_without_another_list(tmp_path: Path, end: str) -> None:
    async with connected(tmp_path) as (server, client):
        events = lines([event("ADDED", service("cart", 8)), bookmark(30)])
        play_services(server, listing(7), watches=[Stream((events, b'{"type":"ADDED","obj'), end=end), OPEN])
        async with following(source(client, "Service")) as world:
            await heard(world, "+Service shop/cart")
            _, second = await server.heard(WATCH, 2)
    assert second.query["resourceVersion"] == "30"
    assert len(server.of(SERVICES)) == 1


async def test_a_silent_watch_is_given_up_and_goes_on(tmp_path: Path) -> None:
    timing = Timing(idle=0.1, backoff=QUICK.backoff)
    async with connected(tmp_path) as (server, client):
        play_services(server, listing(7))
        async with following(source(client, "Service", timing=timing)) as world:
            await anext(world)
            *_, last = await server.heard(WATCH, 2)
    assert last.query["resourceVersion"] == "7"
    assert len(server.of(SERVICES)) == 1


@pytest.mark.parametrize(
    "expired",
    [
        Stream((lines([event("ERROR", failure(410, "Expired"))]),), end="end"),
        Answer(failure(410, "Gone"), status=410),
    ],
    ids=["in the stream", "at its beginning"],
)
async def test_an_expired_version_lists_again_as_one_batch(tmp_path: Path, expired: Stream | Answer) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(
            server,
            listing(7, service("cart", 1), service("till", 2)),
            listing(20, service("till", 9, port=90), service("tap", 10), more="x"),
            listing(20, service("top", 11)),
        )
        server.play(WATCH, expired, OPEN)
        async with following(source(client, "Service")) as world:
            await anext(world)
            assert names(await anext(world)) == [
                "+Service shop/tap", "+Service shop/till", "+Service shop/top", "-Service shop/cart"
            ]  # fmt: skip
            _, second = await server.heard(WATCH, 2)
    assert second.query["resourceVersion"] == "20"


async def test_pages_that_expire_midway_are_read_again_in_one(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(
            server,
            listing(7, service("cart", 1), more="x"),
            Answer(failure(410, "Expired"), status=410),
            listing(9, service("till", 2)),
        )
        async with following(source(client, "Service")) as world:
            assert names(await anext(world)) == ["+Service shop/till"]
    assert [asked.query for asked in server.of(SERVICES)] == [{"limit": "2"}, {"limit": "2", "continue": "x"}, {}]


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        busy = Answer(failure(429, "TooManyRequests"), status=429, headers={"Retry-After": "1"})
        play_services(server, busy, listing(7))
        clock = asyncio.get_running_loop().time
        started = clock()
        async with following(source(client, "Service")) as world:
            await anext(world)
        assert clock() - started >= 1


async def test_garbage_again_and_again_lists_anew(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        garbage = Stream((b"no json\n",), end="end")
        play_services(
            server,
            listing(7, service("cart", 1)),
            listing(9, service("till", 2)),
            watches=[garbage, garbage, garbage, OPEN],
        )
        async with following(source(client, "Service")) as world:
            await heard(world, "+Service shop/cart", "+Service shop/till", "-Service shop/cart")
    assert [asked.query["resourceVersion"] for asked in server.of(WATCH)[:3]] == ["7", "7", "7"]


async def test_a_kind_that_may_not_be_read_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        serve_gateways(server, "v1")
        server.play(GATEWAYS, Answer(failure(403, "Forbidden"), status=403))
        play_services(server, listing(7, service("cart", 1)))
        async with following(source(client, "Gateway", "Service")) as world:
            assert names(await anext(world)) == ["+Service shop/cart"]
            assert "403 Forbidden" in world.health[Place("Gateway", "")].problem
            server.play(GATEWAYS, listing(9, gateway("g", 8)))
            server.play(f"watch {GATEWAYS}", OPEN)
            assert names(await anext(world)) == ["+Gateway shop/g"]
            assert world.health[Place("Gateway", "")].problem == ""


async def test_the_world_waits_for_a_kind_that_fails_otherwise(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        broken = Answer(failure(500, "InternalError"), status=500)
        play_services(server, *[broken] * 5, listing(7, service("cart", 1)))
        async with following(source(client, "Service")) as world:
            assert names(await anext(world)) == ["+Service shop/cart"]
            assert world.health[Place("Service", "")].errors == 5


# ---- what is served ---------------------------------------------


async def test_a_missing_kind_is_tolerated_and_noticed_when_it_comes_and_goes(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_services(server, listing(7))
        async with following(source(client, "Gateway", "Service")) as world:
            assert await anext(world) == ()
            server.play(GATEWAYS, listing(9, gateway("g", 8)))
            server.play(f"watch {GATEWAYS}", OPEN)
            serve_gateways(server, "v1")
            assert names(await anext(world)) == ["+Gateway shop/g"]
            serve_gateways(server, "v1", plurals=())
            assert names(await anext(world)) == ["-Gateway shop/g"]
            assert world.served == {"Service": "v1"}


async def test_an_older_version_serves_until_v1_does(tmp_path: Path) -> None:
    older = GATEWAYS.replace("v1", "v1beta1")
    async with connected(tmp_path) as (server, client):
        serve_gateways(server, "v1beta1")
        server.play(older, listing(9, gateway("g", 8)))
        server.play(f"watch {older}", OPEN)
        server.play(GATEWAYS, listing(9, gateway("g", 8), gateway("h", 9)))
        server.play(f"watch {GATEWAYS}", OPEN)
        async with following(source(client, "Gateway")) as world:
            assert names(await anext(world)) == ["+Gateway shop/g"]
            serve_gateways(server, "v1beta1", "v1")
            assert names(await anext(world)) == ["+Gateway shop/h"]


async def test_a_question_that_is_not_answered_takes_nothing_away(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        serve_gateways(server, "v1")
        server.play(GATEWAYS, listing(9, gateway("g", 8)))
        server.play(f"watch {GATEWAYS}", OPEN)
        async with following(source(client, "Gateway")) as world:
            await anext(world)
            root = "/apis/gateway.networking.k8s.io"
            server.play(root, Answer(failure(503, "ServiceUnavailable"), status=503))
            await server.heard(root, len(server.of(root)) + 3)
            await server.send(f"watch {GATEWAYS}", lines([event("ADDED", gateway("h", 10))]))
            assert names(await anext(world)) == ["+Gateway shop/h"]


# ---- Secrets ----------------------------------------------------


def play_secrets(server: Loopback, *gateways: dict[str, object]) -> None:
    """Serve two Secrets, and Gateways that may refer to them."""
    serve_gateways(server, "v1")
    server.play(GATEWAYS, listing(9, *gateways))
    server.play(f"watch {GATEWAYS}", OPEN)
    server.play(SECRETS, listing(9, secret("a", 1), secret("b", 2)))
    server.play(f"watch {SECRETS}", OPEN)
    server.play(A, Answer(secret("a", 1, ONE)))
    server.play(B, Answer(secret("b", 2, TWO)))


async def test_only_secrets_that_are_referred_to_are_asked_for(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "a"))
        async with following(source(client, "Gateway", "Secret")) as world:
            assert names(await anext(world)) == ["+Gateway shop/g", "+Secret shop/a"]
            await server.heard(f"watch {SECRETS}")
    assert server.of(B) == []
    (listed,) = server.of(SECRETS)
    assert "PartialObjectMetadataList" in listed.headers["Accept"]


async def test_a_secret_comes_with_the_first_reference_and_goes_with_the_last(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server)
        async with following(source(client, "Gateway", "Secret")) as world:
            assert await anext(world) == ()
            watch = f"watch {GATEWAYS}"
            await server.send(
                watch, lines([event("ADDED", gateway("g", 10, "b")), event("ADDED", gateway("h", 11, "b"))])
            )
            assert names(await anext(world)) == ["+Gateway shop/g", "+Gateway shop/h", "+Secret shop/b"]
            await server.send(watch, lines([event("DELETED", gateway("g", 12, "b"))]))
            assert names(await anext(world)) == ["-Gateway shop/g"]
            await server.send(watch, lines([event("MODIFIED", gateway("h", 13))]))
            assert names(await anext(world)) == ["+Gateway shop/h", "-Secret shop/b"]


async def test_a_referenced_secret_follows_its_object(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "a"))
        async with following(source(client, "Gateway", "Secret")) as world:
            await anext(world)
            watch = f"watch {SECRETS}"
            server.play(A, Answer(secret("a", 20, TWO)))
            await server.send(watch, lines([event("MODIFIED", secret("b", 19)), event("MODIFIED", secret("a", 20))]))
            (changed,) = await anext(world)
            assert isinstance(changed, Put)
            assert isinstance(changed.value, Secret)
            assert changed.value.data == {"tls.crt": b"two"}
            await server.send(watch, lines([event("DELETED", secret("a", 21))]))
            assert names(await anext(world)) == ["-Secret shop/a"]
            server.play(A, Answer(secret("a", 22, ONE)))
            await server.send(watch, lines([event("ADDED", secret("a", 22))]))
            assert names(await anext(world)) == ["+Secret shop/a"]
    assert server.of(B) == []


async def test_a_secret_that_does_not_exist_is_waited_for(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "late"))
        async with following(source(client, "Gateway", "Secret")) as world:
            assert names(await anext(world)) == ["+Gateway shop/g"]
            server.play("/api/v1/namespaces/shop/secrets/late", Answer(secret("late", 10, ONE)))
            await server.send(f"watch {SECRETS}", lines([event("ADDED", secret("late", 10))]))
            assert names(await anext(world)) == ["+Secret shop/late"]


async def test_a_secret_that_may_not_be_read_holds_nothing_up(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "a"))
        server.play(A, Answer(failure(403, "Forbidden"), status=403), Answer(secret("a", 1, ONE)))
        async with following(source(client, "Gateway", "Secret")) as world:
            assert names(await anext(world)) == ["+Gateway shop/g"]
            assert names(await anext(world)) == ["+Secret shop/a"]


async def test_a_secret_that_is_not_answered_holds_a_batch_up_for_so_long_only(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "a"))
        server.play(A, Answer(failure(500, "InternalError"), status=500))
        async with following(source(client, "Gateway", "Secret")) as world:
            assert names(await anext(world)) == ["+Gateway shop/g"]


async def test_a_relist_of_secrets_compares_versions(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_secrets(server, gateway("g", 8, "a", "b"))
        server.play(SECRETS, listing(9, secret("a", 1), secret("b", 2)), listing(30, secret("b", 2)))
        async with following(source(client, "Gateway", "Secret")) as world:
            await anext(world)
            await server.send(f"watch {SECRETS}", lines([event("ERROR", failure(410, "Expired"))]))
            assert names(await anext(world)) == ["-Secret shop/a"]
    assert len(server.of(B)) == 1


# ---- ClusterTrustBundles ----------------------------------------

BUNDLES = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles"
POLICIES = "/apis/gateway.networking.k8s.io/v1/backendtlspolicies"
NAMED_BUNDLE = {"group": "certificates.k8s.io", "kind": "ClusterTrustBundle", "name": "internal"}


def play_policies(server: Loopback) -> None:
    """Serve a policy that trusts a ClusterTrustBundle, and that, once its kind is served."""
    serve_gateways(server, "v1", plurals=("backendtlspolicies",))
    server.play(POLICIES, listing(9, policy("verify", 8, NAMED_BUNDLE)))
    server.play(f"watch {POLICIES}", OPEN)
    server.play(BUNDLES, listing(9, trust_bundle("internal", 3), trust_bundle("other", 4)))
    server.play(f"watch {BUNDLES}", OPEN)
    server.play(f"{BUNDLES}/internal", Answer(trust_bundle("internal", 3, "PEM")))


@pytest.mark.parametrize("scope", [Everywhere(), Named(("shop",))])
async def test_a_cluster_trust_bundle_is_read_in_the_version_that_is_served(tmp_path: Path, scope: Scope) -> None:
    async with connected(tmp_path) as (server, client):
        play_policies(server)
        namespaced = POLICIES.replace("/v1/", "/v1/namespaces/shop/")
        server.play(namespaced, listing(9, policy("verify", 8, NAMED_BUNDLE)))
        server.play(f"watch {namespaced}", OPEN)
        serve(server, "certificates.k8s.io", "v1beta1", plurals=("clustertrustbundles",))
        kinds = {kind: KINDS[kind] for kind in ("BackendTLSPolicy", "ClusterTrustBundle")}
        async with following(KubeSource(client, kinds, scope=scope, timing=QUICK)) as world:
            assert names(await anext(world)) == ["+BackendTLSPolicy shop/verify", "+ClusterTrustBundle internal"]
    assert server.of(f"{BUNDLES}/other") == []


async def test_a_cluster_trust_bundle_comes_once_its_kind_is_served(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_policies(server)
        async with following(source(client, "BackendTLSPolicy", "ClusterTrustBundle")) as world:
            assert names(await anext(world)) == ["+BackendTLSPolicy shop/verify"]
            serve(server, "certificates.k8s.io", "v1beta1", plurals=("clustertrustbundles",))
            assert names(await anext(world)) == ["+ClusterTrustBundle internal"]


# ---- some namespaces --------------------------------------------


def play_namespaced(server: Loopback, namespace: str, *names: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/services"
    items = [service(name, 1) for name in names]
    for item in items:
        item["metadata"]["namespace"] = namespace
    server.play(path, listing(9, *items))
    server.play(f"watch {path}", OPEN)


def namespace(name: str, version: int) -> dict[str, object]:
    return {"metadata": {"name": name, "resourceVersion": str(version), "labels": {"team": "shop"}}}


async def test_named_namespaces_are_read_one_by_one(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_namespaced(server, "front", "cart")
        play_namespaced(server, "back", "till")
        server.play("/api/v1/namespaces", listing(9))
        server.play("watch /api/v1/namespaces", OPEN)
        kinds = {kind: KINDS[kind] for kind in ("Namespace", "Service")}
        async with following(KubeSource(client, kinds, scope=Named(("front", "back")), timing=QUICK)) as world:
            assert names(await anext(world)) == ["+Service back/till", "+Service front/cart"]
    assert {asked.query["fieldSelector"] for asked in server.of("/api/v1/namespaces")} == {
        "metadata.name=front", "metadata.name=back"
    }  # fmt: skip
    assert server.of(SERVICES) == []


async def test_namespaces_are_entered_and_left_with_their_labels(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        play_namespaced(server, "front", "cart")
        play_namespaced(server, "back", "till")
        server.play("/api/v1/namespaces", listing(9, namespace("front", 3)))
        server.play("watch /api/v1/namespaces", OPEN)
        kinds = {kind: KINDS[kind] for kind in ("Namespace", "Service")}
        async with following(KubeSource(client, kinds, scope=Labelled("team=shop"), timing=QUICK)) as world:
            assert names(await anext(world)) == ["+Namespace front", "+Service front/cart"]
            await server.send("watch /api/v1/namespaces", lines([event("ADDED", namespace("back", 10))]))
            await heard(world, "+Namespace back", "+Service back/till")
            await server.send("watch /api/v1/namespaces", lines([event("DELETED", namespace("front", 11))]))
            await heard(world, "-Namespace front", "-Service front/cart")
    (asked,) = server.of("/api/v1/namespaces")
    assert asked.query["labelSelector"] == "team=shop"
