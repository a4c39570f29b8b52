"""The cluster as an event source: every kind that is served, followed by lists and watches, given out in batches."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import msgspec
import structlog

from translator.api import kinds as api
from translator.api.kinds import Kind
from translator.value import Key, Ref
from xds_server import metrics
from xds_server.change import Change, Put
from xds_server.kube import discovery
from xds_server.kube.client import JSON, Client
from xds_server.kube.decoding import METADATA_ONLY, Decoder, Mention, of_kind
from xds_server.kube.errors import KubeError
from xds_server.kube.paths import path_of
from xds_server.kube.pending import Pending
from xds_server.kube.referenced import Referenced, References, references
from xds_server.kube.reflection import Glimpses, Kept, Memory, Reflection
from xds_server.kube.reflector import Collection, Health, Reflector, Timing
from xds_server.kube.scope import EVERYWHERE, Everywhere, Labelled, Named, Scope, namespaces_of

log = structlog.get_logger()

Batch = tuple[Change, ...]

ROUNDS = 5
"""Turns that others have between two slices: what the first one changed is written, and what came meanwhile is read."""
ON_DEMAND = ("Secret", "ConfigMap", "ClusterTrustBundle")
"""Kinds of which only what somebody refers to is read."""
NAMES_ONLY = (*ON_DEMAND, "Namespace")
"""Kinds that are asked for without anything but their metadata."""


class Place(NamedTuple):
    """A kind in a namespace, or everywhere; for Namespaces the one that is read, or all."""

    kind: str
    namespace: str


class Followed(NamedTuple):
    """A collection that is being followed, in which version, by whom and with what memory."""

    api_version: str
    memory: Memory[Any]
    reflector: Reflector
    task: "asyncio.Task[None]"


class KubeSource:
    """Objects of a cluster: `run()` follows them, iteration gives them out, the complete world first.

    `run` belongs in the app's TaskGroup. Each batch holds what has happened since the one before, at once, each object
    in its newest state only; with a reference to an object of a kind that is read on demand comes that object. `seen`
    is told of every object that somebody wrote to, be it only its status, and of its resourceVersion.
    """

    def __init__(
        self,
        client: Client,
        kinds: Mapping[str, Kind] = api.KINDS,
        *,
        scope: Scope = Everywhere(),
        references: References = references,
        seen: Callable[[Ref, str], None] = lambda ref, version: None,
        timing: Timing = Timing(),
    ) -> None:
        self._client = client
        self._kinds = kinds
        self._seen = seen
        self._scope = scope
        self._timing = timing
        self._decoders: dict[str, Decoder[Any]] = {
            kind.name: Decoder(Mention) if kind.name in ON_DEMAND else of_kind(kind) for kind in kinds.values()
        }
        self._news = asyncio.Event()
        on_demand = {name: kinds[name] for name in ON_DEMAND if name in kinds}
        self._referenced = Referenced(
            client, on_demand, lambda kind: self.served.get(kind), references, self._within, self._news.set
        )
        self._group: asyncio.TaskGroup | None = None
        self._served: Mapping[str, str] | None = None
        self._missing: set[str] = set()
        self._followed: dict[Place, Followed] = {}
        self._labelled: dict[str, None] = {}
        self._pending = Pending()
        self.heard_at: float | None = None
        """When there was news of the first change of the last batch, of the monotonic clock; None where unknown."""
        self._synced = False

    # ---- what is known about it -----------------------------------------------------------------------------------

    @property
    def synced(self) -> bool:
        """Whether the complete world has been given out; once true, it stays so."""
        return self._synced

    @property
    def served(self) -> Mapping[str, str]:
        """The kinds that the kube-apiserver serves, with the apiVersion in which they are read."""
        return self._served or {}

    @property
    def health(self) -> Mapping[Place, Health]:
        """How each collection fares."""
        return {place: followed.reflector.health for place, followed in self._followed.items()}

    @property
    def queue(self) -> int:
        """How many objects have changed and are not given out yet."""
        return len(self._pending)

    # ---- out ------------------------------------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        while True:
            for _ in range(ROUNDS if self._pending else 0):
                await asyncio.sleep(0)
            await self._until(self._restless if self._synced else self._settled)
            batch = await self._batch()
            if not self._synced:
                self._synced = True
                log.info("kube.synced", objects=len(batch), kinds=self.served)
                return batch
            if batch:
                return batch

    async def _batch(self) -> Batch:
        """Take what is there, a slice at a time once there was a world; it waits a little for what it refers to."""
        taken = self._pending.take() if self._synced else self._pending.take_all()
        self.heard_at = min((it.since for it in taken), default=None)
        batch = {it.change.ref: it.change for it in taken}
        self._referenced.follow(batch.values())
        if not self._referenced.answered():
            try:
                async with asyncio.timeout(self._timing.hold if self._synced else self._timing.patience):
                    await self._until(self._referenced.answered)
            except TimeoutError:
                self._referenced.give_up()
        for change in self._referenced.taken():
            batch[change.ref] = change
        return tuple(batch.values())

    async def _until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self._news.clear()
            await self._news.wait()

    def _restless(self) -> bool:
        return bool(self._pending or self._referenced.changed)

    def _settled(self) -> bool:
        """Say whether all that is served has been read; what we may not read is not waited for forever."""
        return self._served is not None and all(
            followed.reflector.health.synced or followed.reflector.health.refused
            for place, followed in self._followed.items()
            if place.kind not in ON_DEMAND
        )

    # ---- in -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow whatever is served until cancelled."""
        failures = 0
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._referenced.group = group
            while True:
                try:
                    self._take_note(await discovery.served(self._client, self._kinds.values()))
                    failures = 0
                except (KubeError, msgspec.DecodeError) as error:
                    failures += 1
                    log.warning("kube.discovery_failed", problem=str(error))
                await asyncio.sleep(self._timing.backoff.delay(failures) if failures else self._timing.discovery)

    def _take_note(self, served: Mapping[str, str]) -> None:
        """Go by what is served now; a kind is taken for gone only when it is missing for the second time."""
        missing = self.served.keys() - served.keys()
        doubted = {name: self.served[name] for name in missing - self._missing}
        self._served, self._missing = {**served, **doubted}, missing
        self._arrange()

    def _arrange(self) -> None:
        """Follow what is to be followed, in the version it is served in, and nothing else."""
        places = dict(self._places())
        for place in self._followed.keys() - places.keys():
            followed = self._followed.pop(place)
            followed.task.cancel()
            followed.memory.clear()
            log.info("kube.gone", kind=place.kind, namespace=place.namespace)
        for place, version in places.items():
            followed_so_far = self._followed.get(place)
            if followed_so_far is None or followed_so_far.api_version != version:
                self._followed[place] = self._follow(place, version, followed_so_far)
        self._news.set()

    def _places(self) -> Iterator[tuple[Place, str]]:
        """Name what is to be followed, and in which version."""
        for name, version in self.served.items():
            if self._kinds[name].namespaced:
                namespaces = namespaces_of(self._scope, self._labelled)
            elif name == "Namespace" and isinstance(self._scope, Named):
                namespaces = self._scope.names
            else:
                namespaces = (EVERYWHERE,)
            for namespace in namespaces:
                yield Place(name, namespace), version

    def _follow(self, place: Place, version: str, before: Followed | None) -> Followed:
        """Start to follow a collection; what was known of it in another version is compared with what there is now."""
        assert self._group is not None
        memory = self._memory(place) if before is None else before.memory
        if before is not None:
            before.task.cancel()

        def complain(key: Key, error: msgspec.ValidationError) -> None:
            metrics.KUBE_ERRORS.labels(place.kind, "Unreadable").inc()
            log.warning("kube.unreadable", kind=place.kind, object=str(key), problem=str(error))

        def seen(key: Key, version: str) -> None:
            self._seen(Ref(place.kind, *key), version)

        reflection = Reflection(self._decoders[place.kind], memory, complain, seen)
        collection = self._collection(place, version)
        reflector = Reflector(self._client, collection, reflection, self._timing, self._news.set)
        log.debug("kube.followed", kind=place.kind, namespace=place.namespace, version=version)
        return Followed(version, memory, reflector, self._group.create_task(reflector.run()))

    def _memory(self, place: Place) -> Memory[Any]:
        if place.kind in ON_DEMAND:
            return Glimpses(place.kind, self._referenced, place.namespace)
        if place.kind == "Namespace" and isinstance(self._scope, Labelled):
            return Kept(place.kind, self._namespace)
        return Kept(place.kind, self._tell)

    def _collection(self, place: Place, version: str) -> Collection:
        kind = self._kinds[place.kind]
        selector: tuple[tuple[str, str], ...] = ()
        if place.kind == "Namespace":
            match self._scope:
                case Named():
                    selector = (("fieldSelector", f"metadata.name={place.namespace}"),)
                case Labelled(selector=labels):
                    selector = (("labelSelector", labels),)
                case Everywhere():
                    pass
        accept = (JSON, JSON)
        if place.kind in NAMES_ONLY:
            accept = (METADATA_ONLY.format("List"), METADATA_ONLY.format(""))
        path = path_of(version, kind.plural, place.namespace if kind.namespaced else "")
        return Collection(place.kind, path, selector, accept)

    def _tell(self, change: Change) -> None:
        self._pending.put(change, time.monotonic())
        self._news.set()

    def _namespace(self, change: Change) -> None:
        """Follow a namespace that has come to carry the labels, leave one that does not any more."""
        self._tell(change)
        name = change.ref.name
        if isinstance(change, Put) == (name in self._labelled):
            return
        if isinstance(change, Put):
            self._labelled[name] = None
        else:
            del self._labelled[name]
        self._arrange()

    def _within(self, namespace: str) -> bool:
        """Say whether a namespace is one that is read."""
        return not {EVERYWHERE, namespace}.isdisjoint(namespaces_of(self._scope, self._labelled))
