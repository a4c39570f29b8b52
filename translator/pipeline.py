"""A translator: objects and verdicts in, commits out. Everything that is remembered is remembered in its tables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from translator import ir
from translator.api.kinds import Object
from translator.attach.certificates import Certificate
from translator.attach.set_progress import of_set
from translator.incremental import Graph
from translator.status import Status, StatusChange
from translator.value import Key, Ref, Value
from translator.wiring import clusters, envoy, listeners, routes, shards, statuses, telemetry, verdicts
from translator.wiring.owners import Owners
from translator.wiring.sources import Sources
from translator.xds.chains import EncodedChain, newcomers
from translator.xds.names import whole_table
from translator.xds.resource import (
    HostChange,
    Refused,
    Resource,
    ResourceChange,
    ResourceType,
    RouteTable,
    TableChange,
    VirtualHost,
)
from translator.xds.shards import Sharding
from translator.xds.streams import EncodedStream
from translator.xds.verdicts import stream_suspects, suspects

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian keeps CA certificates, and so Envoy's images."""


class Settings(Value):
    """What a translator is made with; it never changes afterwards."""

    controller_name: str = "gatehouse.dev/gateway-controller"
    dns_services: bool = False
    """Resolve a Service without EndpointSlices by DNS under its own name, as the file source wants it."""
    system_authorities: str = SYSTEM_AUTHORITIES
    """Where Envoys find the CA certificates that come with their system."""
    awaits_envoys: bool = False
    """Call a Gateway Programmed when `acknowledge` says so, and not as soon as it is translated."""
    sharding: Sharding = Sharding()
    """When route tables are divided."""


class InfrastructureChange(NamedTuple):
    """What a Gateway's Envoys run on now; None where it is none of our Gateways (any more)."""

    gateway: Key
    infrastructure: ir.Infrastructure | ir.Held | None


class World(NamedTuple):
    """All objects as of one commit, for who looks at them while the next one is made."""

    objects: Mapping[str, Mapping[Key, Object]]
    """By kind; ServiceImports stand among the Services."""
    routes: Mapping[Ref, Object]
    bound: Mapping[Ref, ir.Bound]
    """Of each route, the parents that are ours, and the listeners that took it."""


class Commit(Value):
    """What one commit changed; each list is free of duplicates and holds only real changes."""

    resources: tuple[ResourceChange, ...]
    tables: tuple[TableChange, ...]
    hosts: tuple[HostChange, ...]
    statuses: tuple[StatusChange, ...]
    infrastructures: tuple[InfrastructureChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.resources or self.tables or self.hosts or self.statuses or self.infrastructures)


class Translator:
    """A world of Gateway API objects and what it means to Envoy, kept up to date by commits."""

    def __init__(self, settings: Settings = Settings()) -> None:
        graph = self._graph = Graph()
        self._sources = Sources(graph)
        self._listeners = listeners.declare(graph, self._sources, settings.controller_name)
        self._routes = routes.declare(graph, self._sources, self._listeners)
        self._telemetry = telemetry.declare(graph, self._sources, self._listeners, self._routes)
        self._clusters = clusters.declare(graph, self._sources, self._routes, self._telemetry, settings.dns_services)
        self._envoy = envoy.declare(
            graph,
            self._sources,
            self._listeners,
            self._routes,
            self._telemetry,
            self._clusters,
            settings.system_authorities,
            settings.sharding,
        )
        self._verdicts = verdicts.declare(
            graph, self._sources, self._listeners, self._routes, self._clusters, self._envoy
        )
        self._told = statuses.declare(
            graph, self._sources, self._listeners, self._routes, self._telemetry, self._verdicts, settings.awaits_envoys
        )

        self.owners = Owners(
            named=self._clusters.named,
            accepted=self._routes.accepted,
            tls=self._routes.claimed,
            traffic=self._routes.traffic_claimed,
            telemetry=self._telemetry.claimed,
            shown=self._envoy.shown,
            ported=self._envoy.ported,
            tabled=self._envoy.tabled,
            hosted=self._envoy.hosted,
        )
        """Says which objects made a resource."""

    # ---- in -------------------------------------------------------------------------------------------------------

    def put(self, kind: str, value: Object) -> None:
        """Add or change an object; takes effect with the next commit."""
        self._sources.put(kind, value)

    def delete(self, kind: str, key: Key) -> None:
        """Remove an object; one that is not there is no error."""
        self._sources.delete(kind, key)

    def replace(self, kind: str, values: Iterable[Object]) -> None:
        """Make these the only objects of a kind, as a list after a lost watch does."""
        self._sources.replace(kind, values)

    def place(self, gateway: Key, placement: ir.Placement | None) -> None:
        """Say where a Gateway's Envoys listen; None for the default: every address, the listeners' own ports."""
        if placement is None:
            self._sources.placements.delete(gateway)
        else:
            self._sources.placements.put(gateway, placement)

    def acknowledge(self, gateway: Key, generation: int) -> None:
        """Say that the Envoys of a Gateway have acknowledged what it was translated to at a generation."""
        found = self._listeners.reported.get(gateway)
        if found is not None:
            self._sources.progress.put(gateway, ir.Progress(generation, found.served))

    def acknowledge_sets(self, gateway: Key) -> None:
        """Say that the Envoys of a Gateway have acknowledged what its ListenerSets were translated to, all of them."""
        for key in self.awaiting(gateway):
            self.acknowledge_set(key)

    def acknowledge_set(self, key: Key) -> None:
        """Say that the Envoys of its Gateway have acknowledged what a ListenerSet was translated to."""
        found = self._listeners.sets.get(key)
        if found is not None:
            self._sources.set_progress.put(key, of_set(found))

    def refuse(self, gateway: Key, type_: ResourceType, name: str, refused: Refused, host: str = "") -> None:
        """Say that an Envoy refused a version of a resource; it counts until the resource changes or is accepted.

        The routes of a refused cluster answer with an error; listeners that something was refused of are not
        Programmed, and the routes at fault are told. Of a route table it was the virtual host `host`, or the head.
        """
        if type_ is ResourceType.ROUTE:
            self._sources.refused_hosts.put((gateway, whole_table(name), host), refused)
        else:
            self._sources.refused[type_].put((gateway, name), refused)

    def accept(self, gateway: Key, type_: ResourceType, names: Iterable[str]) -> bool:
        """Say that an Envoy accepted resources as they are now; return whether one of them had been refused.

        The virtual hosts of a route table are accepted by being changed.
        """
        if type_ is ResourceType.ROUTE:
            return self._forget_hosts(gateway, frozenset(map(whole_table, names)))
        refused = self._sources.refused[type_]
        known = [name for name in names if refused.get((gateway, name)) is not None]
        for name in known:
            refused.delete((gateway, name))
        return bool(known)

    def _forget_hosts(self, gateway: Key, tables: frozenset[str]) -> bool:
        """Drop refusals that count no more."""
        stale = [
            key
            for key, _ in self._sources.refused_hosts.items()
            if key[0] == gateway and key[1] in tables and self._verdicts.judged[ResourceType.ROUTE].get(key) is None
        ]
        for key in stale:
            self._sources.refused_hosts.delete(key)
        return bool(stale)

    def refuse_elsewhere(self, gateway: Key, cluster: str, refused: Refused | None) -> None:
        """Say that Envoys of the Gateway that this process does not serve refused a cluster; None if none does now.

        That shows in conditions; what is served here goes by what the Envoys here say.
        """
        if refused is None:
            self._sources.refused_elsewhere.delete((gateway, cluster))
        else:
            self._sources.refused_elsewhere.put((gateway, cluster), refused)

    def commit(self) -> Commit:
        """Translate what was put and deleted since the last commit."""
        self._graph.commit()
        return Commit(
            resources=tuple(self._changed_resources()),
            tables=tuple(shards.changed_tables(self._envoy.tables)),
            hosts=tuple(shards.changed_hosts(self._envoy.hosts, self._envoy.divided)),
            statuses=tuple(self._changed_statuses()),
            infrastructures=tuple(
                InfrastructureChange(key, self._listeners.infrastructures.get(key))
                for key in sorted(self._listeners.infrastructures.changed)
            ),
        )

    # ---- out ------------------------------------------------------------------------------------------------------

    @property
    def runs(self) -> Mapping[str, int]:
        """Rows computed so far, by table: the work that tests count."""
        return self._graph.runs

    def resources(self) -> Iterator[tuple[Key, ResourceType, Resource]]:
        """Every resource of every Gateway but route tables, in no order that means anything."""
        for type_, table in self._envoy.resources.items():
            for (gateway, _), row in table.items():
                yield gateway, type_, row
        for gateway, row in self._envoy.divided.all_scopes():
            yield gateway, ResourceType.SCOPE, row

    def tables(self) -> Iterator[tuple[Key, RouteTable, list[VirtualHost]]]:
        """Every route table with its virtual hosts in the order of their names."""
        hosts_of: dict[tuple[Key, str], list[VirtualHost]] = {}
        for key, host in self._envoy.hosts.items():
            for shard in self._envoy.divided.places(key):
                hosts_of.setdefault((key.gateway, shard), []).append(host)
        for (gateway, _), heads in self._envoy.tables.items():
            for head in heads:
                yield gateway, head, sorted(hosts_of.get((gateway, head.name), ()), key=lambda host: host.name)

    def statuses(self) -> Iterator[tuple[Ref, Status]]:
        """Every object's status."""
        for kind, table in self._told.objects.items():
            for key, status in table.items():
                yield Ref(kind, *key), status
        yield from self._told.routes.items()

    def world(self) -> World:
        """Copy what there is, and where routes are attached."""
        return World(self._sources.all(), dict(self._sources.routes.items()), dict(self._routes.accepted.items()))

    def generation(self, gateway: Key) -> int | None:
        """Return the generation that a Gateway of ours was translated at."""
        found = self._listeners.reported.get(gateway)
        return None if found is None else found.generation

    def awaited(self) -> Iterator[Key]:
        """Every Gateway with ListenerSets that its Envoys have yet to acknowledge."""
        return (gateway for gateway, _ in self._listeners.awaiting.items())

    def awaiting(self, gateway: Key) -> tuple[Key, ...]:
        """Return the ListenerSets of a Gateway that its Envoys have yet to acknowledge."""
        return tuple(key for key, _ in self._listeners.awaiting.get(gateway) or ())

    def mark(self, gateway: Key) -> int:
        """Return what there is of a Gateway's ListenerSets, in a number that is the same in every process."""
        return self._listeners.marks.get(gateway) or 0

    def generation_of_set(self, key: Key) -> int | None:
        """Return the generation that a ListenerSet on a Gateway of ours was translated at."""
        found = self._listeners.sets.get(key)
        return None if found is None else found.generation

    def is_refused(self, gateway: Key, type_: ResourceType, name: str, host: str = "") -> bool:
        """Whether a refusal of a resource is known that was not taken back, be it of a version that was before."""
        if type_ is ResourceType.ROUTE:
            return self._sources.refused_hosts.get((gateway, whole_table(name), host)) is not None
        return self._sources.refused[type_].get((gateway, name)) is not None

    def blamed(self, gateway: Key, type_: ResourceType, name: str, host: str = "") -> tuple[Ref, ...]:
        """Name the routes, and ListenerSets, that a refusal is laid at the door of."""
        key = (gateway, whole_table(name), host) if type_ is ResourceType.ROUTE else (gateway, name)
        table = self._verdicts.judged.get(type_)
        verdict = None if table is None else table.get(key)
        if verdict is None:
            return ()
        sets = (it.parent for it in verdict.listeners if it.parent.kind == "ListenerSet")
        return tuple(dict.fromkeys((*verdict.routes, *sets)))

    def knows(self, ref: Ref) -> bool:
        """Whether an object exists."""
        return self._sources.knows(ref)

    def suspects(self, gateway: Key, table: str, domain: str, held: bytes) -> tuple[Ref, ...]:
        """Name the routes of a virtual host that are new to an Envoy that holds `held` in its place."""
        whole = whole_table(table)
        for listener_key, _ in self._envoy.tabled.get((gateway, whole)) or ():
            key = ir.HostKey(gateway, whole, domain, listener_key)
            host = self._envoy.hosts.get(key)
            if host is not None:
                return suspects(key, host, held, self._envoy.hosted)
        return ()

    def newcomers(self, gateway: Key, listener: str, held: bytes) -> tuple[Ref, ...]:
        """Name the routes, and ListenerSets, whose part of an Envoy listener is new to one that holds `held` instead.

        Where the Gateway has changed too, it may as well be the Gateway's fault, and no ListenerSet is named.
        """
        members = self._envoy.ported.get((gateway, listener)) or ()
        owners = newcomers((it for _, it in members if isinstance(it, EncodedChain)), held)
        sets = () if any(it.kind == "Gateway" for it in owners) else owners
        return sets + stream_suspects((it for _, it in members if isinstance(it, EncodedStream)), held)

    def certificates(self) -> Iterator[tuple[Key, Certificate]]:
        """Every Secret whose certificate clients or backends are shown, and what is known of it without a clock."""
        listeners = (it for _, parent in self._listeners.parents.items() for it in parent.listeners if it.serves)
        served = {secret_key for it in listeners for secret_key in it.certificates}
        for secret_key in sorted(served.union(it for _, it in self._listeners.presented.items())):
            checked = self._listeners.checked.get(secret_key)
            if isinstance(checked, Certificate):
                yield secret_key, checked

    def _changed_resources(self) -> Iterator[ResourceChange]:
        for type_, table in self._envoy.resources.items():
            for gateway, name in sorted(table.changed):
                yield ResourceChange(gateway, type_, name, table.get((gateway, name)))
        yield from shards.changed_scopes(self._envoy.divided)

    def _changed_statuses(self) -> Iterator[StatusChange]:
        for kind, table in self._told.objects.items():
            for key in sorted(table.changed):
                yield StatusChange(Ref(kind, *key), table.get(key))
        for ref in sorted(self._told.routes.changed):
            yield StatusChange(ref, self._told.routes.get(ref))
