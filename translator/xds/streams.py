"""Streams: what becomes of the connections, or datagrams, that a listener does not look into.

Each domain is encoded by itself, and a port is joined from the bytes.
"""

from collections.abc import Iterator
from typing import Any

from translator import ir
from translator.attach.streams import First
from translator.value import Key, Lookup, Ref, Value
from translator.xds import filter_chain, observation, wire
from translator.xds.names import pool_name
from translator.xds.route import Clusters

FILTER_CHAINS_FIELD, LISTENER_FILTERS_FIELD = 3, 9
"""Listener.filter_chains and Listener.listener_filters."""


class EncodedStream(Value):
    """What a domain adds to its Envoy listener."""

    route: Ref
    """Whose it is."""
    frame: bytes
    """An element of Listener.filter_chains, or for UDP of Listener.listener_filters."""
    clusters: tuple[str, ...]
    """Names of the clusters that it leads to."""
    refused: tuple[str, ...] = ()
    """Names of those that it would lead to, had this Gateway's Envoys not refused them."""


def encode(
    key: ir.StreamKey,
    first: First,
    resolved: Lookup[Ref, ir.Resolved],
    unusable: Lookup[tuple[Key, str], object],
    observations: Lookup[Key, ir.Observation],
) -> EncodedStream | None:
    """Encode what the route that has a domain does with its connections."""
    found = resolved.get(first.route)
    if found is None:
        return None
    observed = observation.proxy_fields(observations.get(key.gateway), first.listener, first.route)
    if first.listener.protocol == "UDP":
        return EncodedStream(first.route, _pooled(first, observed), (pool_name(first.route),))
    clusters = Clusters(key.gateway, unusable)
    frame = _chained(key.domain, first.listener, found, clusters, observed)
    return EncodedStream(first.route, frame, tuple(sorted(clusters.used)), tuple(sorted(clusters.refused)))


def of_port(key: ir.StreamKey, stream: EncodedStream) -> Iterator[tuple[tuple[Key, str], object, EncodedStream]]:
    """Put a domain to the others of its Envoy listener."""
    yield (key.gateway, key.port), (key.listener, key.domain), stream


def clusters_used(key: ir.StreamKey, stream: EncodedStream) -> Iterator[tuple[tuple[Key, str], ir.StreamKey, bool]]:
    """Name the clusters that a domain needs, refused ones too: an Envoy that starts anew may take them."""
    return (((key.gateway, cluster), key, True) for cluster in (*stream.clusters, *stream.refused))


def _chained(
    domain: str, listener: ir.Listener, found: ir.Resolved, clusters: Clusters, observed: dict[str, Any]
) -> bytes:
    stream = found.sealed if listener.passthrough else found.stream
    backends = () if stream is None else stream.backends
    shares = [(clusters.name(it.cluster), it.weight) for it in backends if it.weight]
    return wire.frame(FILTER_CHAINS_FIELD, wire.encode(filter_chain.of_stream(listener, domain, shares, observed)))


def _pooled(first: First, observed: dict[str, Any]) -> bytes:
    from translator.xds import udp_proxy  # not before it is asked for: its messages take MiBs

    proxy = udp_proxy.listener_filter(first.listener.table, pool_name(first.route), observed)
    return wire.frame(LISTENER_FILTERS_FIELD, wire.encode(proxy))
