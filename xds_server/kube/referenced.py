"""Secrets, ConfigMaps and ClusterTrustBundles that somebody refers to: fetched one by one, and dropped with the last
reference.

Of all others only the metadata passes by, of which nothing is kept. What is referred to has been asked for by the time
that the batch with the reference is given out, so that no Gateway is told of a missing Secret that is there.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import msgspec
import structlog

from translator.api import experimental, gateway, policies
from translator.api.kinds import Kind, Object
from translator.attach import authorities
from translator.value import Key, Ref
from xds_server.change import Change, Delete, Put
from xds_server.kube.backoff import Backoff
from xds_server.kube.client import Client
from xds_server.kube.decoding import Decoder, of_kind, version_of
from xds_server.kube.errors import ApiError, KubeError
from xds_server.kube.paths import path_of

log = structlog.get_logger()

AT_ONCE = 16
"""Objects asked for at the same time."""
BACKOFF = Backoff(first=0.2, most=60.0)
"""Between two tries for an object that is refused."""
NOTHING: frozenset[Ref] = frozenset()

References = Callable[[Object], Iterable[Ref]]


def references(value: Object) -> Iterable[Ref]:
    """Name the Secrets, ConfigMaps and ClusterTrustBundles that an object refers to, permitted or not."""
    match value:
        case gateway.Gateway(spec=spec):
            yield from _of_listeners(spec.listeners, value.metadata.namespace)
            yield from _of_tls(spec.tls, value.metadata.namespace)
        case gateway.ListenerSet(spec=spec):
            yield from _of_listeners(spec.listeners, value.metadata.namespace)
        case policies.BackendTLSPolicy(spec=spec):
            yield from _authorities(spec.validation.ca_certificate_refs, value.metadata.namespace)
        case experimental.XBackend(spec=backend) if backend.tls.validation is not None:
            yield from _authorities(backend.tls.validation.ca_certificate_refs, value.metadata.namespace)
        case _:
            pass


def _of_listeners(listeners: Iterable[gateway.Listener], home: str) -> Iterable[Ref]:
    for listener in listeners:
        if listener.tls is not None:
            for certificate in listener.tls.certificate_refs:
                yield _target(certificate, home)


def _of_tls(tls: gateway.GatewayTLSConfig | None, home: str) -> Iterable[Ref]:
    if tls is None:
        return
    if tls.backend is not None and tls.backend.client_certificate_ref is not None:
        yield _target(tls.backend.client_certificate_ref, home)
    if tls.frontend is not None:
        for config in (tls.frontend.default, *(port.tls for port in tls.frontend.per_port)):
            if config.validation is not None:
                yield from _authorities(config.validation.ca_certificate_refs, home)


def _authorities(refs: Iterable[gateway.ObjectReference], home: str) -> Iterable[Ref]:
    return filter(None, (authorities.target(ref, home) for ref in refs))


def _target(ref: gateway.SecretObjectReference, home: str) -> Ref:
    return Ref(ref.kind if not ref.group else f"{ref.kind}.{ref.group}", ref.namespace or home, ref.name)


class Referenced:
    """Knows who refers to what, and asks for what is not known of it; `news` is called whenever that changes anything.

    Asks only once it is in a TaskGroup, `group`, and in the versions that are `served`: a kind without one has no
    objects.
    """

    group: asyncio.TaskGroup

    def __init__(
        self,
        client: Client,
        kinds: Mapping[str, Kind],
        served: Callable[[str], str | None],
        references: References,
        within: Callable[[str], bool],
        news: Callable[[], None],
    ) -> None:
        self._client = client
        self._kinds = kinds
        self._served = served
        self._decoders: dict[str, Decoder[Object]] = {kind.name: of_kind(kind) for kind in kinds.values()}
        self._references = references
        self._within = within
        self._news = news
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._by_owner: dict[Ref, frozenset[Ref]] = {}
        self._count: Counter[Ref] = Counter()
        self._kept: dict[Ref, Object] = {}
        self._versions: dict[Ref, str] = {}
        self._asking: dict[Ref, asyncio.Task[None]] = {}
        self._seen: dict[Ref, str] = {}
        self._unanswered: set[Ref] = set()
        self._changes: list[Change] = []

    @property
    def changed(self) -> bool:
        """Whether there is anything to hand over."""
        return bool(self._changes)

    def answered(self) -> bool:
        """Say whether all that is referred to has been asked for with some answer, be it a refusal."""
        return not self._unanswered

    def give_up(self) -> None:
        """Wait no longer for answers that have not come; they are still asked for."""
        self._unanswered.clear()

    def taken(self) -> list[Change]:
        """Hand over what has changed since the last time."""
        changes, self._changes = self._changes, []
        return changes

    # ---- who refers to what ---------------------------------------------------------------------------------------

    def follow(self, changes: Iterable[Change]) -> None:
        """Take note of what objects refer to from now on."""
        touched: set[Ref] = set()
        for change in changes:
            refs = self._references(change.value) if isinstance(change, Put) else ()
            new = frozenset(ref for ref in refs if ref.kind in self._kinds)
            old = self._by_owner.pop(change.ref, NOTHING)
            if new:
                self._by_owner[change.ref] = new
            if new == old:
                continue
            self._count.update(new - old)
            self._count.subtract(old - new)
            touched |= new ^ old
        for ref in touched:
            if self._count[ref] <= 0:
                del self._count[ref]
                self.gone(ref)
            elif ref not in self._versions and ref not in self._asking and self._reads(ref):
                self._unanswered.add(ref)
                self._ask(ref)

    def _reads(self, ref: Ref) -> bool:
        return not self._kinds[ref.kind].namespaced or self._within(ref.namespace)

    # ---- what there is of it --------------------------------------------------------------------------------------

    def listed(self, kind: str, namespace: str, versions: Mapping[Key, str]) -> None:
        """Compare what is referred to with all that there is in a namespace, or in the cluster where none is named."""
        for ref in tuple(self._count):
            if ref.kind == kind and (not namespace or ref.namespace == namespace):
                version = versions.get(ref.key)
                if version is None:
                    self.gone(ref)
                else:
                    self.seen(ref, version)

    def seen(self, ref: Ref, version: str) -> None:
        """Ask for an object that is referred to and has come to another version."""
        if ref in self._count and self._versions.get(ref) != version:
            self._ask(ref, version)

    def gone(self, ref: Ref) -> None:
        """An object is no more, or nobody refers to it any more; an answer under way comes too late."""
        asking = self._asking.pop(ref, None)
        if asking is not None:
            asking.cancel()
        self._answered(ref)
        self._versions.pop(ref, None)
        if self._kept.pop(ref, None) is not None:
            self._changes.append(Delete(ref))
        self._news()

    # ---- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, ref: Ref, version: str = "") -> None:
        """Ask for an object, of which this version has been seen if it is known which."""
        if ref in self._asking:
            self._seen[ref] = version
        else:
            self._asking[ref] = self.group.create_task(self._asked(ref))

    def _answered(self, ref: Ref) -> None:
        self._unanswered.discard(ref)
        self._seen.pop(ref, None)

    async def _asked(self, ref: Ref) -> None:
        """Ask for an object until there is an answer that is up to date."""
        failures = 0
        while True:
            self._seen.pop(ref, None)
            try:
                async with self._at_once:
                    found = await self._get(ref)
            except (KubeError, msgspec.DecodeError) as error:
                failures += 1
                log.warning("kube.fetch_failed", object=str(ref), problem=str(error))
                if isinstance(error, ApiError) and error.status == HTTPStatus.FORBIDDEN:
                    self._unanswered.discard(ref)
                    self._news()
                await asyncio.sleep(BACKOFF.delay(failures))
                continue
            if ref not in self._seen or (found is not None and found[0] == self._seen[ref]):
                break
        del self._asking[ref]
        if found is None:
            self.gone(ref)
            return
        version, value = found
        self._versions[ref] = version
        if self._kept.get(ref) != value:
            self._kept[ref] = value
            self._changes.append(Put(ref, value))
        self._answered(ref)
        self._news()

    async def _get(self, ref: Ref) -> tuple[str, Object] | None:
        """Read one object and its version; nothing where there is none."""
        version = self._served(ref.kind)
        if version is None:
            return None
        try:
            body = await self._client.get(path_of(version, self._kinds[ref.kind].plural, ref.namespace, ref.name))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return version_of(body), self._decoders[ref.kind].object(body)
