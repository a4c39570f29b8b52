"""Replicas tell the leader what their Envoys said, each in a Lease of its own in the controller's namespace.

Such a Lease is no lock: it is a small object that is good for some seconds, that the API server guards like any other,
and that carries the report as an annotation. The leader watches them; one that did not change for as long as it is good
for is that of a replica which is gone. A leader, and so a single replica, writes none.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import structlog

from translator.value import Key
from xds_server.kube.client import Client, KubeError
from xds_server.kube.decoding import Decoder
from xds_server.kube.election import Lease
from xds_server.kube.lease import API_VERSION
from xds_server.kube.paths import path_of
from xds_server.kube.reflection import Reflection
from xds_server.kube.reflector import Collection, Reflector, Timing
from xds_server.progress import Progress, Report

log = structlog.get_logger()

LABEL = "gatehouse.dev/report"
MOST_REFUSALS = 100
"""In one report: an annotation has its limits."""


class Rhythm(msgspec.Struct, frozen=True):
    """Seconds."""

    good_for: int = 30
    renew: float = 10.0
    rest: float = 0.5
    """Between two reports, however much happens."""
    litter: float = 600.0
    """After which the Lease of a replica that is gone is deleted."""


class Reporter:
    """Publishes the own report while somebody else leads."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        identity: str,
        progress: Progress,
        leads: Callable[[], bool],
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self._client = client
        self._namespace, self._name = namespace, name_of(identity)
        self._path = path_of(API_VERSION, "leases", namespace, self._name)
        self._identity = identity
        self._progress = progress
        self._leads = leads
        self._rhythm = rhythm
        self._news = asyncio.Event()
        progress.watch(self._news.set)

    async def run(self) -> None:
        """Publish until cancelled; the Lease is deleted at the end."""
        published = False
        try:
            while True:
                if not self._leads():
                    published = True
                    await self._publish()
                await asyncio.sleep(self._rhythm.rest)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._rhythm.renew):
                        await self._news.wait()
        finally:
            if published:
                with suppress(KubeError, TimeoutError):
                    async with asyncio.timeout(2.0):
                        await self._client.delete(self._path)

    async def _publish(self) -> None:
        self._news.clear()
        try:
            await self._client.apply(self._path, self._lease(), manager="gatehouse-replica")
        except KubeError as error:
            log.warning("report.failed", error=str(error))
            self._news.set()

    def _lease(self) -> dict[str, object]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Lease",
            "metadata": {
                "name": self._name,
                "namespace": self._namespace,
                "labels": {LABEL: "true"},
                "annotations": {LABEL: encode(self._progress.report())},
            },
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._rhythm.good_for,
                "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
        }


class Replicas:
    """What the leader hears of the other replicas; `run` belongs to the time that it leads."""

    def __init__(
        self, client: Client, namespace: str, identity: str, progress: Progress, rhythm: Rhythm = Rhythm()
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._own = name_of(identity)
        self._progress = progress
        self._rhythm = rhythm
        self._seen: dict[str, tuple[Lease, float]] = {}

    async def run(self) -> None:
        """Follow the others' reports until cancelled; then they are forgotten."""
        collection = Collection(
            kind="Lease",
            path=path_of(API_VERSION, "leases", self._namespace),
            selector=(("labelSelector", f"{LABEL}=true"),),
        )
        reflection = Reflection(Decoder(Lease), self, lambda key, _: self.delete(key))
        reflector = Reflector(self._client, collection, reflection, Timing(), lambda: None)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(reflector.run())
                group.create_task(self._expire())
        finally:
            self.clear()

    # ---- what the watch brings ------------------------------------------------------------------------------------

    def replaced(self, objects: Mapping[Key, Lease], unreadable: frozenset[Key]) -> None:
        """These are all Leases that there are."""
        for name in self._seen.keys() - {key.name for key in objects}:
            self.delete(Key(self._namespace, name))
        for key, lease in objects.items():
            self.put(key, lease)

    def put(self, key: Key, value: Lease) -> None:
        """A replica wrote its Lease."""
        if key.name == self._own:
            return
        before = self._seen.get(key.name)
        if before is None or before[0] != value:
            self._seen[key.name] = (value, time.monotonic())
            self._progress.hear(key.name, decode(value.metadata.annotations.get(LABEL, "")))

    def delete(self, key: Key) -> None:
        """A replica took its Lease away."""
        if self._seen.pop(key.name, None) is not None:
            self._progress.hear(key.name, None)

    def clear(self) -> None:
        """Nobody tells anything any more."""
        for name in list(self._seen):
            self.delete(Key(self._namespace, name))

    async def _expire(self) -> None:
        """Forget replicas that have not renewed their Leases, and in the end the Leases too."""
        while True:
            await asyncio.sleep(self._rhythm.good_for / 3)
            now = time.monotonic()
            for name, (lease, seen_at) in list(self._seen.items()):
                if now > seen_at + (lease.spec.lease_duration_seconds or self._rhythm.good_for):
                    self._progress.hear(name, None)
                if now > seen_at + self._rhythm.litter:
                    with suppress(KubeError):
                        await self._client.delete(path_of(API_VERSION, "leases", self._namespace, name))


def name_of(identity: str) -> str:
    """Name the Lease of a replica."""
    return f"gatehouse-replica-{identity}"


def encode(report: Report) -> str:
    """Write a report as JSON."""
    return msgspec.json.encode(Report(report.acked, report.refused[:MOST_REFUSALS], report.marks)).decode()


def decode(text: str) -> Report | None:
    """Read a report; None if it cannot be read, as one of another version may not."""
    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError as error:
        log.warning("report.unreadable", error=str(error))
        return None
