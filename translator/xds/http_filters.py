"""HTTP filters that every listener has and no request meets unless its route or virtual host asks for them.

So a listener does not change, nor close connections, when a route comes that needs one. Each is as good as absent until
then: their messages are empty and said by type alone, for the packages of their messages are large.
"""

from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm_v3
from envoy_data_plane.google import protobuf

from translator.xds import wire

LISTENER = "gatehouse.dev/listener"
"""Filters of the listener, in their order: a chain of them that its virtual hosts bring along."""
AUTHORIZATION = "gatehouse.dev/authorization"
"""The filter that a route brings along, once filters of the listener have had their say in the choice of the route."""
SESSION = "envoy.filters.http.stateful_session"

_TYPES = {
    LISTENER: "filter_chain.v3.FilterChainConfig",
    AUTHORIZATION: "composite.v3.Composite",
    SESSION: "stateful_session.v3.StatefulSession",
}


def unasked(name: str) -> hcm_v3.HttpFilter:
    """Return one of these filters as a listener has it."""
    type_url = f"type.googleapis.com/envoy.extensions.filters.http.{_TYPES[name]}"
    return wire.new(hcm_v3.HttpFilter, name=name, typed_config=wire.new(protobuf.Any, type_url=type_url), disabled=True)
