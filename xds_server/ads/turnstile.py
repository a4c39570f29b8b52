"""Large pieces of work, one in each round of the event loop: whoever has little to do waits for one of them at most."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

STEP = 1.0
"""Seconds between two looks at the clock; when everything stands still for longer, no more of it counts."""
T = TypeVar("T")


class Turnstile:
    """Lets them pass one by one, in the order in which they came, and everybody else in between."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._worked = 0.0
        """Seconds that large pieces of work took so far."""

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Do a piece of work that waits for nothing."""
        async with self._lock:
            began = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                self._worked += asyncio.get_running_loop().time() - began
            await asyncio.sleep(0)

    async def within(self, seconds: float, what: Coroutine[Any, Any, T]) -> T:
        """Wait for somebody else; raises TimeoutError. Time in which large pieces of work are done does not count.

        In a storm of Envoys what one of them said long ago is read when it is its turn.
        """
        task = asyncio.ensure_future(what)
        clock = asyncio.get_running_loop().time
        try:
            while seconds > 0:
                began, worked = clock(), self._worked
                if (await asyncio.wait({task}, timeout=min(seconds, STEP)))[0]:
                    return task.result()
                seconds -= max(0.0, min(clock() - began, STEP) - (self._worked - worked))
            raise TimeoutError
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
