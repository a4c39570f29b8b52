"""Make before break: which clusters an Envoy has ready, and which ones what it holds still names.

An Envoy that is given a route to a cluster it does not have answers 503. So a route waits until its clusters are ready:
ACKed, or, since an Envoy holds its CDS ACK while any cluster warms, known from the ACK of the cluster's endpoints. A
cluster that an Envoy has but does not make ready holds a route back for a limited time only. Scopes, too, stay for as
long as a listener names them, and those that it served are.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from xds_server.ads.channel import Batch
from xds_server.snapshot import Entry

NEVER = float("inf")


class Passage(NamedTuple):
    """When a cluster was first sent."""

    turn: int
    at: float


class Gate:
    """What one stream's Envoy is known to have."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._ready: set[str] = set()
        self._sent: dict[str, Passage] = {}
        """Clusters whose response is not answered yet."""
        self._named: Counter[str] = Counter()
        self._scopes: Counter[str] = Counter()
        self._released: dict[str, float] = {}
        """Scopes that no listener names any more, and when that was first looked at."""
        self._evident: set[str] = set()
        self.inherited: set[str] = set()
        """Clusters that the Envoy brought along; routes that nobody here knows may name them."""

    # ---- readiness ------------------------------------------------------------------------------------------------

    def opens_at(self, cluster: str) -> float:
        """Return when a route may name a cluster: at once (0), at a time, or not before something happens."""
        if cluster in self._ready:
            return 0.0
        passage = self._sent.get(cluster)
        return NEVER if passage is None else passage.at + self._patience

    def inherit(self, cluster: str) -> None:
        """Note a cluster that the Envoy had ready before this stream began."""
        self._ready.add(cluster)
        self.inherited.add(cluster)

    def send(self, batch: Batch, turn: int, now: float) -> None:
        """Note what a CDS response brings and takes away."""
        for item, entry in batch.items():
            if entry is None:
                self.remove(item.name)
            else:
                self._sent.setdefault(item.name, Passage(turn, now))

    def accept(self, cluster: str, turn: int) -> None:
        """Note the ACK of a turn's response; it says nothing of a cluster that was removed and sent anew since."""
        passage = self._sent.get(cluster)
        if passage is not None and passage.turn <= turn:
            self._ready.add(cluster)
            del self._sent[cluster]
            self._sent = self._sent or {}  # an empty dictionary of what once were thousands takes as much as them

    def has(self, cluster: str, turn: int) -> bool:
        """Whether the Envoy has a cluster that it was first sent in a turn, by the evidence of its endpoints."""
        passage = self._sent.get(cluster)
        known = cluster in self._ready or cluster in self._evident
        return known and passage is not None and passage.turn == turn

    def accept_endpoints(self, clusters: Iterable[str], turn: int) -> None:
        """Note the ACK of endpoints: a cluster that was sent before them has them, and waits for secrets at most."""
        for cluster in clusters:
            passage = self._sent.get(cluster)
            if passage is not None and passage.turn < turn:
                self._evident.add(cluster)

    def accept_secrets(self) -> None:
        """Note that no secret is outstanding: clusters that have their endpoints are ready."""
        self._ready |= self._evident
        self._evident.clear()

    def remove(self, cluster: str) -> None:
        """Note that the Envoy has, or soon will have, the cluster no more."""
        self._ready.discard(cluster)
        self._evident.discard(cluster)
        self._sent.pop(cluster, None)
        self.inherited.discard(cluster)

    # ---- references -----------------------------------------------------------------------------------------------

    def name(self, entries: Iterable[Entry | None]) -> None:
        """Note that the Envoy may hold these listeners and virtual hosts."""
        for entry in entries:
            self._named.update(clusters_of(entry))
            for scope in scopes_of(entry):
                self._scopes[scope] += 1
                self._released.pop(scope, None)

    def unname(self, entries: Iterable[Entry | None]) -> None:
        """Note that the Envoy holds them no more."""
        for entry in entries:
            for cluster in clusters_of(entry):
                self._named[cluster] -= 1
                if not self._named[cluster]:
                    del self._named[cluster]
            for scope in scopes_of(entry):
                self._scopes[scope] -= 1
                if not self._scopes[scope]:
                    del self._scopes[scope]
                    self._released[scope] = NEVER

    def is_named(self, cluster: str) -> bool:
        """Whether something that the Envoy may hold names a cluster."""
        return cluster in self._named

    def released_at(self, scope: str, now: float) -> float:
        """Return since when no listener names a scope: infinitely late if one does, early if none ever did."""
        if scope in self._scopes:
            return NEVER
        since = self._released.get(scope, -NEVER)
        if since == NEVER:
            self._released[scope] = since = now
        return since

    def last_release_at(self, now: float) -> float:
        """Return when a scope that the Envoy has was last let go of: early if all of them are named."""
        return max((self.released_at(scope, now) for scope in list(self._released)), default=-NEVER)

    def inherit_scope(self, scope: str) -> None:
        """Note a scope that the Envoy brought along: a listener that nobody here knows may have named it."""
        if scope not in self._scopes:
            self._released.setdefault(scope, NEVER)

    def forget_scope(self, scope: str) -> None:
        """Note that the Envoy has a scope no more."""
        self._released.pop(scope, None)


def clusters_of(entry: Entry | None) -> tuple[str, ...]:
    """Return the clusters that a listener or virtual host names."""
    return getattr(entry, "clusters", ())


def scopes_of(entry: Entry | None) -> tuple[str, ...]:
    """Return the scopes that a listener names."""
    return getattr(entry, "scopes", ())


def tables_of(entry: Entry | None) -> tuple[str, ...]:
    """Return the route tables that a scope names."""
    return getattr(entry, "tables", ())
