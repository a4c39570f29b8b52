"""Who is let in to a Gateway's configuration. The stream asks; how the answers are found is another room's business."""

import asyncio
from typing import Protocol, Self

from translator.value import Key, Value

RECHECK_SECONDS = 1.0
"""Between two proofs of who a client is, at least."""


class Identity(Value):
    """Who a client has proved to be."""

    account: Key
    """Its ServiceAccount."""
    seconds: float
    """How long that holds before it is to be proved again."""


class Unauthenticated(Exception):
    """The client has not proved who it is; the message says why, and holds no part of a credential."""


class Unavailable(Exception):
    """Whether the client is who it says cannot be found out now."""


class Forbidden(Exception):
    """A client may not have what it asks for; the message says who it is, and what that was."""


class Admission(Protocol):
    """What a server asks about each stream, before its first answer and again when an identity's seconds are over."""

    async def authenticate(self, authorization: str) -> Identity:
        """Find out who shows this value of the `authorization` header; raises Unauthenticated or Unavailable."""
        ...

    def authorize(self, identity: Identity, gateway: Key) -> bool:
        """Whether somebody may have what the Envoys of a Gateway are told."""
        ...


class Guard:
    """Who is at the other end of a stream, proved again from time to time."""

    def __init__(self, admission: Admission, authorization: str, identity: Identity) -> None:
        self._admission = admission
        self._authorization = authorization
        self._identity = identity

    @classmethod
    async def of(cls, admission: Admission, authorization: str) -> Self:
        """Find out who speaks; raises Unauthenticated or Unavailable."""
        return cls(admission, authorization, await admission.authenticate(authorization))

    def admit(self, gateway: Key) -> None:
        """Raise Forbidden unless a Gateway's configuration is theirs to have."""
        if not self._admission.authorize(self._identity, gateway):
            raise Forbidden(f"ServiceAccount {self._identity.account} is not that of the Envoys of Gateway {gateway}")

    async def watch(self, gateway: Key) -> None:
        """Raise what ends the stream, once it has to end; that nobody knows is no reason to."""
        while True:
            await asyncio.sleep(max(RECHECK_SECONDS, self._identity.seconds))
            try:
                self._identity = await self._admission.authenticate(self._authorization)
            except Unavailable:
                continue
            self.admit(gateway)
