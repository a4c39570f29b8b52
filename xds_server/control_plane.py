"""The two ends joined: changes of objects go in, every Gateway's snapshot and every object's status come out."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from translator.ir import Placement
from translator.pipeline import Commit, Settings, Translator
from translator.status import Status
from translator.value import Key, Ref
from translator.xds.resource import HostChange, Refused, ResourceChange, ResourceType, TableChange
from xds_server import metrics
from xds_server.ads.events import Acked, Connected, Disconnected, Event, Nacked, Settled
from xds_server.change import Change, Put
from xds_server.history import Edit, History
from xds_server.propagation import Heard
from xds_server.refusals import Refusal, Refusers
from xds_server.snapshot import Change as SnapshotChange
from xds_server.snapshot import Item, SnapshotCache
from xds_server.standing import Standing

log = structlog.get_logger()

Watcher = Callable[[Commit], None]
Ear = Callable[[Event], None]


class ControlPlane:
    """A translator, its snapshots, and those who want to hear of commits."""

    def __init__(self, settings: Settings) -> None:
        self.translator = Translator(settings)
        self.snapshots = SnapshotCache()
        self.history = History()
        self._statuses: dict[Ref, Status] = {}
        self._placements: dict[Key, Placement | None] = {}
        self._watchers: list[Watcher] = []
        self._ears: list[Ear] = []
        self._refusers = Refusers()
        self.standing = Standing()
        self.standing.show()

    @property
    def statuses(self) -> Mapping[Ref, Status]:
        """What every object should be told now."""
        return self._statuses

    def watch(self, watcher: Watcher) -> None:
        """Call this after every commit that changed something, from now on."""
        self._watchers.append(watcher)

    def listen(self, ear: Ear) -> None:
        """Tell this of every event on a stream, once note was taken of it, from now on."""
        self._ears.append(ear)

    def change(
        self,
        changes: Iterable[Change],
        placements: Mapping[Key, Placement | None] | None = None,
        heard_at: float | None = None,
    ) -> Commit:
        """Take in a batch of changes and publish what they mean, in one commit.

        `heard_at` is when there was news of the first of them, of the monotonic clock; now unless given.
        """
        causes = []
        for change in changes:
            causes.append(change.ref)
            if isinstance(change, Put):
                self.translator.put(change.ref.kind, change.value)
            else:
                self.translator.delete(change.ref.kind, change.ref.key)
        for gateway, placement in (placements or {}).items():
            self.translator.place(gateway, placement)
            if self._placements.get(gateway) != placement:
                self._placements[gateway] = placement
                causes.append(Ref("Gateway", *gateway))
        return self._commit(causes, heard_at)

    def hear(self, event: Event) -> None:
        """Take note of what a stream found out about its Envoy; what it refuses shows in routes and conditions."""
        match event:
            case Nacked(gateway=gateway, type=type_, name=name, version=version, words=words):
                metrics.NACKS.labels(str(gateway), type_.name.lower()).inc()
                log.error(
                    "xds.nack",
                    gateway=str(gateway),
                    node=event.node,
                    type=type_.name.lower(),
                    name=name,
                    host=event.host,
                    version=version,
                    words=words,
                )
                self.refuse(self.refusal(event), event.node)
            case Acked(gateway=gateway, type=type_, names=names, seconds=seconds):
                self.standing.acked(event, time.monotonic())
                self.accept(gateway, type_, names, event.node)
                metrics.acks_of[type_].inc()
                metrics.ack_seconds_of[type_].observe(seconds)
            case Connected(gateway=gateway, node=node):
                metrics.STREAMS.inc()
                self.standing.connected(gateway, node)
                log.info("xds.connected", gateway=str(gateway), node=node)
            case Disconnected(gateway=gateway, node=node):
                metrics.STREAMS.dec()
                self.standing.disconnected(gateway, node)
                self._refusers.gone(gateway, node)
                log.info("xds.disconnected", gateway=str(gateway), node=node)
            case Settled(gateway=gateway, node=node):
                log.debug("xds.settled", gateway=str(gateway), node=node)
        for ear in self._ears:
            ear(event)

    def refusal(self, event: Nacked) -> Refusal:
        """Say what an Envoy's refusal is about, the routes at fault included."""
        gateway, name, host = event.gateway, event.name, event.host
        routes = self._suspects(event)
        return Refusal(gateway, event.type, name, host, event.version, event.words, routes)

    def _suspects(self, event: Nacked) -> tuple[Ref, ...]:
        if event.host:
            return self.translator.suspects(event.gateway, event.name, event.host, event.held)
        if event.type is ResourceType.LISTENER:
            return self.translator.newcomers(event.gateway, event.name, event.held)
        return ()

    def refuse(self, refusal: Refusal, node: str) -> None:
        """Let a refusal by an Envoy show in routes and conditions."""
        gateway, type_, name = refusal.gateway, refusal.type, refusal.name
        self._refusers.refused(gateway, type_, name, node)
        self.translator.refuse(
            gateway, type_, name, Refused(refusal.version, refusal.words, refusal.routes), refusal.host
        )
        self._commit()

    def accept(self, gateway: Key, type_: ResourceType, names: Iterable[str], node: str) -> None:
        """Note that an Envoy accepted resources as they are; what it alone had refused is refused no more."""
        if self.translator.accept(gateway, type_, list(self._refusers.accepted(gateway, type_, names, node))):
            self._commit()

    def refuse_elsewhere(self, refusal: Refusal, replica: str) -> None:
        """Let a refusal that another replica was told of show in conditions, and not in what is served here."""
        if refusal.type is not ResourceType.CLUSTER:
            self.refuse(refusal, replica)
            return
        refused = Refused(refusal.version, refusal.words, refusal.routes)
        self.translator.refuse_elsewhere(refusal.gateway, refusal.name, refused)
        self._commit()

    def accept_elsewhere(self, refusal: Refusal, replica: str) -> None:
        """Note that another replica is told of a refusal no more."""
        if refusal.type is not ResourceType.CLUSTER:
            self.accept(refusal.gateway, refusal.type, (refusal.name,), replica)
            return
        self.translator.refuse_elsewhere(refusal.gateway, refusal.name, None)
        self._commit()

    def acknowledge(self, generations: Mapping[Key, int], with_sets: Iterable[Key] = ()) -> None:
        """Let it show which generations of Gateways their Envoys have acknowledged, and of which all ListenerSets."""
        for gateway, generation in generations.items():
            self.translator.acknowledge(gateway, generation)
        for gateway in with_sets:
            self.translator.acknowledge_sets(gateway)
        self._commit()

    def acknowledge_sets(self, sets: Iterable[Key]) -> None:
        """Let it show that ListenerSets have been acknowledged."""
        for key in sets:
            self.translator.acknowledge_set(key)
        self._commit()

    def _commit(self, causes: Sequence[Ref] = (), heard_at: float | None = None) -> Commit:
        began = time.monotonic()
        with metrics.COMMIT_SECONDS.time():
            commit = self.translator.commit()
        if not commit:
            return commit
        for change in commit.statuses:
            if change.status is None:
                self._statuses.pop(change.ref, None)
            else:
                self._statuses[change.ref] = change.status
        self.standing.told(commit.statuses)
        if any(change.type is ResourceType.SECRET for change in commit.resources):
            self._look_at_certificates()
        edits: tuple[SnapshotChange, ...] = (*commit.resources, *commit.tables, *commit.hosts)
        if edits:
            self.history.record(time.time(), causes, map(self._edit, edits), len(edits))
        self.standing.changed(edits, Heard(began if heard_at is None else heard_at, time.monotonic()))
        touched = self.snapshots.apply(edits)
        self.standing.published(touched, self.snapshots)
        for gateway in touched:
            log.debug("snapshot.published", gateway=str(gateway), hosts=len(commit.hosts))
        for watcher in self._watchers:
            watcher(commit)
        return commit

    def _edit(self, change: SnapshotChange) -> Edit:
        """Say what a change replaces, before it is made."""
        match change:
            case ResourceChange(gateway, kind, name, after):
                item = Item(name)
            case TableChange(gateway, name, after):
                kind, item = ResourceType.ROUTE, Item(name)
            case HostChange(gateway, table, name, after):
                kind, item = ResourceType.ROUTE, Item(table, name)
        return Edit(gateway, kind, item, self.snapshots[gateway].get(kind, item), after)

    def _look_at_certificates(self) -> None:
        """Note until when certificates hold; one that has expired is served all the same."""
        found = {secret: certificate.not_after for secret, certificate in self.translator.certificates()}
        self.standing.certify(found)
        now = time.time()
        for secret, not_after in found.items():
            if not_after < now:
                log.warning("certificate.expired", secret=str(secret), hint="it is served all the same; renew it")
