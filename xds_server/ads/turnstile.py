"""Large pieces of work, one in each round of the event loop: whoever has little to do waits for one of them at most."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """Lets them pass one by one, in the order in which they came, and everybody else in between."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Do a piece of work that waits for nothing."""
        async with self._lock:
            yield
            await asyncio.sleep(0)
