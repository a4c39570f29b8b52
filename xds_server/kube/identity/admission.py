"""Lets an Envoy have the configuration of the Gateway that it was made for, and of no other."""

from translator.value import Key
from xds_server.ads.admission import Identity, Unauthenticated
from xds_server.kube.identity.accounts import Accounts
from xds_server.kube.identity.tokens import TokenReviews

SCHEME = "bearer"


class FleetAdmission:
    """The Admission of a cluster's xDS server."""

    def __init__(self, reviews: TokenReviews, accounts: Accounts) -> None:
        self._reviews = reviews
        self._accounts = accounts

    async def authenticate(self, authorization: str) -> Identity:
        """Find out whose token it is; raises Unauthenticated or Unavailable."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != SCHEME or not token.strip():
            raise Unauthenticated("no bearer token was shown")
        return await self._reviews.review(token.strip())

    def authorize(self, identity: Identity, gateway: Key) -> bool:
        """Whether these are the Gateway's own Envoys: a token of another Gateway's opens nothing."""
        return self._accounts.get(gateway) == identity.account
