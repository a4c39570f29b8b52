"""Who may look inside: on loopback whoever is on this machine, elsewhere who proves to be allowed to.

The debug endpoint asks here. The page, which shows the same, is for loopback alone and asks nobody.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, Protocol

import grpc

from xds_server.ads.admission import Forbidden, Unauthenticated, Unavailable

AGAIN_SECONDS = 60.0
"""After so long somebody who goes on listening is asked again who they are."""
CODES = {
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}
REFUSALS = (Unauthenticated, Forbidden, Unavailable)


class Access(Protocol):
    """Says who may look inside."""

    async def admit(self, authorization: str) -> str:
        """Return who shows this value of an `authorization` header, if they may look.

        Raises Unauthenticated, Forbidden, or Unavailable where nobody can tell.
        """
        ...


class Unprotected(Exception):
    """Others than this machine could look inside without being asked who they are; the message says what to do."""

    def __init__(self, address: str, advice: str) -> None:
        super().__init__(f"{address} would show what is inside to whoever asks: {advice}; or listen at 127.0.0.1")


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches a HOST:PORT."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets calls in whose metadata show somebody who may look; every method is guarded alike."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        """Return the method, or one that only refuses."""
        try:
            await self._access.admit(shown(details.invocation_metadata))
        except REFUSALS as refusal:
            return _refusing(refusal)
        return await continuation(details)

    async def still_admits(self, context: Any) -> bool:
        """Whether a caller who goes on listening may; that nobody can tell is no reason to stop."""
        try:
            await self._access.admit(shown(context.invocation_metadata()))
        except Unavailable:
            return True
        except (Unauthenticated, Forbidden):
            return False
        return True


def shown(metadata: Any) -> str:
    """Return what a caller shows of who they are; empty if nothing."""
    return "".join(value for key, value in metadata or () if key == "authorization")


def _refusing(refusal: Exception) -> Any:
    async def refuse(_: Any, context: Any) -> None:
        await context.abort(CODES[type(refusal)], str(refusal))

    return grpc.stream_stream_rpc_method_handler(refuse)
