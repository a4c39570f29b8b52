"""Filter chains: which connections of a port a listener takes, and what is done with them.

A chain is named and matched by its listener and hostname alone, so that Envoy keeps the connections of a chain while
others of its port change: it drains only those of chains whose content changes.
"""

from typing import Any, TypeAlias

from envoy_data_plane.envoy.config.listener import v3 as listener_v3

from translator import ir
from translator.xds import wire
from translator.xds.downstream_tls import HTTP_ALPN, transport_socket
from translator.xds.hcm import connection_manager
from translator.xds.names import NO_CLUSTER, chain_name, listener_name, stream_name
from translator.xds.observation import ManagerFields, manager_fields
from translator.xds.scopes import is_scoped

Shares: TypeAlias = list[tuple[str, int]]
"""Clusters, each with its weight; a connection for NO_CLUSTER is closed at once."""


def of_http(
    listeners: list[ir.Listener], strips_port: bool, observed: ir.Observation | None
) -> listener_v3.FilterChain:
    """Return the one chain of a port that speaks HTTP; its log knows a listener that is alone on the port."""
    first = listeners[0]
    name = chain_name(first.key) if len(listeners) == 1 else listener_name(first.protocol, first.port)
    return wire.new(listener_v3.FilterChain, filters=[_http(first, strips_port, manager_fields(observed, name))])


def of_https(listener: ir.Listener, strips_port: bool, observed: ir.Observation | None) -> listener_v3.FilterChain:
    """Return the chain of an HTTPS listener."""
    name = chain_name(listener.key)
    return wire.new(
        listener_v3.FilterChain,
        name=name,
        filter_chain_match=server_names(listener.hostname),
        filters=[_http(listener, strips_port, manager_fields(observed, name))],
        transport_socket=transport_socket(listener, HTTP_ALPN),
    )


def of_stream(listener: ir.Listener, domain: str, shares: Shares, observed: dict[str, Any]) -> listener_v3.FilterChain:
    """Return the chain for a domain of a TLS listener, or for all connections of a TCP listener.

    Without anywhere to go connections are closed at once, before a client that is to be terminated is answered.
    """
    if not any(cluster != NO_CLUSTER for cluster, _ in shares):
        return _closing(listener, domain)
    from translator.xds import tcp_proxy  # not before it is asked for: its messages take a MiB

    return wire.new(
        listener_v3.FilterChain,
        name=stream_name(listener.key, domain),
        filter_chain_match=_sealed(domain) if listener.protocol == "TLS" else None,
        filters=[tcp_proxy.network_filter(listener.table, shares, observed)],
        transport_socket=transport_socket(listener) if listener.certificates else None,
    )


def of_nothing(listener: ir.Listener) -> listener_v3.FilterChain:
    """Return the chain that closes the connections for which a TLS or TCP listener has no route.

    Without it those that another listener of the port is less specific for would be that one's.
    """
    return _closing(listener, listener.hostname)


def _closing(listener: ir.Listener, domain: str) -> listener_v3.FilterChain:
    """A chain without filters closes what it is given."""
    return wire.new(
        listener_v3.FilterChain, name=stream_name(listener.key, domain), filter_chain_match=server_names(domain)
    )


def _sealed(domain: str) -> listener_v3.FilterChainMatch | None:
    """Match a server name; where any will do, it is TLS all the same."""
    if domain == ir.ANY_HOST:
        return wire.new(listener_v3.FilterChainMatch, transport_protocol="tls")
    return server_names(domain)


def server_names(hostname: str) -> listener_v3.FilterChainMatch | None:
    """Match the server name that a client asks for; any, or none at all, where the hostname is `*`."""
    return None if hostname == ir.ANY_HOST else wire.new(listener_v3.FilterChainMatch, server_names=[hostname])


def _http(listener: ir.Listener, strips_port: bool, observed: ManagerFields) -> listener_v3.Filter:
    manager = connection_manager(listener.table, strips_port, observed, scoped=is_scoped(listener))
    return wire.new(
        listener_v3.Filter, name="envoy.filters.network.http_connection_manager", typed_config=wire.any_of(manager)
    )
