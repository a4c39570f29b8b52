"""Filters of listeners in Envoy's words: a chain that each virtual host of the listener brings along.

A route must be found for a request before its virtual host's filters run, so that behind all others there is one that
answers 404. Once a filter has added something to the request the route is chosen anew, with the filters of its own.
"""

from typing import Any

from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.attach.listener_filters import Filtering
from translator.value import Key, Lookup, Ref, Value
from translator.xds import http_filters, wire
from translator.xds.names import NO_CLUSTER
from translator.xds.route import ROUTES_FIELD, Clusters

UNMATCHED, CLOSED = 404, 500


class EncodedFilters(Value):
    """What a virtual host of a listener has beside its routes."""

    fields: bytes
    behind: bytes
    """The route behind all others."""
    closed: bool
    """Whether no other route may be had."""
    clusters: tuple[str, ...]
    refused: tuple[str, ...]


def encode(
    key: ir.ListenerKey,
    filtering: Filtering,
    parents: Lookup[Ref, ir.Parent],
    unusable: Lookup[tuple[Key, str], Any],
) -> EncodedFilters | None:
    """Encode a listener's filters as its Gateway serves them."""
    parent = parents.get(key.parent)
    if parent is None:
        return None
    clusters = Clusters(parent.gateway, unusable)
    asked = [(it, clusters.name(it.cluster)) for it in filtering.authorizations]
    closed = any(cluster == NO_CLUSTER for _, cluster in asked)
    fields = b"" if closed else _fields(asked)
    used, refused = tuple(sorted(clusters.used)), tuple(sorted(clusters.refused))
    return EncodedFilters(fields, _answer(CLOSED if closed else UNMATCHED), closed, used, refused)


def _fields(asked: list[tuple[ir.Authorization, str]]) -> bytes:
    from translator.xds import authorization, session  # not before they are asked for: their messages take MiBs

    chain = [
        authorization.ext_authz(f"{number}", it, cluster, before_routes=True)
        for number, (it, cluster) in enumerate(asked)
    ]
    message = wire.new(
        route_v3.VirtualHost,
        typed_per_filter_config={
            http_filters.LISTENER: authorization.chain(chain),
            http_filters.AUTHORIZATION: authorization.none(),
            http_filters.SESSION: session.none(),
        },
    )
    return wire.encode(message)


def _answer(status: int) -> bytes:
    message = wire.new(
        route_v3.Route,
        match=wire.new(route_v3.RouteMatch, prefix="/"),
        direct_response=wire.new(route_v3.DirectResponseAction, status=status),
    )
    return wire.frame(ROUTES_FIELD, wire.encode(message))
