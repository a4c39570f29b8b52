"""The debug endpoint at all of its addresses: open on loopback, guarded wherever somebody else comes in."""

from collections.abc import Callable
from typing import Any

from xds_server.debug.access import Access, is_loopback
from xds_server.debug.known import Known
from xds_server.debug.service import DebugServer

Bound = Callable[[Callable[[str], int], str], int]


def addresses(text: str) -> tuple[str, ...]:
    """Split HOST:PORT,HOST:PORT."""
    return tuple(filter(None, (it.strip() for it in text.split(","))))


class Doors:
    """Servers of one kind; the addresses say which of them needs a guard."""

    def __init__(self, known: Known, text: str, access: Access | None = None) -> None:
        everywhere = addresses(text)
        self._near = tuple(it for it in everywhere if is_loopback(it))
        self._far = tuple(it for it in everywhere if not is_loopback(it))
        self._open = DebugServer(known)
        self._guarded = DebugServer(known, access)
        self._servers = (self._open, self._guarded) if self._far else (self._open,)

    @property
    def far(self) -> tuple[str, ...]:
        """Addresses that others than this machine reach."""
        return self._far

    def open(self, bound: Bound) -> int:
        """Take the addresses on loopback; return the first one's port, 0 where there is none."""
        return [*(bound(self._open.bind, it) for it in self._near), 0][0]

    def open_to_others(self, bound: Bound, credentials: Any) -> int:
        """Take the other addresses, with TLS; return the first one's port, 0 where there is none."""
        return [*(bound(lambda at: self._guarded.bind(at, credentials), it) for it in self._far), 0][0]

    async def start(self) -> None:
        """Answer from now on."""
        for server in self._servers:
            await server.start()

    async def stop(self) -> None:
        """End what is being answered."""
        for server in self._servers:
            await server.stop()
