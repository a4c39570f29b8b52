"""Writes what the translator says of objects into their status: ours only, seldom, and until it stands there.

One way for every kind, because `parents` and `ancestors` are atomic lists that server-side apply would replace whole:
the object is read, our words are edited into its status (`own_status`), and the fields that differ are sent as a merge
patch that carries the resourceVersion that was read; after a conflict it is read again. Only an object that is not
known to have a status is written without being read, by a JSON patch that tests that it has none.

What stands in the cluster is compared with what should stand there when writing begins, from time to time, and when a
watch saw that somebody else wrote (`saw`).
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec
import structlog

from translator.api.kinds import KINDS
from translator.status import PolicyStatus, RouteStatus, Status, StatusChange
from translator.value import Ref, Value
from xds_server import metrics
from xds_server.kube.agenda import NEVER, Agenda, Pace
from xds_server.kube.client import JSON_PATCH, ApiError, Client, KubeError
from xds_server.kube.counts import Counts
from xds_server.kube.decoding import version_of
from xds_server.kube.fights import Fights
from xds_server.kube.observed import Observed, pages
from xds_server.kube.own_status import Document, edits, is_touched, programmed_at
from xds_server.kube.paths import path_of

log = structlog.get_logger()

FIRST_KINDS = ("GatewayClass", "Gateway", "ListenerSet")
PROGRAMMED_KINDS = ("Gateway", "ListenerSet")
"""Kinds whose status is written before that of routes and policies, of which there may be thousands."""
ENTRY_KINDS = (
    *("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
    *("BackendTLSPolicy", "XBackend", "XBackendTrafficPolicy", "XTelemetryPolicy"),
)
"""Kinds with entries by controller; the schemas give them no status to begin with."""
TRIES = 5
"""How often an object is read again after a conflict before it has to wait."""
RETRY_SECONDS = 2.0
DOUBT_SECONDS = 0.25
"""What somebody wrote is looked at a little later: as a rule it was the object itself, and we have news of our own."""


class Limits(Value):
    """How much is written at once, and how often all is compared."""

    writes: int = 32
    """Requests under way."""
    later: float = 0.05
    """Seconds that news waits: Envoys get it first, which a busy kube-apiserver on their node would delay."""
    counts_later: float = 1.0
    """The same for news that is numbers alone."""
    compare_seconds: float = 600.0
    pace: Pace = Pace()


def preferred(kind: str) -> str:
    """Return the apiVersion that we like best, whatever is served."""
    return KINDS[kind].api_version


class StatusWriter:
    """Brings about in the cluster what `wanted` says; only while `run` does, and that is for the leader to do.

    `exists` tells whether an object is known, `api_version` under which version a kind is served, `programmed` is told,
    when writing begins, which generations the status of Gateways and ListenerSets says are Programmed.
    """

    def __init__(
        self,
        client: Client,
        controller_name: str,
        wanted: Mapping[Ref, Status],
        *,
        exists: Callable[[Ref], bool] = lambda _: True,
        api_version: Callable[[str], str | None] = preferred,
        programmed: Callable[[Mapping[Ref, int]], None] = lambda _: None,
        namespaces: tuple[str, ...] = (),
        limits: Limits = Limits(),
    ) -> None:
        self._client = client
        self._controller_name = controller_name
        self._wanted = wanted
        self._exists = exists
        self._api_version = api_version
        self._programmed = programmed
        self._namespaces = namespaces
        self._limits = limits
        self._wake = asyncio.Event()
        self._running = False
        self._begin()

    # ---- what is told to it ---------------------------------------------------------------------------------------

    def change(self, changes: Iterable[StatusChange]) -> None:
        """Note that `wanted` says something else of these objects; without effect while nothing is written."""
        if not self._running:
            return
        now = time.monotonic()
        for change in changes:
            self._doubted.discard(change.ref)
            counts = self._counts.note(change, change.ref in self._agenda)
            self._agenda.ask(change.ref, now, now + (self._limits.counts_later if counts else self._limits.later))
        self._wake.set()

    def saw(self, ref: Ref, version: str) -> None:
        """Note that a watch saw an object written to, by us or by somebody else, and its resourceVersion now."""
        if not self._running or ref not in self._wanted:
            return
        if self._agenda.is_busy(ref):
            self._seen_meanwhile[ref] = version
        elif ref not in self._agenda and self._versions.get(ref) != version:
            self._doubt(ref)

    @property
    def queue(self) -> int:
        """How many objects wait to be written, or are being written."""
        return len(self._agenda)

    # ---- tasks ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write until cancelled; what was known before is forgotten, and all is compared first."""
        self._begin()
        self._running = True
        try:
            await self._compare_first()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._compare_at_times())
                await self._dispatch(group)
        finally:
            self._running = False
            self._begin()

    def _begin(self) -> None:
        self._counts = Counts()
        self._agenda: Agenda[Ref] = Agenda(self._rank, self._limits.pace, lambda ref: ref.namespace)
        self._fights: Fights[Ref] = Fights()
        self._doubted: set[Ref] = set()
        """Asked for because somebody else wrote, not because we have something new to say."""
        self._versions: dict[Ref, str] = {}
        """The resourceVersion that an object had when it said ours; empty if all we know is that it has a status."""
        self._seen_meanwhile: dict[Ref, str] = {}
        self._free = self._limits.writes

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            while self._free and (ref := self._agenda.take(time.monotonic())) is not None:
                self._free -= 1
                group.create_task(self._attend(ref))
            at = self._agenda.next_at() if self._free else NEVER
            timer = None if at == NEVER else loop.call_later(max(0.0, at - time.monotonic()), self._wake.set)
            await self._wake.wait()
            if timer is not None:
                timer.cancel()

    async def _attend(self, ref: Ref) -> None:
        doubted = ref in self._doubted
        self._doubted.discard(ref)
        try:
            wrote = await self._bring_about(ref, doubted)
        except KubeError as error:
            metrics.STATUS_WRITES.labels(ref.kind, "failed").inc()
            log.warning("status.failed", object=str(ref), error=str(error))
            self._agenda.failed(ref, time.monotonic())
        else:
            self._agenda.done(ref, time.monotonic(), wrote=wrote)
        version = self._seen_meanwhile.pop(ref, None)
        if version is not None and version != self._versions.get(ref):
            self._doubt(ref)
        self._free += 1
        self._wake.set()

    def _rank(self, ref: Ref) -> int:
        """Gateways and what belongs to them before the many others, but for mere numbers: these come last."""
        if ref in self._counts:
            return 2
        return 0 if ref.kind in FIRST_KINDS else 1

    def _doubt(self, ref: Ref) -> None:
        now = time.monotonic()
        self._counts.forget(ref)
        self._doubted.add(ref)
        self._agenda.ask(ref, now, max(self._fights.answer_at(ref), now + DOUBT_SECONDS))
        self._wake.set()

    # ---- one object -----------------------------------------------------------------------------------------------

    async def _bring_about(self, ref: Ref, doubted: bool) -> bool:
        """Make one object say what it should; return whether that took a write."""
        for _ in range(TRIES):
            status = self._wanted.get(ref)
            path = self._path(ref)
            if path is None or (status is None and not (ref.kind in ENTRY_KINDS and self._exists(ref))):
                self._versions.pop(ref, None)
                return False
            try:
                if isinstance(status, RouteStatus | PolicyStatus) and ref not in self._versions:
                    return await self._write_first(ref, path, status)
                return await self._rewrite(ref, path, status, doubted)
            except ApiError as error:
                if error.status == 404:
                    self._versions.pop(ref, None)
                    return False
                if error.status == 422 and ref not in self._versions:
                    self._versions[ref] = ""  # it has a status already, or what we write is refused: then again
                elif error.status != 409:
                    raise
                metrics.STATUS_WRITES.labels(ref.kind, "conflict").inc()
        raise KubeError(f"{ref} was changed by others each time before its status could be written")

    async def _write_first(self, ref: Ref, path: str, status: Status) -> bool:
        fields = edits({}, status, self._controller_name, 0, _now())
        operations = [
            {"op": "test", "path": "/status", "value": None},
            {"op": "add", "path": "/status", "value": fields},
        ]
        self._wrote(ref, await self._client.patch(f"{path}/status", operations, JSON_PATCH))
        return True

    async def _rewrite(self, ref: Ref, path: str, status: Status | None, doubted: bool) -> bool:
        found = msgspec.json.decode(await self._client.get(path), type=Observed)
        fields = edits(found.status, status, self._controller_name, found.metadata.generation, _now())
        if not fields:
            self._versions[ref] = found.metadata.resource_version
            return False
        if doubted:
            wait = self._fights.overwritten(ref, time.monotonic())
            log.warning("status.overwritten", object=str(ref), fields=sorted(fields), patience=wait)
        document = {"metadata": {"resourceVersion": found.metadata.resource_version}, "status": fields}
        self._wrote(ref, await self._client.patch(f"{path}/status", document))
        return True

    def _wrote(self, ref: Ref, answer: bytes) -> None:
        self._versions[ref] = version_of(answer)
        metrics.STATUS_WRITES.labels(ref.kind, "written").inc()

    def _path(self, ref: Ref) -> str | None:
        version = self._api_version(ref.kind)
        return None if version is None else path_of(version, KINDS[ref.kind].plural, ref.namespace, ref.name)

    # ---- all objects ----------------------------------------------------------------------------------------------

    async def _compare_first(self) -> None:
        while True:
            try:
                return await self._compare_all(begins=True)
            except KubeError as error:
                log.warning("status.not_compared", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _compare_at_times(self) -> None:
        while True:
            await asyncio.sleep(self._limits.compare_seconds * random.uniform(0.9, 1.1))  # noqa: S311
            try:
                await self._compare_all(begins=False)
            except KubeError as error:
                log.warning("status.not_compared", error=str(error))

    async def _compare_all(self, *, begins: bool) -> None:
        """Ask for every object that does not say what it should."""
        for kind in (*FIRST_KINDS, *ENTRY_KINDS):
            version = self._api_version(kind)
            if version is None:
                continue
            async for page in pages(self._client, version, KINDS[kind], self._namespaces):
                if begins and kind in PROGRAMMED_KINDS:
                    self._learn(kind, page)
                for found in page:
                    self._compare(Ref(kind, found.metadata.namespace, found.metadata.name), found)
                self._wake.set()

    def _learn(self, kind: str, page: Iterable[Observed]) -> None:
        told = {Ref(kind, it.metadata.namespace, it.metadata.name): programmed_at(it.status) for it in page}
        self._programmed({ref: generation for ref, generation in told.items() if generation is not None})

    def _compare(self, ref: Ref, found: Observed) -> None:
        status = self._wanted.get(ref)
        if self._agenda.is_busy(ref) or (status is None and not self._is_leftover(ref, found.status)):
            return
        if edits(found.status, status, self._controller_name, found.metadata.generation, _now()):
            self._versions.setdefault(ref, "")
            self._agenda.ask(ref, time.monotonic(), self._fights.answer_at(ref))
        else:
            self._versions[ref] = found.metadata.resource_version

    def _is_leftover(self, ref: Ref, status: Document) -> bool:
        return ref.kind in ENTRY_KINDS and self._exists(ref) and is_touched(status, self._controller_name)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
