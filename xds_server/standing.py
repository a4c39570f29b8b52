"""How every Gateway stands, as numbers for Prometheus: its Envoys, resources and certificates, and what is amiss.

Told by the control plane as it goes; what can be counted when somebody asks is counted then. `collect` is called by
another thread and reads copies that are made at once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily

from translator.status import StatusChange, amiss, conditions_of
from translator.value import Key, Ref
from translator.xds.resource import HostChange, ResourceChange, ResourceType, TableChange
from xds_server import metrics
from xds_server.ads.events import Acked
from xds_server.propagation import Heard, Propagation
from xds_server.snapshot import Change, Snapshot, SnapshotCache

LASTING = (ResourceType.CLUSTER, ResourceType.LISTENER)
"""Types whose removal an Envoy is told of; of the others it asks for no more."""


class Standing:
    """The numbers of one control plane."""

    def __init__(self) -> None:
        self._propagation = Propagation()
        self._snapshots: dict[Key, Snapshot] = {}
        self._secrets: dict[Key, frozenset[str]] = {}
        self._renewed: set[Key] = set()
        """Gateways of which Secrets have changed since they were last published."""
        self._not_after: dict[Key, float] = {}
        self._amiss: dict[str, set[Ref]] = {}
        self._unanswered: Callable[[], Mapping[Key, float]] = dict

    def show(self) -> None:
        """Let these be the numbers that are exported."""
        _EXPORTED.standing = self

    # ---- what is told to it ---------------------------------------------------------------------------------------

    def ask(self, unanswered: Callable[[], Mapping[Key, float]]) -> None:
        """Ask this, from any thread, since when Gateways have responses that are not answered."""
        self._unanswered = unanswered

    def connected(self, gateway: Key, node: str) -> None:
        """Note a stream of an Envoy; an increase of what it refuses is seen only if that was 0 before."""
        for kind in ResourceType:
            metrics.NACKS.labels(str(gateway), kind.name.lower())
        self._propagation.connected(gateway, node)

    def disconnected(self, gateway: Key, node: str) -> None:
        """Note its end."""
        self._propagation.disconnected(gateway, node)

    def acked(self, event: Acked, now: float) -> None:
        """Note how long it took until an Envoy had what it accepts."""
        kind, names = event.type, (*event.names, *event.removed)
        for at in self._propagation.answered(event.gateway, event.node, kind, names, now - event.seconds):
            metrics.propagation_seconds_of[kind].observe(now - at)

    def told(self, changes: Iterable[StatusChange]) -> None:
        """Note what objects are told."""
        for ref, status in changes:
            those = self._amiss.setdefault(ref.kind, set())
            if status is not None and any(amiss(condition) for _, condition in conditions_of(status)):
                those.add(ref)
            else:
                those.discard(ref)

    def changed(self, edits: Iterable[Change], heard: Heard) -> None:
        """Note what Envoys are to be sent."""
        count: dict[ResourceType, int] = {}
        names: dict[Key, dict[ResourceType, dict[str, None]]] = {}
        for edit in edits:
            gateway, kind, name, gone = _of(edit)
            count[kind] = count.get(kind, 0) + 1
            if kind is ResourceType.SECRET:
                self._renewed.add(gateway)
            if self._propagation.has(gateway) and (not gone or kind in LASTING):
                names.setdefault(gateway, {}).setdefault(kind, {})[name] = None
        for kind, number in count.items():
            metrics.changes_of[kind].inc(number)
        for gateway, changed in names.items():
            self._propagation.changed(gateway, changed, heard)

    def published(self, gateways: Iterable[Key], snapshots: SnapshotCache) -> None:
        """Note how much Envoys shall hold."""
        for gateway in gateways:
            if gateway not in snapshots:
                self._snapshots.pop(gateway, None)
                self._secrets.pop(gateway, None)
                continue
            snapshot = self._snapshots[gateway] = snapshots[gateway]
            if gateway in self._renewed:
                self._secrets[gateway] = frozenset(snapshot.names(ResourceType.SECRET))
        self._renewed.clear()

    def certify(self, not_after: Mapping[Key, float]) -> None:
        """Note until when the certificates hold that are served."""
        self._not_after = dict(not_after)

    # ---- what is asked of it --------------------------------------------------------------------------------------

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what there is to export now."""
        now, clock = time.time(), time.monotonic()
        snapshots = list(self._snapshots.items())
        unanswered = self._unanswered()
        yield _family(
            "gatehouse_gateway_envoys",
            "Streams of a Gateway's Envoys to this replica.",
            ("gateway",),
            (((str(gateway),), self._propagation.streams(gateway)) for gateway, _ in snapshots),
        )
        yield _family(
            "gatehouse_gateway_unanswered_seconds",
            "For how long a Gateway's slowest Envoy has not answered the oldest response that it was sent.",
            ("gateway",),
            (((str(it),), clock - unanswered[it] if it in unanswered else 0.0) for it, _ in snapshots),
        )
        yield _family(
            "gatehouse_gateway_resources",
            "Resources that a Gateway's Envoys shall hold; of routes, virtual hosts.",
            ("gateway", "type"),
            (((str(it), kind.name.lower()), size) for it, snapshot in snapshots for kind, size in snapshot.sizes()),
        )
        yield _family(
            "gatehouse_gateway_certificate_expiry_timestamp_seconds",
            "When the first of a Gateway's certificates expires.",
            ("gateway",),
            (((str(it),), at) for it, at in self._expiries()),
        )
        yield _family(
            "gatehouse_certificates_expired",
            "Certificates that are served although they have expired.",
            (),
            [((), sum(at < now for at in self._not_after.values()))],
        )
        yield _family(
            "gatehouse_objects_amiss",
            "Objects with a condition that is not as it should be.",
            ("kind",),
            (((kind,), len(those)) for kind, those in list(self._amiss.items())),
        )

    def _expiries(self) -> Iterator[tuple[Key, float]]:
        not_after = {str(secret): at for secret, at in self._not_after.items()}
        for gateway, secrets in list(self._secrets.items()):
            found = [not_after[it] for it in secrets if it in not_after]
            if found:
                yield gateway, min(found)


class _Exported:
    """What the registry asks: the numbers of the newest control plane."""

    standing = Standing()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return self.standing.collect()


def _of(edit: Change) -> tuple[Key, ResourceType, str, bool]:
    match edit:
        case ResourceChange(gateway, kind, name, after):
            return gateway, kind, name, after is None
        case TableChange(gateway, name, after):
            return gateway, ResourceType.ROUTE, name, after is None
        case HostChange(gateway, table, _, _):
            return gateway, ResourceType.ROUTE, table, False


def _family(name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[Any, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for row, value in values:
        family.add_metric(row, value)
    return family


_EXPORTED = _Exported()
REGISTRY.register(_EXPORTED)
