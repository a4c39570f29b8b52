"""Keeps the Envoys of every Gateway as they should be: `observe` on every replica, `run` on the one that leads."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog

from translator import ir
from translator.api.gateway import GATEWAY_GROUP, Gateway
from translator.pipeline import InfrastructureChange
from translator.value import Key, Ref
from xds_server import metrics
from xds_server.kube.agenda import NEVER, Agenda
from xds_server.kube.client import ApiError, Client, KubeError
from xds_server.kube.decoding import Decoder
from xds_server.kube.fleet.bootstrap import CA_FILE
from xds_server.kube.fleet.ledger import Ledger, refusal_of
from xds_server.kube.fleet.names import CLASS_ANNOTATION, CONTROLLER_LABEL, label_value, object_name
from xds_server.kube.fleet.objects import KINDS, Document, objects
from xds_server.kube.fleet.observed import MANAGER, Observed
from xds_server.kube.fleet.settings import Settings
from xds_server.kube.paths import path_of
from xds_server.kube.reflection import Reflection
from xds_server.kube.reflector import Collection, Reflector, Timing
from xds_server.kube.scope import EVERYWHERE

log = structlog.get_logger()

Placed = Callable[[Mapping[Key, ir.Placement | None]], None]

WORKERS = 8
"""Gateways that are worked on at once."""
HANDOVER = f"{MANAGER}-handover"
"""The field manager that keeps a number of replicas until somebody else chooses one."""

_READER = Decoder(Observed)


class Fleet:
    """Applies what Gateways need and tells, through `placed`, where each of them is reached."""

    def __init__(
        self,
        client: Client,
        settings: Settings,
        placed: Placed,
        *,
        namespaces: tuple[str, ...] = (EVERYWHERE,),
        timing: Timing = Timing(),
    ) -> None:
        self._client = client
        self._settings = settings
        self._placed = placed
        self._namespaces = namespaces
        self._timing = timing
        self._ledger = Ledger()
        self._wanted: dict[Key, ir.Infrastructure | ir.Held] = {}
        self._refusals: dict[Key, ir.Refusal] = {}
        self._told: dict[Key, ir.Placement] = {}
        self._moved: set[Key] = set()
        """Gateways whose placement may have changed."""
        self._move = asyncio.Event()
        self._trusting: dict[Key, str] = {}
        """The authorities that Gateways which are left alone were given."""
        self._agenda: Agenda[Key] | None = None
        self._wake = asyncio.Event()
        self.observed = asyncio.Event()
        """Set once all that was made for Gateways has been seen."""

    def want(self, changes: Iterable[InfrastructureChange]) -> None:
        """Take note of what Gateways run on from now on."""
        for gateway, infrastructure in changes:
            if infrastructure is None:
                self._wanted.pop(gateway, None)
                self._refusals.pop(gateway, None)
            else:
                self._wanted[gateway] = infrastructure
            self._touched(gateway)
            self._ask(gateway)

    def trust(self, bundle: str) -> None:
        """Let all Envoys trust these authorities (PEM) for xDS from now on; none is started anew for that."""
        if bundle == self._settings.ca:
            return
        self._settings = msgspec.structs.replace(self._settings, ca=bundle)
        for gateway in sorted(self._wanted):
            self._ask(gateway)

    # ---- what is there --------------------------------------------------------------------------------------------

    async def observe(self) -> None:
        """Follow what was made for Gateways until cancelled, and tell where they are reached."""
        controller = label_value(self._settings.controller_name)
        selector = (("labelSelector", f"{CONTROLLER_LABEL}={controller}"),)
        reflectors: list[Reflector] = []

        def changed() -> None:
            if all(it.health.synced or it.health.refused for it in reflectors):
                self.observed.set()

        for kind in KINDS.values():
            for namespace in self._namespaces:
                collection = Collection(kind.name, path_of(kind.api_version, kind.plural, namespace), selector)
                reflection = Reflection(_READER, _Seen(kind.name, namespace, self._ledger, self._saw), _complain)
                reflectors.append(Reflector(self._client, collection, reflection, self._timing, changed))
        async with asyncio.TaskGroup() as group:
            for reflector in reflectors:
                group.create_task(reflector.run())
            group.create_task(self._tell())

    def _saw(self, ref: Ref, found: Observed | None) -> None:
        gateway = self._ledger.saw(ref, found)
        if gateway is None:
            return
        self._touched(gateway)
        if gateway in self._wanted and self._ledger.drifted(ref):
            self._ask(gateway)

    def _touched(self, gateway: Key) -> None:
        self._moved.add(gateway)
        self._move.set()

    async def _tell(self) -> None:
        """Tell of placements, many at once, and never from within what tells us."""
        await self.observed.wait()
        while True:
            await self._move.wait()
            self._move.clear()
            moved, self._moved = self._moved, set()
            news: dict[Key, ir.Placement | None] = {}
            for gateway in sorted(moved):
                wanted = self._wanted.get(gateway)
                if wanted is None:
                    if self._told.pop(gateway, None) is not None:
                        news[gateway] = None
                    continue
                placement = self._ledger.placement(gateway, wanted, self._refusals.get(gateway), self._settings.ipv6)
                if self._told.get(gateway) != placement:
                    news[gateway] = self._told[gateway] = placement
            if news:
                self._placed(news)

    @property
    def queue(self) -> int:
        """How many Gateways wait to be worked on, or are being worked on."""
        return 0 if self._agenda is None else len(self._agenda)

    # ---- what should be there -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Bring about what Gateways need until cancelled; begin when all Gateways are known."""
        await self.observed.wait()
        self._ledger.forget()
        self._trusting.clear()
        agenda = self._agenda = Agenda[Key]()
        for gateway in sorted({*self._wanted, *self._ledger.gateways}):
            self._ask(gateway)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKERS):
                    group.create_task(self._work(agenda))
        finally:
            if self._agenda is agenda:
                self._agenda = None

    def _ask(self, gateway: Key) -> None:
        if self._agenda is not None:
            self._agenda.ask(gateway, time.monotonic())
            self._wake.set()

    async def _work(self, agenda: Agenda[Key]) -> None:
        while True:
            now = time.monotonic()
            gateway = agenda.take(now)
            if gateway is None:
                self._wake.clear()
                await self._rest(agenda.next_at() - now)
                continue
            try:
                wrote = await self._bring_about(gateway)
            except KubeError as error:
                log.warning("fleet.failed", gateway=str(gateway), problem=str(error))
                agenda.failed(gateway, time.monotonic())
            else:
                agenda.done(gateway, time.monotonic(), wrote=wrote)
            self._wake.set()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(None if seconds == NEVER else seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _bring_about(self, gateway: Key) -> bool:
        """Apply what a Gateway needs and delete what it needs no more; say whether anything was written."""
        match self._wanted.get(gateway):
            case ir.Held(class_name=class_name):
                return await self._renew_trust(gateway, class_name)
            case None:
                return await self._abandon(gateway)
            case ir.Infrastructure() as infrastructure:
                documents = {_ref(it): it for it in objects(gateway, infrastructure, self._settings)}
        errors: dict[Ref, ApiError] = {}
        wrote = False
        for ref, document in documents.items():
            if self._ledger.stands(ref, document):
                continue
            try:
                await self._apply(gateway, ref, document)
                wrote = True
            except ApiError as error:
                errors[ref] = error
        self._refuse(gateway, refusal_of(errors))
        if errors:
            raise next(iter(errors.values()))
        for ref, found in self._ledger.unwanted(gateway, documents):
            await self._delete(ref, found)
            wrote = True
        return wrote

    async def _renew_trust(self, gateway: Key, class_name: str) -> bool:
        """Let the Envoys of a Gateway that is otherwise left alone trust who signs the control plane's certificate."""
        ref = Ref("ConfigMap", gateway.namespace, object_name(gateway.name, class_name))
        found = self._ledger.get(ref)
        if not self._settings.ca or self._trusting.get(gateway) == self._settings.ca:
            return False
        if found is None or found.gateway != gateway:
            return False
        ca = self._settings.ca
        await self._client.patch(_path(ref), {"data": {CA_FILE: ca}}, params={"fieldManager": MANAGER})
        self._trusting[gateway] = ca
        metrics.FLEET_WRITES.labels(ref.kind).inc()
        return True

    async def _apply(self, gateway: Key, ref: Ref, document: Document) -> None:
        found = self._ledger.get(ref)
        there = found or await self._look(ref)
        if there is not None and not _is_of(there, gateway, document):
            message = f"{ref} exists, and is not the Gateway's; delete it, or call the Gateway something else"
            raise ApiError(409, "AlreadyExists", message)
        if found is not None and ref.kind == "Deployment":
            await self._hand_over_replicas(ref, document, found)
        body = await self._client.apply(_path(ref), document, manager=MANAGER)
        metrics.FLEET_WRITES.labels(ref.kind).inc()
        log.info("fleet.applied", gateway=str(gateway), kind=ref.kind, name=ref.name)
        self._ledger.applied(ref, document, _READER.object(body))
        self._touched(gateway)

    async def _look(self, ref: Ref) -> Observed | None:
        """See whether somebody else has made something under a name that we need."""
        try:
            return _READER.object(await self._client.get(_path(ref)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def _hand_over_replicas(self, ref: Ref, document: Document, found: Observed) -> None:
        """Keep the number of replicas that we give up: a field without owner would fall back to one."""
        if "replicas" in document["spec"] or b'"f:replicas"' not in found.ours or found.spec.replicas is None:
            return
        kept = {
            "apiVersion": document["apiVersion"],
            "kind": ref.kind,
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "spec": {"replicas": found.spec.replicas},
        }
        await self._client.apply(_path(ref), kept, manager=HANDOVER)

    async def _abandon(self, gateway: Key) -> bool:
        """Delete what was made for a Gateway that has gone over to another class.

        With a Gateway that is gone everything of it goes by itself, and while only its class is gone, it may come back.
        """
        left = list(self._ledger.of(gateway))
        if not left:
            return False
        try:
            body = await self._client.get(path_of(f"{GATEWAY_GROUP}/v1", "gateways", *gateway))
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        name = msgspec.json.decode(body, type=Gateway).spec.gateway_class_name
        left = [(ref, it) for ref, it in left if it.metadata.annotations.get(CLASS_ANNOTATION) != name]
        for ref, found in left:
            await self._delete(ref, found)
        return bool(left)

    async def _delete(self, ref: Ref, found: Observed) -> None:
        """Delete an object, but not one that has come into its place."""
        if found.metadata.deletion_timestamp:
            return
        try:
            await self._client.delete(_path(ref), {"preconditions": {"uid": found.metadata.uid}})
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        metrics.FLEET_WRITES.labels(ref.kind).inc()
        log.info("fleet.deleted", kind=ref.kind, namespace=ref.namespace, name=ref.name)

    def _refuse(self, gateway: Key, refusal: ir.Refusal | None) -> None:
        if self._refusals.get(gateway) == refusal:
            return
        if refusal is None:
            self._refusals.pop(gateway)
        else:
            self._refusals[gateway] = refusal
        self._touched(gateway)


class _Seen:
    """Passes on what becomes of the objects of one kind in one namespace."""

    def __init__(self, kind: str, namespace: str, ledger: Ledger, saw: Callable[[Ref, Observed | None], None]) -> None:
        self._kind = kind
        self._saw = saw
        self._known: set[Key] = set()

    def replaced(self, objects: Mapping[Key, Observed], unreadable: frozenset[Key]) -> None:
        """Pass on all that there are, and what is gone."""
        for key in self._known - objects.keys() - unreadable:
            self.delete(key)
        for key, value in objects.items():
            self.put(key, value)

    def put(self, key: Key, value: Observed) -> None:
        """Pass on an object."""
        self._known.add(key)
        self._saw(Ref(self._kind, *key), value)

    def delete(self, key: Key) -> None:
        """Pass on that an object is gone."""
        self._known.discard(key)
        self._saw(Ref(self._kind, *key), None)

    def clear(self) -> None:
        """Pass on that all are gone."""
        for key in tuple(self._known):
            self.delete(key)


def _ref(document: Document) -> Ref:
    metadata: dict[str, Any] = document["metadata"]
    return Ref(document["kind"], metadata["namespace"], metadata["name"])


def _is_of(found: Observed, gateway: Key, document: Document) -> bool:
    """Say whether an object was made for a Gateway, or one of that name that was there before."""
    uid = document["metadata"]["ownerReferences"][0]["uid"]
    return found.gateway == gateway or any(it.uid == uid for it in found.metadata.owner_references)


def _path(ref: Ref) -> str:
    kind = KINDS[ref.kind]
    return path_of(kind.api_version, kind.plural, ref.namespace, ref.name)


def _complain(key: Key, error: msgspec.ValidationError) -> None:
    log.error("fleet.unreadable", object=str(key), problem=str(error))
