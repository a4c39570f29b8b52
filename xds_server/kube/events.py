"""Kubernetes Events (events.k8s.io/v1): what is worth a person's look, told at the object that it is about."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import structlog

from translator.api.kinds import KINDS
from translator.attach.conditions import Reason
from translator.value import Ref
from xds_server.kube.client import ApiError, Client, KubeError
from xds_server.kube.ledger import Ledger, Said, Series
from xds_server.kube.observed import Observed
from xds_server.kube.paths import path_of
from xds_server.kube.status import preferred
from xds_server.refusals import Refusal

log = structlog.get_logger()

API_VERSION = "events.k8s.io/v1"
LONGEST_NOTE = 1024
LONGEST_NAME = 253
MOST_ROUTES = 10
"""Routes that are told of one refusal."""
RETRY_SECONDS = 5.0


class Recorder:
    """Writes Events in the name of one replica; `run` belongs in the app's TaskGroup."""

    def __init__(
        self,
        client: Client,
        controller_name: str,
        identity: str,
        api_version: Callable[[str], str | None] = preferred,
    ) -> None:
        self._client = client
        self._controller_name = controller_name
        self._identity = identity
        self._api_version = api_version
        self._ledger = Ledger()
        self._news = asyncio.Event()

    def warn(self, ref: Ref, reason: str, note: str) -> None:
        """Tell of something wrong at an object; the same thing told often is one Event with a count."""
        if self._ledger.say(Said(ref, reason, _cut(note)), time.monotonic()):
            self._news.set()

    def refused(self, refusal: Refusal, blamed: Iterable[Ref]) -> None:
        """Tell of an Envoy's refusal at the Gateway and at the routes that caused it."""
        what = f"{refusal.type.name.lower()} {refusal.name}{f', host {refusal.host}' if refusal.host else ''}"
        routes = list(blamed)[:MOST_ROUTES]
        for ref in (Ref("Gateway", *refusal.gateway), *routes):
            self.warn(
                ref, Reason.REFUSED_BY_ENVOY, f"Envoy of Gateway {refusal.gateway} refuses {what}: {refusal.words}"
            )

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            self._news.clear()
            for said, series in self._ledger.due(time.monotonic()):
                await self._write(said, series)
            left = self._ledger.next_at() - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if left == float("inf") else max(left, 0.0)):
                    await self._news.wait()

    async def _write(self, said: Said, series: Series) -> None:
        count = series.count
        try:
            if not series.written:
                await self._create(said, series)
            if count > 1:
                await self._count(said, series, count)
        except ApiError as error:
            log.warning("event.refused", object=str(said.ref), error=str(error))
            self._ledger.drop(said)
        except KubeError as error:
            log.warning("event.failed", object=str(said.ref), error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            self._ledger.wrote(series, count, time.monotonic())

    async def _create(self, said: Said, series: Series) -> None:
        """Write an Event; `kubectl describe` finds it by the uid of the object."""
        ref = said.ref
        version = self._api_version(ref.kind) or preferred(ref.kind)
        path = path_of(version, KINDS[ref.kind].plural, ref.namespace, ref.name)
        found = msgspec.json.decode(await self._client.get(path), type=Observed)
        suffix = f".{uuid4().hex[:16]}"
        name = ref.name[: LONGEST_NAME - len(suffix)].rstrip(".-") + suffix
        document = {
            "apiVersion": API_VERSION,
            "kind": "Event",
            "metadata": {"name": name, "namespace": _home(ref)},
            "eventTime": _now(),
            "reportingController": self._controller_name,
            "reportingInstance": self._identity[:128],
            "action": "Program",
            "type": "Warning",
            "reason": said.reason,
            "note": said.note,
            "regarding": {
                "apiVersion": version,
                "kind": ref.kind,
                "namespace": ref.namespace,
                "name": ref.name,
                "uid": found.metadata.uid,
                "resourceVersion": found.metadata.resource_version,
            },
        }
        await self._client.request("POST", path_of(API_VERSION, "events", _home(ref)), document)
        series.name = name

    async def _count(self, said: Said, series: Series, count: int) -> None:
        path = path_of(API_VERSION, "events", _home(said.ref), series.name)
        await self._client.patch(path, {"series": {"count": count, "lastObservedTime": _now()}})


def _home(ref: Ref) -> str:
    return ref.namespace or "default"


def _cut(note: str) -> str:
    return (
        note if len(note.encode()) <= LONGEST_NOTE else note.encode()[: LONGEST_NOTE - 4].decode(errors="ignore") + "…"
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
