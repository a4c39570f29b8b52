"""A route table put together, at one time: an edit makes another one, and whoever sent the first keeps it.

Thousands of streams hold tables of thousands of hosts, nearly always the snapshot's own: so they share them.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping

from translator.xds.resource import DIGESTS, RouteTable, VirtualHost, version

MANY = 16
"""From so many new and old names on, sorting all costs less than putting each in its place."""

IS_OURS = re.compile("[0-9a-f]{32}")
"""Versions as we write them; an Envoy may come from another control plane."""


class RouteConfiguration:
    """A head and its virtual hosts, joined in sorted order of their names. It never changes."""

    __slots__ = ("_digest", "_pieces", "head", "hosts", "names")

    def __init__(
        self,
        head: RouteTable | None = None,
        hosts: Mapping[str, VirtualHost] = {},
        names: tuple[str, ...] = (),
        digest: int = 0,
    ) -> None:
        self.head = head
        """None where the table does not exist, whatever hosts may wait for it."""
        self.hosts = hosts
        self.names = names
        """Sorted names of the virtual hosts, in the order in which they are on the wire."""
        self._digest = digest
        self._pieces: tuple[bytes, ...] | None = None

    def edited(
        self, head: RouteTable | None, hosts: Mapping[str, VirtualHost | None], like: "RouteConfiguration | None" = None
    ) -> "RouteConfiguration":
        """Return it with another head and with some hosts put or, with None, taken out; `like`, if that is the same."""
        changed = {name: host for name, host in hosts.items() if host is not self.hosts.get(name)}
        digest = self._digest
        for name, host in changed.items():
            digest += _digest(host) - _digest(self.hosts.get(name))
        if like is not None and like._digest == digest and _digest(like.head) == _digest(head):
            return like
        whole = dict(self.hosts)
        for name, host in changed.items():
            if host is None:
                del whole[name]
            else:
                whole[name] = host
        return RouteConfiguration(head, whole, self._renamed(whole, changed), digest)

    def _renamed(self, whole: Mapping[str, VirtualHost], changed: Mapping[str, VirtualHost | None]) -> tuple[str, ...]:
        moved = [name for name in changed if (name in whole) != (name in self.hosts)]
        if not moved:
            return self.names
        if len(moved) >= MANY:
            return tuple(sorted(whole))
        names = list(self.names)
        for name in moved:
            nth = bisect_left(names, name)
            names[nth:nth] = [name] if name in whole else []
            if name not in whole:
                del names[nth]
        return tuple(names)

    @property
    def is_empty(self) -> bool:
        """Whether it has neither a head nor hosts."""
        return self.head is None and not self.hosts

    @property
    def version(self) -> str:
        """The hash of the content, in whatever order it came to be; empty for a table that does not exist."""
        return "" if self.head is None else version(self.head.digest + self._digest)

    def lacking(self, of: str) -> frozenset[str] | None:
        """Return which hosts a table lacks that has a version and is like this one otherwise; None if none is found.

        Versions are sums of digests, so that what two tables differ in tells: one host, or two.
        """
        if not IS_OURS.fullmatch(of):
            return None
        digest = int(self.version or "0", 16) - int(of, 16)
        hosts = {host.digest: name for name, host in self.hosts.items()}
        for each in (0, *hosts):
            other = (digest - each) % DIGESTS
            if other in hosts and other != each:
                return frozenset(hosts[it] for it in (each, other) if it)
        return None

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The serialised RouteConfiguration, not joined yet."""
        if self._pieces is None:
            head = b"" if self.head is None else self.head.head
            self._pieces = (head, *[self.hosts[name].frame for name in self.names])
        return self._pieces

    @property
    def body(self) -> bytes:
        """The serialised RouteConfiguration."""
        return b"".join(self.pieces)


NO_TABLE = RouteConfiguration()


def _digest(entry: RouteTable | VirtualHost | None) -> int:
    return 0 if entry is None else entry.digest
