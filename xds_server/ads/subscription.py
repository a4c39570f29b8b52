"""Which resources of a type a stream asked for (xDS protocol, "How the client specifies what resources to return")."""

from collections.abc import Iterable

from translator.xds.resource import ResourceType
from xds_server.ads.messages import WILDCARD

LEGACY_WILDCARD = frozenset({ResourceType.CLUSTER, ResourceType.LISTENER, ResourceType.SCOPE})
"""Types of which a first request without names asks for everything."""


class Subscription:
    """The names and the wildcard of one type on one stream."""

    def __init__(self, kind: ResourceType) -> None:
        self.names: set[str] = set()
        self.wildcard = False
        self._legacy = kind in LEGACY_WILDCARD
        """No name was ever given, so an empty request still means everything."""

    def wants(self, name: str) -> bool:
        """Whether the stream asked for a resource."""
        return self.wildcard or name in self.names

    def change(self, subscribe: Iterable[str], unsubscribe: Iterable[str]) -> tuple[set[str], set[str]]:
        """Apply a delta request; return the names asked for (again) and those given up, the wildcard among them."""
        added, gone = set(subscribe), set(unsubscribe)
        if self._legacy:
            self._legacy = False
            if not added:
                added = {WILDCARD}
        gone = {name for name in gone if name in self.names or (name == WILDCARD and self.wildcard)}
        self.wildcard = WILDCARD in added or (self.wildcard and WILDCARD not in gone)
        self.names |= added  # in place: an ACK that changes nothing must not cost what thousands of names do
        self.names -= gone | {WILDCARD}
        return added - gone, gone

    def replace(self, wanted: Iterable[str]) -> tuple[set[str], set[str]]:
        """Apply a state-of-the-world request; return the names newly asked for and those given up."""
        names = set(wanted)
        if names:
            self._legacy = False
        elif self._legacy:
            names = {WILDCARD}
        before = self.names | ({WILDCARD} if self.wildcard else set())
        self.names, self.wildcard = names - {WILDCARD}, WILDCARD in names
        return names - before, before - names
