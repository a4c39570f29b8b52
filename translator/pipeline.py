"""The wiring: which table feeds which function, in order. Everything that is remembered is remembered here.

Rooms in the order of the data: sources, attach (the specification's meaning), xds (Envoy's words), status (the way
back). A table reads only tables above it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from translator import ir
from translator.api.kinds import Object
from translator.attach import (
    certificates,
    classes,
    clusters,
    conflicts,
    endpoints,
    grants,
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
from translator.xds import cluster, endpoint, hosts, listener, route, route_table, secret
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


class Commit(Value):
    """What one commit changed; each list is free of duplicates and holds only real changes."""

    resources: tuple[ResourceChange, ...]
    tables: tuple[TableChange, ...]
    hosts: tuple[HostChange, ...]
    statuses: tuple[StatusChange, ...]

    def __bool__(self) -> bool:
        return bool(self.resources or self.tables or self.hosts or self.statuses)


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
            ResourceType.LISTENER: source("refused listeners"),
        }

        # attach: listeners
        owned = graph.derived("classes", objects["GatewayClass"], partial(classes.owned, settings.controller_name))
        granted = graph.group("grants", (objects["ReferenceGrant"], grants.by_namespace))
        wanted = graph.group("certificates wanted", (objects["Gateway"], certificates.wanted))
        checked = self._checked = graph.derived("certificates", wanted, certificates.check, objects["Secret"])
        reported = graph.derived(
            "listeners", objects["Gateway"], listeners.resolve, owned, checked, granted, self._placements
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
        hosted = graph.group("hosts", (encoded, hosts.of_routes), (parent_rows, hosts.of_listeners))
        self._hosts = graph.derived("virtual hosts", hosted, hosts.assemble, hosted)
        tabled = graph.group("tables", (parent_rows, route_table.of_listeners))
        self._tables = graph.derived("route tables", tabled, route_table.encode)
        ported = graph.group("ports", (parent_rows, listener.of_gateway))
        self._listeners = graph.derived("envoy listeners", ported, listener.encode, self._placements)
        shown = graph.group("secrets shown", (parent_rows, secret.of_gateway))
        self._secrets = graph.derived("secret resources", shown, secret.encode, objects["Secret"])
        used = graph.group("clusters used", (self._hosts, hosts.clusters_used))
        self._clusters = graph.derived("clusters of gateways", used, cluster.of_gateway, cluster_rows)
        self._endpoints = graph.derived("endpoints of gateways", used, endpoint.of_gateway, endpoint_rows)

        # status
        attached_to = graph.derived("attached to", accepted, parents.attached_to, rejected)
        attached = graph.group("attached", (attached_to, parents.by_listener))
        counted = graph.derived("attached routes", attached, parents.count)
        unserved = graph.derived(
            "unserved listeners", self._refused[ResourceType.LISTENER], listener.unserved, self._listeners
        )
        self._statuses: dict[str, Table[Key, Status]] = {
            "GatewayClass": graph.derived(
                "class status", objects["GatewayClass"], partial(reports.of_class, SUPPORTED_FEATURES), owned
            ),
            "Gateway": graph.derived(
                "gateway status", reported, reports.of_gateway, counted, self._placements, unserved
            ),
            "ListenerSet": graph.derived(
                "listener set status", objects["ListenerSet"], reports.of_listener_set, objects["Gateway"], owned
            ),
            "BackendTLSPolicy": graph.derived(
                "policy status", objects["BackendTLSPolicy"], policies.of_policy, objects["Service"]
            ),
        }
        self._route_statuses: Table[Ref, Status] = graph.derived("route status", accepted, reports.of_route, resolved)

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

    def refuse(self, gateway: Key, type_: ResourceType, name: str, version: str, words: str) -> None:
        """Say that an Envoy refused this version of a resource; it counts until the resource changes or is accepted.

        The routes of a refused cluster answer with an error; a refused listener is not Programmed.
        """
        if type_ in self._refused:
            self._refused[type_].put((gateway, name), Refused(version, words))

    def accept(self, gateway: Key, type_: ResourceType, names: Iterable[str]) -> bool:
        """Say that an Envoy accepted resources as they are now; return whether one of them had been refused."""
        refused = self._refused.get(type_)
        known = [] if refused is None else [name for name in names if refused.get((gateway, name)) is not None]
        for name in known:
            self._refused[type_].delete((gateway, name))
        return bool(known)

    def commit(self) -> Commit:
        """Translate what was put and deleted since the last commit."""
        self._graph.commit()
        return Commit(
            resources=tuple(self._changed_resources()),
            tables=tuple(TableChange(*key, self._tables.get(key)) for key in sorted(self._tables.changed)),
            hosts=tuple(self._changed_hosts()),
            statuses=tuple(self._changed_statuses()),
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
