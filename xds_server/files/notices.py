"""Notices of change from the file system, gathered while nobody listens."""

import asyncio
import os
from collections.abc import Iterable
from typing import Self

from watchfiles import awatch

from xds_server.files.tree import SUFFIXES

DEBOUNCE, STEP = 100, 20
"""Milliseconds: a burst is one notice after this long at most, or when it pauses for a step."""


class Notices:
    """Watches directories, each for itself and not for those below it, while it is entered."""

    def __init__(self, directories: Iterable[str]) -> None:
        self._directories = sorted(directories)
        self._changed: set[str] = set()
        self._event = asyncio.Event()
        self.deaf = not self._directories
        """Whether the file system cannot be asked to tell, for instance for want of inotify watches."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        await asyncio.sleep(0)  # the watch begins in the task's first step
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        (end,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(end, Exception):
            raise end

    async def wait(self, seconds: float) -> frozenset[str]:
        """Return the paths that changed, as soon as some did; none after `seconds`, or where one cannot say which."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return frozenset()
        changed, self._changed = frozenset(self._changed), set()
        self._event.clear()
        return changed

    async def _listen(self) -> None:
        if self.deaf:
            return
        try:
            async for changes in awatch(
                *self._directories,
                watch_filter=None,
                recursive=False,
                debounce=DEBOUNCE,
                step=STEP,
                ignore_permission_denied=True,
                force_polling=False,
            ):
                relevant = {path for _, path in changes if _relevant(path)}
                if relevant:
                    self._changed |= relevant
                    self._event.set()
        except (OSError, RuntimeError):  # a directory is gone already, or no watch can be had
            self.deaf = True
            self._event.set()


def _relevant(path: str) -> bool:
    """Whether a path can matter: our suffixes, links of a mounted volume such as `..data`, and directories."""
    name = os.path.basename(path)
    if name.startswith(".") and not name.startswith(".."):
        return False
    return name.endswith(SUFFIXES) or os.path.islink(path) or not os.path.isfile(path)
