"""Keeps one collection in step with the kube-apiserver: lists it, watches it, and starts over when it has to."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

import msgspec
import structlog

from translator.value import Value
from xds_server import metrics
from xds_server.kube.backoff import Backoff
from xds_server.kube.client import IDLE_TIMEOUT, JSON, Client
from xds_server.kube.errors import ApiError, KubeError, Unreachable
from xds_server.kube.reflection import Reflection

log = structlog.get_logger()

PATIENT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
"""Refusals that say nothing about the version from which a watch was to go on."""
DISTRUST = 3
"""Failures of a watch in a row after which the version is no longer trusted and the list is asked for again."""
SETTLED = 5.0
"""Seconds after which a watch counts as a success even if nothing happened in it."""


class Timing(Value):
    """How patient the watches are; seconds, but for `page`, which is objects."""

    page: int = 500
    watch: float = 300.0
    """After this long, and up to twice as long, the server is to end a watch, which then goes on on another one."""
    idle: float = IDLE_TIMEOUT
    backoff: Backoff = Backoff()
    discovery: float = 5.0
    """Between two looks at which kinds are served."""
    patience: float = 10.0
    """How long the first world waits for kinds that may not be read."""
    hold: float = 5.0
    """How long a batch waits for the Secrets and other objects that it refers to."""


class Collection(Value):
    """What is followed: a path, and what of it; `accept` is for lists and watches."""

    kind: str
    path: str
    selector: tuple[tuple[str, str], ...] = ()
    """`labelSelector` or `fieldSelector` and its value."""
    accept: tuple[str, str] = (JSON, JSON)


class Health:
    """How a collection fares."""

    def __init__(self) -> None:
        self.synced = False
        """Whether it has been listed once."""
        self.problem = ""
        """What is wrong now, in the kube-apiserver's words; empty while all is well."""
        self.refused = False
        """Whether we have not been allowed to read it, for as long as patience lasts."""
        self.last_event = 0.0
        """When the last event or bookmark came, in seconds since 1970."""
        self.lists = 0
        self.events = 0
        self.errors = 0


class Reflector:
    """Lists and watches a collection for as long as it runs."""

    def __init__(
        self,
        client: Client,
        collection: Collection,
        reflection: Reflection[Any],
        timing: Timing,
        changed: Callable[[], None],
    ) -> None:
        self.health = Health()
        self._client = client
        self._collection = collection
        self._reflection = reflection
        self._timing = timing
        self._changed = changed
        self._failures = 0
        self._refused_since: float | None = None

    async def run(self) -> None:
        """Follow the collection until cancelled; what goes wrong is reported and tried again."""
        while True:
            try:
                if not self._reflection.version:
                    await self._list()
                await self._watch()
            except (KubeError, msgspec.DecodeError) as error:
                await self._recover(error)

    async def _list(self) -> None:
        """Read all pages, which take effect together; where they expire midway, all in one."""
        try:
            await self._pages(self._timing.page)
        except ApiError as error:
            if error.status != HTTPStatus.GONE:
                raise
            await self._pages(None)
        self.health.synced = True
        self.health.lists += 1
        metrics.KUBE_LISTS.labels(self._collection.kind).inc()
        self._well()

    async def _pages(self, limit: int | None) -> None:
        self._reflection.begin()
        params = dict(self._collection.selector)
        if limit is not None:
            params["limit"] = str(limit)
        while more := self._reflection.page(
            await self._client.get(self._collection.path, params, accept=self._collection.accept[0])
        ):
            params["continue"] = more

    async def _watch(self) -> None:
        """Take events until the server ends the watch; the next one goes on where this one ended."""
        params = {
            **dict(self._collection.selector),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._reflection.version,
            "timeoutSeconds": str(int(self._timing.watch * random.uniform(1, 2))),  # noqa: S311
        }
        health, events = self.health, metrics.KUBE_EVENTS.labels(self._collection.kind)
        started = time.monotonic()
        stream = self._client.stream(
            self._collection.path, params, accept=self._collection.accept[1], idle=self._timing.idle
        )
        quiet = True
        async with aclosing(stream) as lines:
            async for line in lines:
                if self._reflection.line(line) != "BOOKMARK":
                    events.inc()
                    health.events += 1
                health.last_event = time.time()
                if quiet:
                    quiet = False
                    self._failures = 0
                    self._well()
        if quiet and time.monotonic() - started < SETTLED:
            raise Unreachable(f"GET {self._collection.path}: the watch ended before it said anything")
        self._failures = 0

    def _well(self) -> None:
        self.health.problem = ""
        self.health.refused = False
        self._refused_since = None
        self._changed()

    async def _recover(self, error: KubeError | msgspec.DecodeError) -> None:
        """Report a failure, decide where to go on, and wait."""
        self._failures += 1
        status = error.status if isinstance(error, ApiError) else None
        retry_after = error.retry_after if isinstance(error, ApiError) else None
        self._report(error, status)
        doubtful = not isinstance(error, Unreachable) and status not in PATIENT
        if status == HTTPStatus.GONE or (doubtful and self._failures >= DISTRUST):
            self._reflection.version = ""
        await asyncio.sleep(self._timing.backoff.delay(self._failures, retry_after))

    def _report(self, error: Exception, status: int | None) -> None:
        reason = error.reason if isinstance(error, ApiError) else type(error).__name__
        metrics.KUBE_ERRORS.labels(self._collection.kind, reason).inc()
        self.health.errors += 1
        if status == HTTPStatus.GONE:
            log.info("kube.expired", kind=self._collection.kind)
            return
        if status == HTTPStatus.FORBIDDEN:
            self._refused_since = self._refused_since or time.monotonic()
            self.health.refused = time.monotonic() - self._refused_since >= self._timing.patience
        if self.health.problem != str(error):
            log.warning("kube.failed", kind=self._collection.kind, problem=str(error))
        self.health.problem = str(error)
        self._changed()
