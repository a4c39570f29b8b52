"""What is remembered of a TokenReview's answer, and for how long; a server on loopback plays the kube-apiserver."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kube.loopback import Answer, Loopback, Stream, connected
from translator.value import Key
from xds_server.ads.admission import Identity, Unauthenticated, Unavailable
from xds_server.kube.client import Client
from xds_server.kube.identity.tokens import AUDIENCE, TOKEN_REVIEWS, Terms, TokenReviews

pytestmark = pytest.mark.anyio

EDGE = Key("shop", "edge-gatehouse")
DOWN = Answer({"kind": "Status", "code": 503, "reason": "ServiceUnavailable"}, 503)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def token(name: str = "edge", expires_in: float = 3600) -> str:
    """A token as its form goes; who signed it is for the kube-apiserver to say."""
    claims = json.dumps({"sub": name, "exp": 1_000_000 + expires_in}).encode()
    return f"e30.{urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


def accepted(user: str = "system:serviceaccount:shop:edge-gatehouse", audience: str = AUDIENCE) -> Answer:
    return Answer({"status": {"authenticated": True, "user": {"username": user}, "audiences": [audience]}}, 201)


REFUSED = Answer({"status": {"authenticated": False, "error": "invalid bearer token"}}, 201)


class Room:
    """Reviews with a clock, of a server that plays the answers."""

    def __init__(self, server: Loopback, client: Client, **terms: Any) -> None:
        self.server = server
        self.clock = Clock()
        self.reviews = TokenReviews(client, terms=Terms(**terms), clock=self.clock)

    @property
    def asked(self) -> int:
        return len(self.server.of(TOKEN_REVIEWS))

    def play(self, *answers: Answer) -> None:
        self.server.play(TOKEN_REVIEWS, *answers)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with connected(tmp_path) as (server, client):
        yield Room(server, client, most_good=2, most_bad=2)


async def test_a_token_is_reviewed_for_the_audience(room: Room) -> None:
    room.play(accepted())
    assert await room.reviews.review(token()) == Identity(EDGE, 300)
    (asked,) = room.server.asked
    assert asked.method == "POST"
    assert json.loads(asked.body)["spec"] == {"token": token(), "audiences": ["gatehouse.dev/xds"]}


async def test_a_good_answer_counts_for_five_minutes(room: Room) -> None:
    room.play(accepted())
    await room.reviews.review(token())
    room.clock.now += 299
    assert await room.reviews.review(token()) == Identity(EDGE, 1)
    assert room.asked == 1
    room.clock.now += 1
    await room.reviews.review(token())
    assert room.asked == 2


async def test_a_good_answer_counts_no_longer_than_the_token(room: Room) -> None:
    room.play(accepted(), REFUSED)
    assert await room.reviews.review(token(expires_in=60)) == Identity(EDGE, 60)
    room.clock.now += 60
    with pytest.raises(Unauthenticated):
        await room.reviews.review(token(expires_in=60))


@pytest.mark.parametrize(
    "answer",
    [
        REFUSED,
        accepted(audience="https://kubernetes.default.svc"),
        accepted(user="alice"),
        accepted(user="system:serviceaccount:shop"),
    ],
)
async def test_what_is_no_account_for_us_is_refused(room: Room, answer: Answer) -> None:
    room.play(answer)
    with pytest.raises(Unauthenticated):
        await room.reviews.review(token())


async def test_a_bad_answer_counts_for_seconds(room: Room) -> None:
    room.play(REFUSED, accepted())
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await room.reviews.review(token())
    assert room.asked == 1
    room.clock.now += 5
    assert (await room.reviews.review(token())).account == EDGE


@pytest.mark.parametrize("shown", ["", "opaque", "a.b", "a.b.c.d", f"a.{'b' * 20_000}.c", "a.ü.c"])
async def test_what_is_no_token_is_refused_unasked(room: Room, shown: str) -> None:
    with pytest.raises(Unauthenticated):
        await room.reviews.review(shown)
    assert room.asked == 0


async def test_an_outage_cuts_nobody_who_is_known(room: Room) -> None:
    """However long it lasts, and though the token expires meanwhile."""
    room.play(accepted(), DOWN)
    await room.reviews.review(token())
    room.clock.now += 24 * 3600
    assert await room.reviews.review(token()) == Identity(EDGE, 10)
    assert await room.reviews.review(token()) == Identity(EDGE, 10)
    assert room.asked == 2
    room.clock.now += 10
    room.play(REFUSED)
    with pytest.raises(Unauthenticated):
        await room.reviews.review(token())


async def test_who_is_not_known_has_to_wait_for_the_end_of_an_outage(room: Room) -> None:
    room.play(DOWN, accepted())
    with pytest.raises(Unavailable):
        await room.reviews.review(token())
    assert (await room.reviews.review(token())).account == EDGE


async def test_a_kube_apiserver_that_is_silent_is_an_outage(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, client):
        room = Room(server, client, patience=0.2)
        room.server.play(TOKEN_REVIEWS, accepted(), Stream(()))
        await room.reviews.review(token())
        room.clock.now += 300
        assert await room.reviews.review(token()) == Identity(EDGE, 10)


async def test_many_who_show_the_same_token_cost_one_question(room: Room) -> None:
    room.play(accepted())
    answers = await asyncio.gather(*(room.reviews.review(token()) for _ in range(10)))
    assert {answer.account for answer in answers} == {EDGE}
    assert room.asked == 1


async def test_one_who_leaves_does_not_spoil_the_answer_for_others(room: Room) -> None:
    room.play(accepted())
    first, second = (asyncio.ensure_future(room.reviews.review(token())) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).account == EDGE


async def test_a_flood_of_bad_tokens_drives_out_no_good_one(room: Room) -> None:
    room.play(accepted(), REFUSED)
    await room.reviews.review(token())
    for number in range(5):
        with pytest.raises(Unauthenticated):
            await room.reviews.review(token(f"bad{number}"))
    asked = room.asked
    assert (await room.reviews.review(token())).account == EDGE
    assert room.asked == asked


async def test_what_was_not_shown_longest_is_forgotten_first(room: Room) -> None:
    room.play(accepted())
    for name in ("a", "b", "a", "c", "a"):
        await room.reviews.review(token(name))
    assert room.asked == 3
    await room.reviews.review(token("b"))
    assert room.asked == 4


async def test_no_token_is_kept(room: Room) -> None:
    room.play(accepted(), REFUSED)
    await room.reviews.review(token())
    with pytest.raises(Unauthenticated):
        await room.reviews.review(token("bad"))
    assert "e30." not in repr(vars(room.reviews))
