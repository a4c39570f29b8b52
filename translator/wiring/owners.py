"""Owners: which objects made an Envoy resource, whoever asks, and whatever an Envoy makes of it.

Verdicts ask this of what was refused, row by row, to wake those concerned. Here it is looked up of anything when
somebody asks, and nothing is remembered. The object that a person would look at first comes first.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from translator import ir
from translator.attach.clusters import Named
from translator.attach.hostnames import wildcards_above
from translator.attach.policies import Claims as TlsClaims
from translator.attach.telemetry import Claims as TelemetryClaims
from translator.attach.traffic import Claims as TrafficClaims
from translator.value import Key, Lookup, Ref
from translator.xds.chains import EncodedChain
from translator.xds.hosts import Members
from translator.xds.names import pooled, whole_table
from translator.xds.resource import ResourceType
from translator.xds.route_table import Tabled
from translator.xds.secret import Shown
from translator.xds.streams import EncodedStream


class Owners(NamedTuple):
    """The tables that are looked into."""

    named: Lookup[str, Named]
    accepted: Lookup[Ref, ir.Bound]
    tls: Lookup[Key, TlsClaims]
    traffic: Lookup[Ref, TrafficClaims]
    telemetry: Lookup[Key, TelemetryClaims]
    shown: Lookup[tuple[Key, str], Shown]
    ported: Lookup[tuple[Key, str], Sequence[tuple[object, object]]]
    tabled: Lookup[tuple[Key, str], Tabled]
    hosted: Lookup[ir.HostKey, Members]

    def of(self, gateway: Key, kind: ResourceType, name: str, host: str = "") -> tuple[Ref, ...]:
        """Name the objects that made a resource of a Gateway, or one virtual host of a route table."""
        match kind:
            case ResourceType.CLUSTER | ResourceType.ENDPOINT:
                found = self._of_cluster(gateway, name)
            case ResourceType.SECRET:
                found = self._of_secret(gateway, name)
            case ResourceType.LISTENER:
                found = self._of_listener(gateway, name)
            case _:
                found = self._of_host(gateway, name, host) if host else self._of_table(gateway, name)
        return tuple(dict.fromkeys(found)) or (Ref("Gateway", *gateway),)

    def policies_of(self, cluster: str) -> tuple[Ref, ...]:
        """Name the policies that target the backend of a cluster, those that hold first."""
        backends = dict.fromkeys(_backend(key) for _, key in self.named.get(cluster) or ())
        return tuple(dict.fromkeys(policy for it in backends for policy in self._policies(it)))

    def observers(self, gateway: Key) -> tuple[Ref, ...]:
        """Name the policies on what a Gateway tells of its requests, the one that holds first."""
        return tuple(Ref("XTelemetryPolicy", *policy) for _, policy in self.telemetry.get(gateway) or ())

    def _of_cluster(self, gateway: Key, name: str) -> Iterator[Ref]:
        """A backend, the routes of the Gateway that name it, and the policies that say how it is spoken to."""
        pool = pooled(name)
        if pool is not None:
            yield pool
        named = self.named.get(name) or ()
        yield from (_backend(key) for _, key in named)
        yield from (ref for ref, _ in named if self._is_on(gateway, ref))
        yield from self.policies_of(name)

    def _policies(self, backend: Ref) -> Iterator[Ref]:
        """Name the policies that target a backend, those that hold first."""
        if backend.kind == "Service":
            claims = sorted(self.tls.get(backend.key) or ())
            yield from (Ref("BackendTLSPolicy", *policy) for (_, policy, _), _ in claims)
        yield from (Ref("XBackendTrafficPolicy", *policy) for _, policy in self.traffic.get(backend) or ())

    def _of_secret(self, gateway: Key, name: str) -> Iterator[Ref]:
        """What its content is from, then the listeners that show it and all behind the clusters that do."""
        shown = self.shown.get((gateway, name)) or ()
        for _, content in shown:
            yield from (Ref("Secret", *content.secret),) if isinstance(content, ir.KeyPair) else content.refs
        for (kind, place, parent, _), _ in shown:
            if kind == "listener":
                yield Ref(*parent)
            else:
                yield from self._of_cluster(gateway, place)

    def _of_listener(self, gateway: Key, name: str) -> Iterator[Ref]:
        """The Gateway, its ListenerSets on the port, and the routes whose connections it moves."""
        members = self.ported.get((gateway, name)) or ()
        yield Ref("Gateway", *gateway)
        for _, it in members:
            match it:
                case EncodedStream(route=route):
                    yield route
                case EncodedChain(listener=listener) | ir.Listener(key=listener):
                    yield listener.parent
                case _:
                    pass
        yield from self.observers(gateway)

    def _of_table(self, gateway: Key, name: str) -> Iterator[Ref]:
        return (listener.parent for listener, _ in self.tabled.get((gateway, whole_table(name))) or ())

    def _of_host(self, gateway: Key, table: str, domain: str) -> Iterator[Ref]:
        """The routes in it, those of wider domains too, then the listeners' objects."""
        whole = whole_table(table)
        listeners = tuple(listener for listener, _ in self.tabled.get((gateway, whole)) or ())
        for listener in listeners:
            for level in (domain, *wildcards_above(domain)):
                members = self.hosted.get(ir.HostKey(gateway, whole, level, listener)) or ()
                yield from (place.route for place, route in members if route is not None and place.route.kind)
        yield from (listener.parent for listener in listeners)

    def _is_on(self, gateway: Key, ref: Ref) -> bool:
        bound = self.accepted.get(ref)
        return bound is not None and gateway in _gateways(bound)


def _gateways(bound: ir.Bound) -> Iterable[Key]:
    bonds = (it for it in bound.bonds if it.refusal is None)
    return (it.listener.gateway for bond in bonds for it in bond.attachments)


def _backend(key: ir.ClusterKey) -> Ref:
    return Ref(key.kind, key.namespace, key.name)
