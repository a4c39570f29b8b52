"""Replicas that share one Secret; a server on loopback plays the kube-apiserver."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kube.loopback import Answer, Loopback, connected
from translator.value import Key
from xds_server.kube.client import ApiError, Client
from xds_server.kube.identity import AuthorityKeeper, ServingCertificate
from xds_server.kube.identity.authority import Authority, Unreadable, found, read, written

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = Key("gatehouse-system", "gatehouse-xds-authority")
ALL = "/api/v1/namespaces/gatehouse-system/secrets"
ONE = f"{ALL}/gatehouse-xds-authority"
MISSING = Answer({"kind": "Status", "code": 404, "reason": "NotFound"}, 404)
CONFLICT = Answer({"kind": "Status", "code": 409, "reason": "AlreadyExists"}, 409)
DONE = Answer({"metadata": {"resourceVersion": "8"}}, 201)


def stored(authority: Authority) -> Answer:
    return Answer({"metadata": {"resourceVersion": "7"}, "data": written(authority)})


class Replica:
    def __init__(self, client: Client) -> None:
        self.now = NOW
        self.serving = ServingCertificate()
        self.keeper = AuthorityKeeper(client, SECRET, ["gatehouse"], self.serving, lambda: self.now)
        self.told: list[str] = []
        self.serving.watch(self.told.append)


def sent(server: Loopback, *methods: str) -> Iterable[dict[str, Any]]:
    return [json.loads(asked.body) for asked in server.asked if asked.method in methods]


async def test_whoever_comes_first_makes_the_secret(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(ONE, MISSING)
        server.play(ALL, DONE)
        replica = Replica(client)
        await replica.keeper.look()
        (made,) = sent(server, "POST")
        assert made["metadata"]["name"] == "gatehouse-xds-authority"
        assert replica.told == [read(made["data"]).bundle]


async def test_whoever_comes_second_takes_what_is_there(tmp_path: Path) -> None:
    theirs = found(NOW)
    async with connected(tmp_path) as (server, client):
        server.play(ONE, MISSING, stored(theirs))
        server.play(ALL, CONFLICT)
        replica = Replica(client)
        await replica.keeper.look()
        assert replica.told == [theirs.bundle]


async def test_nothing_is_written_or_issued_while_nothing_is_due(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(ONE, stored(found(NOW)))
        replica = Replica(client)
        await replica.keeper.look()
        first = replica.serving.pair
        replica.now += timedelta(days=10)
        await replica.keeper.look()
        assert replica.serving.pair is first
        assert not sent(server, "POST", "PUT")
        replica.now += timedelta(days=11)
        await replica.keeper.look()
        assert replica.serving.pair != first
        assert len(replica.told) == 1


async def test_a_rotation_is_written_over_what_was_read_and_nothing_newer(tmp_path: Path) -> None:
    old = found(NOW - timedelta(days=250))
    async with connected(tmp_path) as (server, client):
        server.play(ONE, stored(old), DONE)
        replica = Replica(client)
        await replica.keeper.look()
        (written_over,) = sent(server, "PUT")
        assert written_over["metadata"]["resourceVersion"] == "7"
        assert read(written_over["data"]).current == old.current
        assert replica.told == [read(written_over["data"]).bundle]


async def test_a_secret_that_was_deleted_comes_back_as_it_was(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        server.play(ONE, stored(found(NOW)), MISSING)
        server.play(ALL, DONE)
        replica = Replica(client)
        await replica.keeper.look()
        await replica.keeper.look()
        (made,) = sent(server, "POST")
        assert replica.told == [read(made["data"]).bundle]


async def test_a_spoilt_secret_or_an_outage_changes_nothing(tmp_path: Path) -> None:
    spoilt = Answer({"metadata": {"resourceVersion": "9"}, "data": {}})
    down = Answer({"kind": "Status", "code": 500}, 500)
    async with connected(tmp_path) as (server, client):
        server.play(ONE, stored(found(NOW)), spoilt, down)
        replica = Replica(client)
        await replica.keeper.look()
        pair = replica.serving.pair
        with pytest.raises(Unreadable):
            await replica.keeper.look()
        with pytest.raises(ApiError):
            await replica.keeper.look()
        assert replica.serving.pair is pair
        assert not sent(server, "POST", "PUT")
