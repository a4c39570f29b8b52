"""Envoy listeners: one per port and transport of a Gateway. They name their route tables and certificates and hold
neither, so that they change, and drain connections, with their Gateway's listeners only.

Where connections are not looked into there is no table: each domain has a filter chain, and a listener changes with its
routes. Envoy keeps all chains that are as they were, with their connections; a UDP listener it makes anew.
"""

from collections.abc import Container, Iterator
from itertools import chain
from typing import Any, TypeAlias

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.listener import v3 as listener_v3
from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector import v3 as inspector_v3

from translator import ir
from translator.value import Key, Lookup, Ref
from translator.xds import filter_chain, observation, wire
from translator.xds.chains import EncodedChain
from translator.xds.names import listener_name, quic_name
from translator.xds.resource import Refused, Resource, Unserved, resource
from translator.xds.scopes import reached
from translator.xds.streams import EncodedStream

BUFFER_LIMIT = 32 * 1024
"""Bytes held per connection before the sender is slowed down."""

Place: TypeAlias = tuple[ir.ListenerKey, str]
"""A listener, or with a domain the connections for it."""

Members: TypeAlias = tuple[tuple[Place, ir.Listener | EncodedStream | EncodedChain], ...]


def of_gateway(_: Ref, parent: ir.Parent) -> Iterator[tuple[tuple[Key, str], Place, ir.Listener]]:
    """Gather a Gateway's listeners by the Envoy listener that serves them; those that do not serve have none."""
    for listener in parent.listeners:
        if listener.serves:
            yield (listener.gateway, listener_name(listener.protocol, listener.port)), (listener.key, ""), listener
        if listener.serves and listener.http3:
            yield (listener.gateway, quic_name(listener.port)), (listener.key, ""), listener


def unserved(
    key: tuple[Key, str], refused: Refused, listener_rows: Lookup[tuple[Key, str], Resource]
) -> Unserved | None:
    """Return Envoy's words on a listener that it refused as it is now; None once it has changed or gone.

    Where only ListenerSets changed, nobody else is told: Envoy serves the rest as it did before.
    """
    current = listener_rows.get(key)
    if current is None or current.version != refused.version:
        return None
    only_sets = all(it.kind == "ListenerSet" for it in refused.routes)
    return Unserved(refused.words, refused.routes if only_sets else ())


def encode(
    key: tuple[Key, str],
    members: Members,
    placements: Lookup[Key, ir.Placement],
    observations: Lookup[Key, ir.Observation],
) -> Resource | None:
    """Encode the listeners of one port, and join what is encoded of each HTTPS listener, or of a domain."""
    gateway, name = key
    listeners = [it for _, it in members if isinstance(it, ir.Listener)]
    if not listeners:
        return None
    if name == quic_name(listeners[0].port):
        return _over_quic(name, listeners, placements.get(gateway) or ir.Placement(), observations.get(gateway))
    streams = {place: it for place, it in members if isinstance(it, EncodedStream)}
    placement = placements.get(gateway) or ir.Placement()
    speaks_http = any(it.protocol in ir.HTTP_PROTOCOLS for it in listeners)
    observed = observations.get(gateway) if speaks_http else None
    message = wire.new(
        listener_v3.Listener,
        name=name,
        address=_address(placement.bind, placement.port(listeners[0].port), listeners[0].protocol),
        enable_reuse_port=False if placement.exclusive else None,
        **(_datagrams() if listeners[0].protocol == "UDP" else _connections(listeners, streams, placement, observed)),
    )
    frames = [it.frame for _, it in members if not isinstance(it, ir.Listener)]
    clusters = [cluster for stream in streams.values() for cluster in stream.clusters]
    return resource(
        name,
        wire.encode(message) + b"".join(frames),
        (*clusters, *observation.clusters(observed)),
        scopes=chain.from_iterable(map(reached, listeners)),
    )


def _over_quic(
    name: str, listeners: list[ir.Listener], placement: ir.Placement, observed: ir.Observation | None
) -> Resource:
    from translator.xds import quic  # not before it is asked for: its messages take a MiB

    message = wire.new(
        listener_v3.Listener,
        name=name,
        address=_address(placement.bind, placement.port(listeners[0].port), "UDP"),
        **quic.listener_fields(listeners, placement, observed),
    )
    found_by = chain.from_iterable(map(reached, listeners))
    return resource(name, wire.encode(message), observation.clusters(observed), scopes=found_by)


def _datagrams() -> dict[str, Any]:
    """A port without a route drops what it is sent."""
    from translator.xds import udp_proxy  # not before it is asked for: its messages take MiBs

    return {
        "udp_listener_config": wire.new(
            listener_v3.UdpListenerConfig, downstream_socket_config=udp_proxy.socket_config()
        )
    }


def _connections(
    listeners: list[ir.Listener], streams: Container[Place], placement: ir.Placement, observed: ir.Observation | None
) -> dict[str, Any]:
    secure = listeners[0].protocol in ir.SECURE_PROTOCOLS
    return {
        "per_connection_buffer_limit_bytes": BUFFER_LIMIT,
        "listener_filters": [_tls_inspector()] if secure else [],
        "filter_chains": list(_chains(listeners, streams, placement, observed)),
    }


def _chains(
    listeners: list[ir.Listener], streams: Container[Place], placement: ir.Placement, observed: ir.Observation | None
) -> Iterator[listener_v3.FilterChain]:
    """All listeners of a port that speaks HTTP share a chain; Host tells them apart."""
    strips_port = placement.port(listeners[0].port) != listeners[0].port
    if listeners[0].protocol == "HTTP":
        yield filter_chain.of_http(listeners, strips_port, observed)
        return
    for listener in listeners:
        if listener.protocol != "HTTPS" and (listener.key, listener.hostname) not in streams:
            yield filter_chain.of_nothing(listener)


def _address(bind: str, port: int, protocol: str) -> core_v3.Address:
    of = core_v3.SocketAddressProtocol
    return wire.new(
        core_v3.Address,
        socket_address=wire.new(
            core_v3.SocketAddress,
            protocol=of.UDP if protocol == "UDP" else of.TCP,
            address=bind,
            port_value=port,
            ipv4_compat=bind == "::",
        ),
    )


def _tls_inspector() -> listener_v3.ListenerFilter:
    config = wire.new(inspector_v3.TlsInspector)
    return wire.new(
        listener_v3.ListenerFilter, name="envoy.filters.listener.tls_inspector", typed_config=wire.any_of(config)
    )
