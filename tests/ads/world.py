"""A small world of clusters, listeners and virtual hosts in a notation that a model Envoy can read.

cluster   `eds 3 good`: discovery (eds, dns, or dead for a name that never answers), revision, verdict
endpoints `3`
listener  `family c1,c2 3 good`, with `-` where it names no cluster; `~family` where scopes name its tables
scope     `key table good`
host      `name|c1,c2|3 good`, one line per host: a route table is its hosts' lines
"""

from collections.abc import Mapping
from typing import NamedTuple

from tests.ads.envoy_listeners import SCOPED, plain_table
from translator.value import Key
from translator.xds.resource import (
    HostChange,
    Resource,
    ResourceChange,
    ResourceType,
    RouteTable,
    TableChange,
    VirtualHost,
    resource,
    route_table,
    virtual_host,
)
from xds_server.snapshot import Change

GATEWAY = Key("default", "gw")
CLUSTER, ENDPOINT, SECRET, LISTENER, ROUTE, SCOPE = ResourceType

Rows = dict[tuple[ResourceType, str, str], Resource | RouteTable | VirtualHost]
Rendered = Mapping[tuple[ResourceType, str, str], Resource | RouteTable | VirtualHost]
"""A world as a translator would write it, by type, name and (of virtual hosts) domain."""


class Cluster(NamedTuple):
    kind: str = "eds"
    revision: int = 0
    verdict: str = "good"


class Host(NamedTuple):
    clusters: tuple[str, ...] = ()
    revision: int = 0
    verdict: str = "good"


class Listener(NamedTuple):
    table: str
    revision: int = 0
    verdict: str = "good"
    clusters: tuple[str, ...] = ()
    shards: int = 0
    """How many tables its hosts are spread over, by the number in their names; 0 where it has one and no scopes."""


KEYS = 4
"""As many as there are hosts: each has one of its own in every listener."""


class World:
    """What shall be, edited piece by piece."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.endpoints: dict[str, int] = {}
        self.hosts: dict[tuple[str, str], Host] = {}
        self.listeners: dict[str, Listener] = {}
        self.bad_scopes: set[str] = set()

    def render(self) -> Rendered:
        """Write the world down; a cluster is there if a host or listener names it, a table if a listener does."""
        rows: Rows = {}
        families = {listener.table: listener.shards for listener in self.listeners.values()}
        for name, listener in self.listeners.items():
            rows[LISTENER, name, ""] = a_listener(name, *listener)
            self._render_clusters(rows, listener.clusters)
        for family, shards in families.items():
            for table in {table_of(family, shards, number) for number in range(KEYS)}:
                rows[ROUTE, table, ""] = route_table(table, b"")
            if shards:
                self._render_scopes(rows, family, shards)
        for (family, domain), host in self.hosts.items():
            if family in families:
                rows[ROUTE, table_of(family, families[family], number_of(domain)), domain] = a_host(domain, *host)
                self._render_clusters(rows, host.clusters)
        return rows

    def _render_scopes(self, rows: Rows, family: str, shards: int) -> None:
        for number in range(KEYS):
            table = table_of(family, shards, number)
            for name in (scope_name(family, number), f"hold {table}"):
                key = name.replace(" ", "-")
                verdict = "bad" if name in self.bad_scopes else "good"
                rows[SCOPE, name, ""] = a_scope(name, key, table, verdict)

    def _render_clusters(self, rows: Rows, names: tuple[str, ...]) -> None:
        for name in names:
            cluster = self.clusters.get(name, Cluster())
            rows[CLUSTER, name, ""] = a_cluster(name, *cluster)
            if cluster.kind == "eds":
                rows[ENDPOINT, name, ""] = resource(name, str(self.endpoints.get(name, 0)).encode())


def a_cluster(name: str, kind: str = "eds", revision: int = 0, verdict: str = "good") -> Resource:
    return resource(name, f"{kind} {revision} {verdict}".encode())


def number_of(domain: str) -> int:
    return int(domain.removeprefix("h"))


def table_of(family: str, shards: int, number: int) -> str:
    return f"{family}/{shards}.{number % shards}" if shards else plain_table(family)


def scope_name(family: str, number: int) -> str:
    return f"{family}:{number}"


def a_scope(name: str, key: str, table: str, verdict: str = "good") -> Resource:
    return resource(name, f"{key} {table} {verdict}".encode(), tables=[table])


def a_listener(
    name: str,
    table: str,
    revision: int = 0,
    verdict: str = "good",
    clusters: tuple[str, ...] = (),
    shards: int = 0,
) -> Resource:
    body = f"{SCOPED if shards else ''}{table} {','.join(clusters) or '-'} {revision} {verdict}"
    scopes = [scope_name(table, number) for number in range(KEYS)] if shards else []
    return resource(name, body.encode(), clusters, [] if shards else [plain_table(table)], scopes)


def a_host(domain: str, clusters: tuple[str, ...] = (), revision: int = 0, verdict: str = "good") -> VirtualHost:
    return virtual_host(domain, f"{domain}|{','.join(clusters)}|{revision} {verdict}\n".encode(), clusters)


def changes(before: Rendered, after: Rendered) -> list[Change]:
    """What a commit reports between two worlds."""
    found: list[Change] = []
    for kind, name, domain in sorted({*before, *after}):
        old, new = before.get((kind, name, domain)), after.get((kind, name, domain))
        if old == new:
            continue
        found.append(changed(kind, name, domain, new))
    return found


def changed(kind: ResourceType, name: str, domain: str, entry: Resource | RouteTable | VirtualHost | None) -> Change:
    """What a commit reports of a row: what it is now, None if it is gone."""
    match entry:
        case VirtualHost():
            return HostChange(GATEWAY, name, domain, entry)
        case RouteTable():
            return TableChange(GATEWAY, name, entry)
        case Resource():
            return ResourceChange(GATEWAY, kind, name, entry)
    if domain:
        return HostChange(GATEWAY, name, domain, None)
    return TableChange(GATEWAY, name, None) if kind is ROUTE else ResourceChange(GATEWAY, kind, name, None)
