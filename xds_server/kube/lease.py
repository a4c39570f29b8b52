"""Leadership: one replica of all holds the Lease, and does what only one may do for as long as it does."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from xds_server import metrics
from xds_server.kube.client import ApiError, Client, KubeError
from xds_server.kube.election import Election, Lease, Term
from xds_server.kube.paths import path_of

log = structlog.get_logger()

API_VERSION = "coordination.k8s.io/v1"
RELEASE_SECONDS = 2.0
"""How long giving the Lease up may hold up the end of a process."""


class Leadership:
    """Takes the Lease when it can be had, keeps it, and gives it up at the end.

    `identity` is the replica's own among all that there are and were: a pod's name will do.
    """

    def __init__(self, client: Client, namespace: str, name: str, identity: str, term: Term = Term()) -> None:
        self._client = client
        self._namespace, self._name = namespace, name
        self._path = path_of(API_VERSION, "leases", namespace, name)
        self._election = Election(identity, term)
        self._term = term

    @property
    def leads(self) -> bool:
        """Whether this replica may act as the leader now."""
        return time.monotonic() < self._election.leads_until()

    async def run(self, lead: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call `lead` each time that the Lease was taken, and cancel it when it is lost; ends when cancelled.

        While the kube-apiserver cannot be reached it goes on until the lease is over. An exception of `lead` ends it.
        """
        try:
            while True:
                await self._campaign()
                log.info("leader.elected", identity=self._election.identity)
                metrics.LEADER.set(1)
                try:
                    await self._lead(lead)
                finally:
                    metrics.LEADER.set(0)
                log.warning("leader.lost", identity=self._election.identity, holder=self._election.holder)
        finally:
            await self._release()

    async def _lead(self, lead: Callable[[], Coroutine[Any, Any, None]]) -> None:
        leading, renewing = asyncio.create_task(lead()), asyncio.create_task(self._renew())
        tasks = (leading, renewing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _campaign(self) -> None:
        """Wait until the Lease is ours."""
        while True:
            try:
                async with asyncio.timeout(self._term.renew_within):
                    self._election.observe(await self._read(), time.monotonic())
                    if self._election.may_take(time.monotonic()) and await self._write(self._election.claim(_stamp())):
                        return
            except (KubeError, TimeoutError) as error:
                log.warning("leader.unreachable", error=str(error))
            await asyncio.sleep(self._term.retry)

    async def _renew(self) -> None:
        """Return once the Lease is lost: to somebody else, or because it could not be renewed in time."""
        while True:
            await asyncio.sleep(self._term.retry)
            try:
                async with asyncio.timeout_at(self._deadline()):
                    if not await self._write(self._election.claim(_stamp())):
                        self._election.observe(await self._read(), time.monotonic())
                        if self._election.holder != self._election.identity:
                            return
                        await self._write(self._election.claim(_stamp()))  # an answer had been lost
            except (KubeError, TimeoutError) as error:
                log.warning("leader.not_renewed", error=str(error))
            if not self.leads:
                return

    def _deadline(self) -> float:
        """When the lease is over, or the next try to renew it is due, by the loop's clock."""
        left = self._election.leads_until() - time.monotonic()
        return asyncio.get_running_loop().time() + min(left, max(self._term.renew_within / 3, self._term.retry))

    async def _release(self) -> None:
        if not self.leads:
            return
        with suppress(KubeError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._write(self._election.release(_stamp()))

    async def _read(self) -> Lease | None:
        try:
            return msgspec.json.decode(await self._client.get(self._path), type=Lease)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def _write(self, spec: dict[str, Any]) -> bool:
        """Write the Lease if nobody else did since it was read; return whether that was so."""
        current, asked_at = self._election.lease, time.monotonic()
        metadata = {"name": self._name, "namespace": self._namespace}
        document = {"apiVersion": API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}
        try:
            if current is None:
                collection = path_of(API_VERSION, "leases", self._namespace)
                answer = await self._client.request("POST", collection, document)
            else:
                metadata["resourceVersion"] = current.metadata.resource_version
                answer = await self._client.request("PUT", self._path, document)
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        self._election.won(msgspec.json.decode(answer, type=Lease), asked_at, time.monotonic())
        return True


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
