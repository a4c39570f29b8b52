"""Whose token it is, as the kube-apiserver says (TokenReview), remembered briefly, and by the token's hash alone.

A token that was found good counts for five minutes, or until it expires if that is sooner, and is then asked about
again. While the kube-apiserver gives no answer it goes on counting, even if it expires meanwhile, for its Envoy cannot
get another one either: an outage cuts nobody who is known. A definite no ends it at once.
"""

import asyncio
import hashlib
import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import msgspec
import structlog

from translator.value import Key, Value
from xds_server import metrics
from xds_server.ads.admission import Identity, Unauthenticated, Unavailable
from xds_server.kube.client import Client, KubeError

log = structlog.get_logger()

AUDIENCE = "gatehouse.dev/xds"
TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105
USER_PREFIX = "system:serviceaccount:"

MAX_TOKEN = 16 * 1024

T = TypeVar("T")


class Terms(Value):
    """Seconds, and how much is remembered."""

    good: float = 300.0
    bad: float = 5.0
    outage: float = 10.0
    """Until the kube-apiserver is asked again after it gave no answer."""
    patience: float = 5.0
    """For one answer."""
    most_good: int = 20_000
    most_bad: int = 1_000
    at_once: int = 16
    """Questions; others wait their turn."""


class User(msgspec.Struct, frozen=True):
    """The parts of a UserInfo that are read."""

    username: str = ""


class ReviewStatus(msgspec.Struct, frozen=True):
    """The status of a TokenReview."""

    authenticated: bool = False
    user: User = User()
    audiences: tuple[str, ...] = ()


class TokenReview(msgspec.Struct, frozen=True):
    """The parts of a TokenReview that are read."""

    status: ReviewStatus = ReviewStatus()


class Claims(msgspec.Struct, frozen=True):
    """What is read from a token itself, after the kube-apiserver has found it good."""

    exp: float | None = None


class Good(Value):
    """A token that was found good."""

    account: Key
    until: float
    """When it is to be asked about again."""


class TokenReviews:
    """Asks the kube-apiserver about tokens, once for each of them at a time."""

    def __init__(
        self,
        client: Client,
        audience: str = AUDIENCE,
        terms: Terms = Terms(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._audience = audience
        self._terms = terms
        self._clock = clock
        self._good: OrderedDict[bytes, Good] = OrderedDict()
        self._bad: OrderedDict[bytes, float] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Identity]] = {}
        self._turns = asyncio.Semaphore(terms.at_once)

    async def review(self, token: str) -> Identity:
        """Return whose token it is; raises Unauthenticated or Unavailable."""
        if len(token) > MAX_TOKEN or token.count(".") != 2 or not token.isascii():
            raise Unauthenticated("what was shown is not a ServiceAccount's token")
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        good = self._good.get(digest)
        if good is not None and now < good.until:
            self._good.move_to_end(digest)
            return Identity(good.account, good.until - now)
        if now < self._bad.get(digest, 0.0):
            raise Unauthenticated("the kube-apiserver does not know the token")
        if (task := self._asking.get(digest)) is None:
            task = self._asking[digest] = asyncio.create_task(self._ask(digest, token))
            task.add_done_callback(lambda done: self._answered(digest, done))
        return await asyncio.shield(task)

    def _answered(self, digest: bytes, task: asyncio.Task[Identity]) -> None:
        del self._asking[digest]
        if not task.cancelled():
            task.exception()  # nobody may be waiting for it any more

    async def _ask(self, digest: bytes, token: str) -> Identity:
        try:
            account = await self._account(token)
        except (KubeError, TimeoutError, msgspec.DecodeError) as error:
            metrics.TOKEN_REVIEWS.labels("failed").inc()
            return self._in_an_outage(digest, error)
        if account is None:
            metrics.TOKEN_REVIEWS.labels("refused").inc()
            self._good.pop(digest, None)
            _remember(self._bad, digest, self._clock() + self._terms.bad, self._terms.most_bad)
            raise Unauthenticated("the kube-apiserver does not know the token, or it is for another audience")
        metrics.TOKEN_REVIEWS.labels("accepted").inc()
        now = self._clock()
        until = min(now + self._terms.good, max(_expiry(token), now + self._terms.bad))
        self._bad.pop(digest, None)
        _remember(self._good, digest, Good(account, until), self._terms.most_good)
        return Identity(account, until - now)

    def _in_an_outage(self, digest: bytes, error: Exception) -> Identity:
        """Go on with what was known; who is not known has to come again."""
        problem = str(error) or type(error).__name__
        known = self._good.get(digest)
        if known is None:
            log.warning("identity.review.failed", problem=problem)
            raise Unavailable("the kube-apiserver, which knows whose token it is, gives no answer")
        log.warning("identity.review.failed", problem=problem, kept=str(known.account))
        until = self._clock() + self._terms.outage
        _remember(self._good, digest, Good(known.account, until), self._terms.most_good)
        return Identity(known.account, self._terms.outage)

    async def _account(self, token: str) -> Key | None:
        """Ask whose token it is; None if it is nobody's, no ServiceAccount's or not for us."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [self._audience]},
        }
        async with self._turns, asyncio.timeout(self._terms.patience):
            answer = await self._client.request("POST", TOKEN_REVIEWS, body)
        status = msgspec.json.decode(answer, type=TokenReview).status
        if not status.authenticated or self._audience not in status.audiences:
            return None
        namespace, _, name = status.user.username.removeprefix(USER_PREFIX).partition(":")
        is_account = status.user.username.startswith(USER_PREFIX) and namespace and name
        return Key(namespace, name) if is_account else None


def _remember(table: OrderedDict[bytes, T], digest: bytes, value: T, most: int) -> None:
    """Put into a table what is newest; what was not asked for longest goes."""
    table[digest] = value
    table.move_to_end(digest)
    while len(table) > most:
        table.popitem(last=False)


def _expiry(token: str) -> float:
    """Return when a token says that it expires, in seconds since 1970; never, if it does not say."""
    payload = token.split(".")[1]
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=Claims)
    except ValueError:
        return float("inf")
    return float("inf") if claims.exp is None else claims.exp
