"""Who may look inside: on loopback anybody, elsewhere who shows a certificate or a token that admits them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from tests.kube.loopback import Answer, Loopback, connected
from tests.live.authority import Authority
from translator.pipeline import Settings
from xds_server import app
from xds_server.ads.admission import Forbidden, Unauthenticated, Unavailable
from xds_server.control_plane import ControlPlane
from xds_server.debug.access import Unprotected, is_loopback
from xds_server.debug.known import Known
from xds_server.debug.service import DEBUG, DebugServer
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.kube.identity.viewers import ACCESS_REVIEWS, TOKEN_REVIEWS, Viewers

pytestmark = pytest.mark.anyio

USER = {"username": "ann", "uid": "7", "groups": ["operators"], "extra": {"scopes": ["a"]}}
KNOWN = Answer({"status": {"authenticated": True, "user": USER}}, 201)
NOBODY = Answer({"status": {"authenticated": False}}, 201)
ALLOWED, DENIED = (Answer({"status": {"allowed": it}}, 201) for it in (True, False))
DOWN = Answer({"kind": "Status", "code": 503, "reason": "ServiceUnavailable"}, 503)


@pytest.fixture(scope="module")
async def one_loop() -> None:
    """One event loop for all tests, for gRPC does not like it to change."""
    return


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1:18001", True),
        ("127.9.9.9:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:18001", False),
        ("[::]:18001", False),
        ("gatehouse:18001", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(address: str, near: bool) -> None:
    assert is_loopback(address) is near


# ---- tokens of a cluster --------------------------------------------------------------------------------------------


@pytest.fixture
async def kube(tmp_path: Path) -> AsyncIterator[tuple[Loopback, Viewers]]:
    async with connected(tmp_path) as (server, client):
        yield server, Viewers(client)


async def test_whose_token_it_is_decides_by_what_they_may(kube: tuple[Loopback, Viewers]) -> None:
    """All that the kube-apiserver knows of the caller goes into the question whether they may."""
    server, viewers = kube
    server.play(TOKEN_REVIEWS, KNOWN)
    server.play(ACCESS_REVIEWS, ALLOWED)
    assert await viewers.admit("Bearer t0ken") == "ann"
    asked = [json.loads(it.body)["spec"] for it in server.asked]
    assert asked[0] == {"token": "t0ken"}
    attributes = {"path": "/gatehouse/debug", "verb": "get"}
    assert asked[1] == {
        "user": "ann",
        "uid": "7",
        "groups": ["operators"],
        "extra": {"scopes": ["a"]},
        "nonResourceAttributes": attributes,
    }
    assert await viewers.admit("Bearer t0ken") == "ann"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("token", "access", "refusal", "words"),
    [
        (NOBODY, ALLOWED, Unauthenticated, "does not know the token"),
        (KNOWN, DENIED, Forbidden, "ann may not get /gatehouse/debug"),
        (DOWN, ALLOWED, Unavailable, "gives no answer"),
        (KNOWN, DOWN, Unavailable, "gives no answer"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    kube: tuple[Loopback, Viewers], token: Answer, access: Answer, refusal: type[Exception], words: str
) -> None:
    server, viewers = kube
    server.play(TOKEN_REVIEWS, token)
    server.play(ACCESS_REVIEWS, access)
    with pytest.raises(refusal, match=words):
        await viewers.admit("Bearer t0ken")


@pytest.mark.parametrize("shown", ["", "Basic YTpi", "Bearer ", "Bearer " + 20_000 * "x"])
async def test_what_is_no_token_is_not_asked_about(kube: tuple[Loopback, Viewers], shown: str) -> None:
    server, viewers = kube
    with pytest.raises(Unauthenticated):
        await viewers.admit(shown)
    assert not server.asked


class Ann:
    """Admits one token."""

    async def admit(self, authorization: str) -> str:
        if authorization != "Bearer ann":
            raise Unauthenticated("show a token")
        return "ann"


async def test_every_method_asks_who_calls(one_loop: None) -> None:
    """Those of one answer, those of many, CSDS, health and reflection: without a token none says a word."""
    server = DebugServer(Known(ControlPlane(Settings()), tuple), Ann())
    port = server.bind("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for call in calls(channel):
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await asyncio.wait_for(read(call, ()), 10)
            assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        metadata = (("authorization", "Bearer ann"),)
        assert await read(next(iter(calls(channel))), metadata) is not None
    await server.stop()


def calls(channel: Any) -> list[Any]:
    unary = [f"/{DEBUG}/ListGateways", "/grpc.health.v1.Health/Check"]
    csds = "/envoy.service.status.v3.ClientStatusDiscoveryService"
    unary.append(f"{csds}/FetchClientStatus")
    streams = [f"{csds}/StreamClientStatus", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
    return [
        *(channel.unary_unary(it) for it in unary),
        *(channel.unary_stream(f"/{DEBUG}/{it}") for it in ("GetSnapshot", "WatchChanges")),
        *(channel.stream_stream(it) for it in streams),
    ]


async def read(call: Any, metadata: Any) -> Any:
    if isinstance(call, grpc.aio.UnaryUnaryMultiCallable):
        return await call(b"", metadata=metadata)
    if isinstance(call, grpc.aio.UnaryStreamMultiCallable):
        return await call(b"", metadata=metadata).read()
    return await call(metadata=metadata).read()


# ---- certificates, where there is no cluster ------------------------------------------------------------------------


def settings(folder: Path, certificate: str = "") -> app.Settings:
    return app.Settings(
        paths=(str(folder),),
        channel="experimental",
        controller_name="gatehouse.dev/gateway-controller",
        xds_address="127.0.0.1:0",
        debug_address="127.0.0.1:0,0.0.0.0:0",
        debug_certificate=certificate,
    )


async def test_nobody_is_served_beyond_loopback_unasked(one_loop: None, tmp_path: Path) -> None:
    """Instead it does not start, and says what to do."""
    with pytest.raises(ExceptionGroup) as raised:
        async with app.running(settings(tmp_path)):
            pass
    [error] = raised.value.exceptions
    assert isinstance(error, Unprotected)
    assert "--debug-certificate" in str(error)
    assert "127.0.0.1" in str(error)


async def test_clients_of_the_authority_are_served_and_no_others(one_loop: None, tmp_path: Path) -> None:
    ours, theirs = Authority("ours"), Authority("theirs")
    shown = ours.issue("localhost", "localhost")
    for name, content in (("tls.crt", shown.certificate), ("tls.key", shown.key), ("ca.crt", ours.text.encode())):
        (tmp_path / name).write_bytes(content)
    resources = tmp_path / "resources"
    resources.mkdir()
    async with app.running(settings(resources, str(tmp_path))) as running:
        await running.listen()
        port = running.debug_ports[1]
        assert await gateways(port, ours, ours) == []
        for client in (theirs, None):
            with pytest.raises(grpc.aio.AioRpcError):
                await gateways(port, ours, client)


async def gateways(port: int, server: Authority, client: Authority | None) -> list[Any]:
    pair = None if client is None else client.issue("ann")
    credentials = grpc.ssl_channel_credentials(
        server.text.encode(), None if pair is None else pair.key, None if pair is None else pair.certificate
    )
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        call = channel.unary_unary(f"/{DEBUG}/ListGateways", response_deserializer=pb.ListGatewaysResponse.FromString)
        return list((await call(Empty().SerializeToString(), timeout=10)).gateways)
