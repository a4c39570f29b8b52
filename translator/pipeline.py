"""The wiring: which table feeds which function, in order. Everything that is remembered is remembered here.

Rooms in the order of the data: sources, attach (the specification's meaning), xds (Envoy's words), status (the way
back). A table reads only tables above it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from translator import ir
from translator.api.kinds import Object
from translator.attach import (
    certificates,
    classes,
    clusters,
    conflicts,
    endpoints,
    grants,
    infrastructure,
    listeners,
    parents,
    policies,
    routes,
)
from translator.attach import status as reports
from translator.features import SUPPORTED_FEATURES
from translator.incremental import Graph, Source, Table
from translator.status import Status, StatusChange
from translator.value import Key, Ref, Value
from translator.xds import cluster, endpoint, hosts, listener, route, route_table, secret, verdicts
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

ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")


class Settings(Value):
    """What a translator is made with; it never changes afterwards."""

    controller_name: str = "gatehouse.dev/gateway-controller"
    dns_services: bool = False
    """Resolve a Service without EndpointSlices by DNS under its own name, as the file source wants it."""
    awaits_envoys: bool = False
    """Call a Gateway Programmed when `acknowledge` says so, and not as soon as it is translated."""


class InfrastructureChange(NamedTuple):
    """What a Gateway's Envoys run on now; None where it is none of our Gateways (any more)."""

    gateway: Key
    infrastructure: ir.Infrastructure | ir.Held | None


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
        source = graph.source

        # sources
        self._sources: dict[str, Source[Key, Object]] = {
            kind: source(kind)
            for kind in (
                "GatewayClass",
                "Gateway",
                "ListenerSet",
                "ReferenceGrant",
                "BackendTLSPolicy",
                "EnvoyParameters",
                "Service",
                "EndpointSlice",
                "Secret",
                "ConfigMap",
                "Namespace",
            )
        }
        objects = self._sources
        self._routes: Source[Ref, Object] = source("routes")
        self._placements: Source[Key, ir.Placement] = source("placements")
        self._refused: dict[ResourceType, Source[tuple[Key, str], Refused]] = {
            ResourceType.CLUSTER: source("refused clusters"),
            ResourceType.ENDPOINT: source("refused endpoints"),
            ResourceType.SECRET: source("refused secrets"),
            ResourceType.LISTENER: source("refused listeners"),
        }
        self._refused_elsewhere: Source[tuple[Key, str], Refused] = source("clusters refused elsewhere")
        self._refused_hosts: Source[tuple[Key, str, str], Refused] = source("refused hosts")
        self._progress: Source[Key, ir.Progress] = source("progress")

        # attach: listeners
        parameters = objects["EnvoyParameters"]
        owned = graph.derived(
            "classes", objects["GatewayClass"], partial(classes.owned, settings.controller_name), parameters
        )
        granted = graph.group("grants", (objects["ReferenceGrant"], grants.by_namespace))
        wanted = graph.group("certificates wanted", (objects["Gateway"], certificates.wanted))
        checked = self._checked = graph.derived("certificates", wanted, certificates.check, objects["Secret"])
        reported = self._reported = graph.derived(
            "listeners", objects["Gateway"], listeners.resolve, owned, checked, granted, self._placements, parameters
        )
        self._infrastructures: Table[Key, ir.Infrastructure | ir.Held] = graph.derived(
            "infrastructure", reported, infrastructure.of_gateway, objects["Gateway"], owned, parameters
        )
        parent_rows = self._parents = graph.derived("parents", reported, listeners.parent)

        # attach: routes
        targeted = graph.group("policies", (objects["BackendTLSPolicy"], policies.by_service))
        resolved = graph.derived("resolved", self._routes, routes.resolve, objects["Service"], granted, targeted)
        rejected = graph.derived("rejected", resolved, routes.rejected)
        bound = graph.derived("bound", self._routes, parents.bind, parent_rows, objects["Namespace"])
        grpc = graph.group("grpc routes", (bound, conflicts.grpc_by_listener))
        http = graph.group("http routes", (bound, conflicts.http_by_listener))
        losers = graph.derived("cross-kind conflicts", grpc, conflicts.losers, http, rejected)
        accepted = graph.derived("accepted", bound, conflicts.settle, losers)

        # attach: clusters
        slices = graph.group("slices", (objects["EndpointSlice"], endpoints.by_service))
        named = graph.group("clusters named", (resolved, clusters.named))
        sliced = graph.derived("services with slices", slices, endpoints.exists)
        reached = graph.derived(
            "clusters", named, partial(clusters.reach, settings.dns_services), objects["Service"], sliced
        )
        located = graph.derived("endpoints", reached, endpoints.locate, objects["Service"], slices)

        # xds
        cluster_rows = graph.derived("cluster resources", reached, cluster.encode)
        endpoint_rows = graph.derived("endpoint resources", located, endpoint.encode)
        unusable = graph.derived(
            "unusable clusters", self._refused[ResourceType.CLUSTER], cluster.unusable, cluster_rows
        )
        served = graph.group("served", (accepted, hosts.served))
        encoded = graph.derived("encoded routes", served, route.encode, resolved, unusable)
        hosted = self._hosted = graph.group("hosts", (encoded, hosts.of_routes), (parent_rows, hosts.of_listeners))
        self._hosts = graph.derived("virtual hosts", hosted, hosts.assemble, hosted)
        tabled = self._tabled = graph.group("tables", (parent_rows, route_table.of_listeners))
        self._tables = graph.derived("route tables", tabled, route_table.encode)
        ported = graph.group("ports", (parent_rows, listener.of_gateway))
        self._listeners = graph.derived("envoy listeners", ported, listener.encode, self._placements)
        shown = graph.group("secrets shown", (parent_rows, secret.of_gateway))
        self._secrets = graph.derived("secret resources", shown, secret.encode, objects["Secret"])
        used = graph.group("clusters used", (self._hosts, hosts.clusters_used))
        self._clusters = graph.derived("clusters of gateways", used, cluster.of_gateway, cluster_rows)
        self._endpoints = graph.derived("endpoints of gateways", used, endpoint.of_gateway, endpoint_rows)

        # verdicts of Envoys
        judged = self._judged = self._verdicts(cluster_rows, endpoint_rows, named, accepted)
        said = [
            *((it.name, table) for it, table in judged.items()),
            (
                "elsewhere",
                graph.derived(
                    "verdicts elsewhere", self._refused_elsewhere, verdicts.of_cluster, cluster_rows, named, accepted
                ),
            ),
        ]
        blamed_routes = graph.group(
            "blamed routes", *((table, partial(verdicts.by_route, name)) for name, table in said)
        )
        blamed_listeners = graph.group(
            "blamed listeners", *((table, partial(verdicts.by_listener, name)) for name, table in said)
        )
        unserved = graph.derived(
            "unserved listeners", self._refused[ResourceType.LISTENER], listener.unserved, self._listeners
        )

        # status
        attached_to = graph.derived("attached to", accepted, parents.attached_to, rejected)
        attached = graph.group("attached", (attached_to, parents.by_listener))
        counted = graph.derived("attached routes", attached, parents.count)
        self._statuses: dict[str, Table[Key, Status]] = {
            "GatewayClass": graph.derived(
                "class status", objects["GatewayClass"], partial(reports.of_class, SUPPORTED_FEATURES), owned
            ),
            "Gateway": graph.derived(
                "gateway status",
                reported,
                partial(reports.of_gateway, awaits_envoys=settings.awaits_envoys),
                counted,
                self._placements,
                unserved,
                blamed_listeners,
                self._progress,
            ),
            "ListenerSet": graph.derived(
                "listener set status", objects["ListenerSet"], reports.of_listener_set, objects["Gateway"], owned
            ),
            "BackendTLSPolicy": graph.derived(
                "policy status", objects["BackendTLSPolicy"], policies.of_policy, objects["Service"]
            ),
        }
        self._route_statuses: Table[Ref, Status] = graph.derived(
            "route status", accepted, reports.of_route, resolved, blamed_routes
        )

    def _verdicts(
        self,
        cluster_rows: Table[str, Resource],
        endpoint_rows: Table[str, Resource],
        named: Table[str, Any],
        accepted: Table[Ref, ir.Bound],
    ) -> dict[ResourceType, Table[Any, verdicts.Verdict]]:
        """Declare what Envoys said, by what they said it of."""
        derived, refused, of = self._graph.derived, self._refused, ResourceType
        return {
            of.CLUSTER: derived(
                "cluster verdicts", refused[of.CLUSTER], verdicts.of_cluster, cluster_rows, named, accepted
            ),
            of.ENDPOINT: derived(
                "endpoint verdicts", refused[of.ENDPOINT], verdicts.of_cluster, endpoint_rows, named, accepted
            ),
            of.SECRET: derived("secret verdicts", refused[of.SECRET], verdicts.of_secret, self._secrets, self._parents),
            of.ROUTE: derived(
                "host verdicts",
                self._refused_hosts,
                verdicts.of_host,
                self._tabled,
                self._tables,
                self._hosts,
                self._hosted,
            ),
        }

    # ---- in -------------------------------------------------------------------------------------------------------

    def put(self, kind: str, value: Object) -> None:
        """Add or change an object; takes effect with the next commit."""
        key = value.metadata.key
        if kind in ROUTE_KINDS:
            self._routes.put(Ref(kind, *key), value)
        else:
            self._sources[kind].put(key, value)

    def delete(self, kind: str, key: Key) -> None:
        """Remove an object; one that is not there is no error."""
        if kind in ROUTE_KINDS:
            self._routes.delete(Ref(kind, *key))
        else:
            self._sources[kind].delete(key)
        if kind == "Gateway":
            self._progress.delete(key)

    def replace(self, kind: str, values: Iterable[Object]) -> None:
        """Make these the only objects of a kind, as a list after a lost watch does."""
        if kind in ROUTE_KINDS:
            rows = {Ref(kind, *value.metadata.key): value for value in values}
            self._routes.replace(rows, lambda ref: ref.kind == kind)
        else:
            self._sources[kind].replace({value.metadata.key: value for value in values})

    def place(self, gateway: Key, placement: ir.Placement | None) -> None:
        """Say where a Gateway's Envoys listen; None for the default: every address, the listeners' own ports."""
        if placement is None:
            self._placements.delete(gateway)
        else:
            self._placements.put(gateway, placement)

    def acknowledge(self, gateway: Key, generation: int) -> None:
        """Say that the Envoys of a Gateway have acknowledged what it was translated to at a generation."""
        found = self._reported.get(gateway)
        if found is not None:
            self._progress.put(gateway, ir.Progress(generation, found.served))

    def refuse(self, gateway: Key, type_: ResourceType, name: str, refused: Refused, host: str = "") -> None:
        """Say that an Envoy refused a version of a resource; it counts until the resource changes or is accepted.

        The routes of a refused cluster answer with an error; listeners that something was refused of are not
        Programmed, and the routes at fault are told. Of a route table it was the virtual host `host`, or the head.
        """
        if type_ is ResourceType.ROUTE:
            self._refused_hosts.put((gateway, name, host), refused)
        else:
            self._refused[type_].put((gateway, name), refused)

    def accept(self, gateway: Key, type_: ResourceType, names: Iterable[str]) -> bool:
        """Say that an Envoy accepted resources as they are now; return whether one of them had been refused.

        The virtual hosts of a route table are accepted by being changed.
        """
        if type_ is ResourceType.ROUTE:
            return self._forget_hosts(gateway, frozenset(names))
        refused = self._refused[type_]
        known = [name for name in names if refused.get((gateway, name)) is not None]
        for name in known:
            refused.delete((gateway, name))
        return bool(known)

    def _forget_hosts(self, gateway: Key, tables: frozenset[str]) -> bool:
        """Drop refusals that count no more."""
        stale = [
            key
            for key, _ in self._refused_hosts.items()
            if key[0] == gateway and key[1] in tables and self._judged[ResourceType.ROUTE].get(key) is None
        ]
        for key in stale:
            self._refused_hosts.delete(key)
        return bool(stale)

    def refuse_elsewhere(self, gateway: Key, cluster: str, refused: Refused | None) -> None:
        """Say that Envoys of the Gateway that this process does not serve refused a cluster; None if none does now.

        That shows in conditions; what is served here goes by what the Envoys here say.
        """
        if refused is None:
            self._refused_elsewhere.delete((gateway, cluster))
        else:
            self._refused_elsewhere.put((gateway, cluster), refused)

    def commit(self) -> Commit:
        """Translate what was put and deleted since the last commit."""
        self._graph.commit()
        return Commit(
            resources=tuple(self._changed_resources()),
            tables=tuple(TableChange(*key, self._tables.get(key)) for key in sorted(self._tables.changed)),
            hosts=tuple(self._changed_hosts()),
            statuses=tuple(self._changed_statuses()),
            infrastructures=tuple(
                InfrastructureChange(key, self._infrastructures.get(key))
                for key in sorted(self._infrastructures.changed)
            ),
        )

    # ---- out ------------------------------------------------------------------------------------------------------

    @property
    def runs(self) -> Mapping[str, int]:
        """Rows computed so far, by table: the work that tests count."""
        return self._graph.runs

    def resources(self) -> Iterator[tuple[Key, ResourceType, Resource]]:
        """Every resource of every Gateway but route tables, in no order that means anything."""
        for type_, table in self._resource_tables():
            for (gateway, _), row in table.items():
                yield gateway, type_, row

    def tables(self) -> Iterator[tuple[Key, RouteTable, list[VirtualHost]]]:
        """Every route table with its virtual hosts in the order of their names."""
        hosts_of: dict[tuple[Key, str], list[VirtualHost]] = {}
        for key, host in self._hosts.items():
            hosts_of.setdefault((key.gateway, key.table), []).append(host)
        for (gateway, name), table in self._tables.items():
            yield gateway, table, sorted(hosts_of.get((gateway, name), ()), key=lambda host: host.name)

    def statuses(self) -> Iterator[tuple[Ref, Status]]:
        """Every object's status."""
        for kind, table in self._statuses.items():
            for key, status in table.items():
                yield Ref(kind, *key), status
        yield from self._route_statuses.items()

    def generation(self, gateway: Key) -> int | None:
        """Return the generation that a Gateway of ours was translated at."""
        found = self._reported.get(gateway)
        return None if found is None else found.generation

    def is_refused(self, gateway: Key, type_: ResourceType, name: str, host: str = "") -> bool:
        """Whether a refusal of a resource is known that was not taken back, be it of a version that was before."""
        if type_ is ResourceType.ROUTE:
            return self._refused_hosts.get((gateway, name, host)) is not None
        return self._refused[type_].get((gateway, name)) is not None

    def blamed(self, gateway: Key, type_: ResourceType, name: str, host: str = "") -> tuple[Ref, ...]:
        """Name the routes that a refusal is laid at the door of."""
        key = (gateway, name, host) if type_ is ResourceType.ROUTE else (gateway, name)
        table = self._judged.get(type_)
        verdict = None if table is None else table.get(key)
        return () if verdict is None else verdict.routes

    def knows(self, ref: Ref) -> bool:
        """Whether an object exists."""
        if ref.kind in ROUTE_KINDS:
            return self._routes.get(ref) is not None
        return self._sources[ref.kind].get(ref.key) is not None

    def suspects(self, gateway: Key, table: str, domain: str, held: bytes) -> tuple[Ref, ...]:
        """Name the routes of a virtual host that are new to an Envoy that holds `held` in its place."""
        for listener_key, _ in self._tabled.get((gateway, table)) or ():
            key = ir.HostKey(gateway, table, domain, listener_key)
            host = self._hosts.get(key)
            if host is not None:
                return verdicts.suspects(key, host, held, self._hosted)
        return ()

    def certificates(self) -> Iterator[tuple[Key, certificates.Certificate]]:
        """Every Secret that a listener serves a certificate from, and what there is to know of that without a clock."""
        listeners = (it for _, parent in self._parents.items() for it in parent.listeners if it.serves)
        for secret_key in sorted({secret_key for it in listeners for secret_key in it.certificates}):
            checked = self._checked.get(secret_key)
            if isinstance(checked, certificates.Certificate):
                yield secret_key, checked

    def _resource_tables(self) -> tuple[tuple[ResourceType, Table[tuple[Key, str], Resource]], ...]:
        return (
            (ResourceType.CLUSTER, self._clusters),
            (ResourceType.ENDPOINT, self._endpoints),
            (ResourceType.SECRET, self._secrets),
            (ResourceType.LISTENER, self._listeners),
        )

    def _changed_resources(self) -> Iterator[ResourceChange]:
        for type_, table in self._resource_tables():
            for gateway, name in sorted(table.changed):
                yield ResourceChange(gateway, type_, name, table.get((gateway, name)))

    def _changed_hosts(self) -> Iterator[HostChange]:
        """A domain may pass from one listener to another: then the new virtual host is what there is to say."""
        changed: dict[tuple[Key, str, str], VirtualHost | None] = {}
        for key in sorted(self._hosts.changed):
            place = (key.gateway, key.table, key.domain)
            changed[place] = self._hosts.get(key) or changed.get(place)
        return (HostChange(*place, host) for place, host in changed.items())

    def _changed_statuses(self) -> Iterator[StatusChange]:
        for kind, table in self._statuses.items():
            for key in sorted(table.changed):
                yield StatusChange(Ref(kind, *key), table.get(key))
        for ref in sorted(self._route_statuses.changed):
            yield StatusChange(ref, self._route_statuses.get(ref))
