"""An admission whose guests a test names."""

from translator.value import Key
from xds_server.ads.admission import Identity, Unauthenticated, Unavailable


class Doorman:
    """Knows tokens and whose they are; each ServiceAccount may have the Gateway of its own name."""

    def __init__(self, **accounts: Key) -> None:
        self.accounts = accounts
        self.shown: list[str] = []
        self.seconds = 3600.0
        self.away = False

    async def authenticate(self, authorization: str) -> Identity:
        token = authorization.removeprefix("Bearer ")
        self.shown.append(token)
        if self.away:
            raise Unavailable("nobody knows")
        if token not in self.accounts:
            raise Unauthenticated("nobody knows the token")
        return Identity(self.accounts[token], self.seconds)

    def authorize(self, identity: Identity, gateway: Key) -> bool:
        return identity.account == gateway
