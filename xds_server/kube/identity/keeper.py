"""Keeps the own authority in one Secret that all replicas share, and a server certificate of each one's own."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from translator.value import Key
from xds_server.kube.client import ApiError, Client, KubeError
from xds_server.kube.identity.authority import Authority, Unreadable, advanced, due, found, issued, read, written
from xds_server.kube.identity.serving import ServingCertificate
from xds_server.kube.paths import path_of

log = structlog.get_logger()

LOOK_SECONDS = 60.0
"""Between two looks at the Secret: what another replica has changed is known after that."""
RETRY_SECONDS = 2.0


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of a Secret's metadata that are read."""

    resource_version: str


class Stored(msgspec.Struct, frozen=True):
    """A Secret, as it was read."""

    metadata: Metadata
    data: dict[str, str] = {}


class AuthorityKeeper:
    """Brings the Secret about and up to date, whichever replica comes first, and issues what this replica serves."""

    def __init__(
        self,
        client: Client,
        secret: Key,
        names: Sequence[str],
        serving: ServingCertificate,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._secret = secret
        self._names = tuple(names)
        self._serving = serving
        self._clock = clock
        self._authority: Authority | None = None

    async def start(self) -> None:
        """Return once there is a certificate to serve, however long the kube-apiserver takes."""
        while True:
            if await self._looked():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def run(self) -> None:
        """Keep everything up to date until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._looked()

    async def look(self) -> None:
        """Bring the Secret and what is served up to date; raises KubeError, or Unreadable if the Secret is spoilt."""
        authority = await self._settled()
        now = self._clock()
        if self._authority is None or self._authority.current != authority.current or self._is_due(now):
            pair = issued(authority, self._names, now)
            log.info("identity.certificate.issued", names=self._names)
        else:
            pair = self._serving.pair
        self._authority = authority
        self._serving.serve(pair, authority.bundle)

    def _is_due(self, now: datetime) -> bool:
        return due(self._serving.pair.certificate, now)

    async def _looked(self) -> bool:
        try:
            await self.look()
        except (KubeError, Unreadable) as error:
            log.warning("identity.authority.failed", secret=str(self._secret), problem=str(error))
            return False
        return True

    async def _settled(self) -> Authority:
        """Return the authority that all replicas share, after what is due has been written; one of them wins."""
        while True:
            stored = await self._get()
            now = self._clock()
            if stored is None:
                wanted = advanced(self._authority, now) if self._authority else found(now)
            else:
                held = read(stored.data)
                wanted = advanced(held, now)
                if wanted == held:
                    return held
            if await self._put(wanted, stored):
                log.info("identity.authority.written", secret=str(self._secret))
                return wanted

    async def _get(self) -> Stored | None:
        try:
            return msgspec.json.decode(await self._client.get(path_of("v1", "secrets", *self._secret)), type=Stored)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def _put(self, authority: Authority, over: Stored | None) -> bool:
        """Write the Secret; say whether nobody else was faster."""
        namespace, name = self._secret
        metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "gatehouse"}}
        document = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": written(authority)}
        try:
            if over is None:
                await self._client.request(
                    "POST", path_of("v1", "secrets", namespace), {**document, "metadata": metadata}
                )
            else:
                metadata["resourceVersion"] = over.metadata.resource_version
                await self._client.request(
                    "PUT", path_of("v1", "secrets", namespace, name), {**document, "metadata": metadata}
                )
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and over is not None):
                return False
            raise
        return True
