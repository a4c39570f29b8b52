"""Streams: what becomes of the connections, or datagrams, that a listener does not look into.

All connections for a domain are one route's: that with the most specific hostname as written, then the oldest. The
others wait behind it, accepted and without traffic. Each domain is encoded by itself, and a port is joined from the
bytes.
"""

from collections.abc import Iterator
from typing import TypeAlias

from translator import ir
from translator.attach import precedence
from translator.value import Key, Lookup, Ref, Value
from translator.xds import filter_chain, udp_proxy, wire
from translator.xds.names import listener_name, pool_name
from translator.xds.route import Clusters

FILTER_CHAINS_FIELD, LISTENER_FILTERS_FIELD = 3, 9
"""Listener.filter_chains and Listener.listener_filters."""

Members: TypeAlias = tuple[tuple[ir.Member, ir.Listener], ...]
"""The routes for a domain, the first of which has its connections, each with the listener."""


class EncodedStream(Value):
    """What a domain adds to its Envoy listener."""

    route: Ref
    """Whose it is."""
    domain: str
    frame: bytes
    """An element of Listener.filter_chains, or for UDP of Listener.listener_filters."""
    clusters: tuple[str, ...]
    """Names of the clusters that it leads to."""
    refused: tuple[str, ...] = ()
    """Names of those that it would lead to, had this Gateway's Envoys not refused them."""


def served(ref: Ref, bound: ir.Bound) -> Iterator[tuple[ir.StreamKey, ir.Member, ir.Listener]]:
    """Put a route to the others of each domain that it is attached for."""
    if ref.kind not in ir.STREAM_ROUTES:
        return
    attachments = (it for bond in bound.bonds if bond.refusal is None for it in bond.attachments)
    for attachment in attachments:
        listener = attachment.listener
        if listener.serves:
            for hostname, domain in attachment.hosts:
                yield _key(listener, domain), precedence.of_hostname(ref, bound.age, hostname), listener


def encode(
    key: ir.StreamKey,
    members: Members,
    resolved: Lookup[Ref, ir.Resolved],
    unusable: Lookup[tuple[Key, str], object],
) -> EncodedStream | None:
    """Encode what the first route does with the connections for a domain."""
    (member, listener), *_ = members
    found = resolved.get(member.route)
    if found is None:
        return None
    clusters = Clusters(key.gateway, unusable)
    frame = _pooled(member.route, listener) if listener.protocol == "UDP" else _chained(key, listener, found, clusters)
    used = (pool_name(member.route),) if listener.protocol == "UDP" else tuple(sorted(clusters.used))
    return EncodedStream(member.route, key.domain, frame, used, tuple(sorted(clusters.refused)))


def of_port(key: ir.StreamKey, stream: EncodedStream) -> Iterator[tuple[tuple[Key, str], object, EncodedStream]]:
    """Put a domain to the others of its Envoy listener."""
    yield (key.gateway, key.port), (key.listener, key.domain), stream


def clusters_used(key: ir.StreamKey, stream: EncodedStream) -> Iterator[tuple[tuple[Key, str], ir.StreamKey, bool]]:
    """Name the clusters that a domain needs, refused ones too: an Envoy that starts anew may take them."""
    return (((key.gateway, cluster), key, True) for cluster in (*stream.clusters, *stream.refused))


def _key(listener: ir.Listener, domain: str) -> ir.StreamKey:
    return ir.StreamKey(listener.gateway, listener_name(listener.protocol, listener.port), listener.key, domain)


def _chained(key: ir.StreamKey, listener: ir.Listener, found: ir.Resolved, clusters: Clusters) -> bytes:
    stream = found.sealed if listener.passthrough else found.stream
    backends = () if stream is None else stream.backends
    shares = [(clusters.name(it.cluster), it.weight) for it in backends if it.weight]
    return wire.frame(FILTER_CHAINS_FIELD, wire.encode(filter_chain.of_stream(listener, key.domain, shares)))


def _pooled(route: Ref, listener: ir.Listener) -> bytes:
    proxy = udp_proxy.listener_filter(listener.table, pool_name(route))
    return wire.frame(LISTENER_FILTERS_FIELD, wire.encode(proxy))
