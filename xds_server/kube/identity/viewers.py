"""Who may look inside a control plane of a cluster: whoever may `get` the path /gatehouse/debug, as its RBAC says.

A caller shows a token of the cluster, a person's or a ServiceAccount's. The kube-apiserver is asked whose it is
(TokenReview) and what they may (SubjectAccessReview). Both answers are remembered together, and briefly, by the
token's hash alone; while the kube-apiserver gives no answer nobody new is let in.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from translator.value import Value
from xds_server.ads.admission import Forbidden, Unauthenticated, Unavailable
from xds_server.kube.client import Client, KubeError
from xds_server.kube.identity.tokens import MAX_TOKEN, TOKEN_REVIEWS

log = structlog.get_logger()

ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
SCHEME = "bearer"
VERB, PATH = "get", "/gatehouse/debug"
"""What somebody must be allowed to do: a nonResourceURL of a ClusterRole."""


class Terms(Value):
    """Seconds, and how many are remembered."""

    good: float = 60.0
    bad: float = 5.0
    patience: float = 5.0
    """For each of the kube-apiserver's answers."""
    most: int = 1_000
    at_once: int = 4


class User(msgspec.Struct, frozen=True):
    """Whose token it is; all of it goes into the second question."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


class TokenStatus(msgspec.Struct, frozen=True):
    """The parts of a TokenReview's status that are read."""

    authenticated: bool = False
    user: User = User()


class TokenReview(msgspec.Struct, frozen=True):
    """The parts of a TokenReview that are read."""

    status: TokenStatus = TokenStatus()


class AccessStatus(msgspec.Struct, frozen=True):
    """The parts of a SubjectAccessReview's status that are read."""

    allowed: bool = False


class AccessReview(msgspec.Struct, frozen=True):
    """The parts of a SubjectAccessReview that are read."""

    status: AccessStatus = AccessStatus()


class Verdict(Value):
    """What the kube-apiserver said of a token."""

    name: str
    """Empty where it is nobody's."""
    allowed: bool
    until: float


class Viewers:
    """The Access of a cluster: asks the kube-apiserver about callers."""

    def __init__(self, client: Client, terms: Terms = Terms(), clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._terms = terms
        self._clock = clock
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()
        self._turns = asyncio.Semaphore(terms.at_once)

    async def admit(self, authorization: str) -> str:
        """Return the name of who may look; raises Unauthenticated, Forbidden or Unavailable."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != SCHEME or not token:
            raise Unauthenticated("show a token of the cluster: authorization: Bearer TOKEN")
        if len(token) > MAX_TOKEN or not token.isascii():
            raise Unauthenticated("what was shown is no token")
        verdict = await self._verdict(token)
        if not verdict.name:
            raise Unauthenticated("the kube-apiserver does not know the token")
        if not verdict.allowed:
            raise Forbidden(
                f"{verdict.name} may not {VERB} {PATH}: bind them to a ClusterRole with this nonResourceURL, "
                "as the chart's debug-viewer is"
            )
        return verdict.name

    async def _verdict(self, token: str) -> Verdict:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._clock() < known.until:
            return known
        try:
            async with self._turns:
                user = await self._user(token)
                allowed = user is not None and await self._allowed(user)
        except (KubeError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("debug.review.failed", problem=str(error) or type(error).__name__)
            raise Unavailable("the kube-apiserver, which knows whose token it is, gives no answer") from error
        keep = self._terms.good if allowed else self._terms.bad
        verdict = Verdict("" if user is None else user.username, allowed, self._clock() + keep)
        self._known[digest] = verdict
        self._known.move_to_end(digest)
        while len(self._known) > self._terms.most:
            self._known.popitem(last=False)
        return verdict

    async def _user(self, token: str) -> User | None:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        status = msgspec.json.decode(await self._asked(TOKEN_REVIEWS, body), type=TokenReview).status
        return status.user if status.authenticated and status.user.username else None

    async def _allowed(self, user: User) -> bool:
        spec = {
            "user": user.username,
            "uid": user.uid,
            "groups": user.groups,
            "extra": user.extra,
            "nonResourceAttributes": {"path": PATH, "verb": VERB},
        }
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        return msgspec.json.decode(await self._asked(ACCESS_REVIEWS, body), type=AccessReview).status.allowed

    async def _asked(self, path: str, body: Any) -> bytes:
        async with asyncio.timeout(self._terms.patience):
            return await self._client.request("POST", path, body)
