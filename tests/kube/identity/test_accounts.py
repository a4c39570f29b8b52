"""Which ServiceAccount opens which Gateway."""

from pathlib import Path

import pytest

from tests.kube.loopback import connected
from translator.ir import Held, Infrastructure
from translator.pipeline import InfrastructureChange
from translator.value import Key
from xds_server.ads.admission import Identity, Unauthenticated
from xds_server.kube.identity import Accounts, FleetAdmission, TokenReviews

EDGE = Key("shop", "edge")
RUNS = Infrastructure(uid="c0ffee", class_name="gatehouse", ports=((80, "TCP"),))


def test_the_account_is_the_one_that_the_fleet_makes() -> None:
    accounts = Accounts()
    accounts.want([InfrastructureChange(EDGE, RUNS)])
    assert accounts.get(EDGE) == Key("shop", "edge-gatehouse")


def test_a_gateway_that_is_held_keeps_its_account() -> None:
    accounts = Accounts()
    accounts.want([InfrastructureChange(EDGE, Held("gatehouse"))])
    assert accounts.get(EDGE) == Key("shop", "edge-gatehouse")


def test_a_gateway_that_is_gone_has_none() -> None:
    accounts = Accounts()
    accounts.want([InfrastructureChange(EDGE, RUNS), InfrastructureChange(EDGE, None)])
    assert accounts.get(EDGE) is None


@pytest.mark.anyio
async def test_an_account_opens_its_own_gateway_and_no_other(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, client):
        accounts = Accounts()
        accounts.want([InfrastructureChange(EDGE, RUNS), InfrastructureChange(Key("shop", "inner"), RUNS)])
        admission = FleetAdmission(TokenReviews(client), accounts)
        theirs = Identity(Key("shop", "edge-gatehouse"), 300)
        assert admission.authorize(theirs, EDGE)
        assert not admission.authorize(theirs, Key("shop", "inner"))
        assert not admission.authorize(theirs, Key("shop", "unknown"))
        assert not admission.authorize(Identity(Key("other", "edge-gatehouse"), 300), EDGE)


@pytest.mark.anyio
@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c"])
async def test_what_is_no_bearer_token_is_refused(tmp_path: Path, shown: str) -> None:
    async with connected(tmp_path) as (server, client):
        with pytest.raises(Unauthenticated):
            await FleetAdmission(TokenReviews(client), Accounts()).authenticate(shown)
        assert not server.asked
