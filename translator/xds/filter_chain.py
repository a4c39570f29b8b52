"""Filter chains: which connections of a port a listener takes, and what is done with them.

A chain is named and matched by its listener and hostname alone, so that Envoy keeps the connections of a chain while
others of its port change: it drains only those of chains whose content changes.
"""

from envoy_data_plane.envoy.config.listener import v3 as listener_v3

from translator import ir
from translator.xds import wire
from translator.xds.downstream_tls import HTTP_ALPN, transport_socket
from translator.xds.hcm import connection_manager
from translator.xds.names import chain_name


def of_http(listener: ir.Listener, strips_port: bool) -> listener_v3.FilterChain:
    """Return the one chain of a port that speaks HTTP, whichever of its listeners is asked."""
    return wire.new(listener_v3.FilterChain, filters=[_http(listener, strips_port)])


def of_https(listener: ir.Listener, strips_port: bool) -> listener_v3.FilterChain:
    """Return the chain of an HTTPS listener."""
    return wire.new(
        listener_v3.FilterChain,
        name=chain_name(listener.key),
        filter_chain_match=server_names(listener.hostname),
        filters=[_http(listener, strips_port)],
        transport_socket=transport_socket(listener, HTTP_ALPN),
    )


def closing(listener: ir.Listener) -> listener_v3.FilterChain:
    """Return the chain that closes the connections that a TLS or TCP listener has no route for.

    Without it those that another listener of the port is less specific for would be that one's.
    """
    return wire.new(
        listener_v3.FilterChain, name=chain_name(listener.key), filter_chain_match=server_names(listener.hostname)
    )


def server_names(hostname: str) -> listener_v3.FilterChainMatch | None:
    """Match the server name that a client asks for; any, or none at all, where the hostname is `*`."""
    return None if hostname == ir.ANY_HOST else wire.new(listener_v3.FilterChainMatch, server_names=[hostname])


def _http(listener: ir.Listener, strips_port: bool) -> listener_v3.Filter:
    manager = connection_manager(listener.table, strips_port)
    return wire.new(
        listener_v3.Filter, name="envoy.filters.network.http_connection_manager", typed_config=wire.any_of(manager)
    )
