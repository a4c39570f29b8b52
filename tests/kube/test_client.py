import json
import stat
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.kube.loopback import Answer, Stream, connected, kubeconfig, loopback
from xds_server.kube.client import ApiError, Client, Unreachable
from xds_server.kube.credentials import Credentials, CredentialsError
from xds_server.kube.paths import path_of

CART = path_of("v1", "services", "shop", "cart")
pytestmark = pytest.mark.anyio

REFUSED = {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("v1", "services"), "/api/v1/services"),
        (("v1", "services", "shop", "cart", "status"), "/api/v1/namespaces/shop/services/cart/status"),
        (("apps/v1", "deployments", "shop"), "/apis/apps/v1/namespaces/shop/deployments"),
        (("rbac.authorization.k8s.io/v1", "clusterroles", "", "system:basic-user"),
         "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Abasic-user"),
    ],
)  # fmt: skip
async def test_paths(arguments: tuple[str, ...], path: str) -> None:
    assert path_of(*arguments) == path


async def test_an_apply_names_its_manager_and_sends_the_document(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Answer({"ok": True}))
        assert await client.apply(CART, {"kind": "Service"}, manager="gatehouse") == b'{"ok": true}'
    (asked,) = server.asked
    assert (asked.method, asked.query) == ("PATCH", {"fieldManager": "gatehouse", "force": "true"})
    assert asked.headers["Content-Type"] == "application/apply-patch+yaml"
    assert asked.headers["Authorization"] == "Bearer t"
    assert json.loads(asked.body) == {"kind": "Service"}


async def test_a_refusal_carries_its_reason_and_when_to_come_back(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        busy = {"code": 429, "reason": "TooManyRequests", "message": "later"}
        server.play(CART, Answer(busy, status=429, headers={"Retry-After": "3"}))
        with pytest.raises(ApiError) as raised:
            await client.get(CART)
    error = raised.value
    assert (error.status, error.reason, error.message, error.retry_after) == (429, "TooManyRequests", "later", 3)


async def test_a_refusal_by_something_else_than_a_kube_apiserver_is_still_one(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Answer(b"<html>bad gateway", status=502))
        with pytest.raises(ApiError) as raised:
            await client.get(CART)
    assert (raised.value.status, raised.value.message) == (502, "<html>bad gateway")


async def test_a_server_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    async with loopback() as server:
        client = await Client.load(kubeconfig(tmp_path, server.url, {}))
    async with client:
        with pytest.raises(Unreachable, match="GET /api/v1"):
            await client.get(CART)


async def test_a_stream_yields_whole_lines_however_they_are_cut(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Stream((b"on", b"e\ntwo\nth", b"ree\nhal"), end="end"))
        assert [line async for line in client.stream(CART)] == [b"one", b"two", b"three"]


async def test_a_stream_that_breaks_off_is_unreachable_after_what_came(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Stream((b"one\n",), end="cut"))
        stream = client.stream(CART)
        assert await anext(stream) == b"one"
        with pytest.raises(Unreachable):
            await anext(stream)


async def test_a_stream_that_falls_silent_is_unreachable(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Stream((b"one\n",)))
        async with aclosing(client.stream(CART, idle=0.1)) as stream:
            assert await anext(stream) == b"one"
            with pytest.raises(Unreachable):
                await anext(stream)


async def test_refused_credentials_are_fetched_again_from_the_plugin(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\necho x >> " + str(tmp_path / "runs") + "\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        '"status":{"token":"run-\'$(wc -l < ' + str(tmp_path / "runs") + ")'\"}}'\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    async with loopback() as server:
        credentials = Credentials(kubeconfig(tmp_path, server.url, user), reload_pause=0)
        await credentials.load()
        server.play(CART, Answer(REFUSED, status=401), Answer({}))
        async with Client(credentials) as client:
            assert await client.get(CART) == b"{}"
    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer run-1", "Bearer run-2"]


async def test_credentials_that_stay_refused_are_not_fetched_again_and_again(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(CART, Answer(REFUSED, status=401))
        with pytest.raises(ApiError) as raised:
            await client.get(CART)
    assert raised.value.status == 401
    assert len(server.asked) == 1


async def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="nowhere"):
        await Client.load(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(("exempt", "proxy"), [("", "http://proxy.example:3128"), ("127.0.0.1", None)])
async def test_the_proxy_of_the_environment_is_used_unless_the_host_is_exempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exempt: str, proxy: str | None
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", exempt)
    credentials = Credentials(kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "t"}))
    await credentials.load()
    assert credentials.proxy == proxy
