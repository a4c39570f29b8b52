"""Routes in Envoy's words: each is encoded once per Gateway port, and virtual hosts are joined from the bytes."""

from typing import Any, assert_never

from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.value import Key, Lookup, Ref, Value
from translator.xds import cors as cors_words
from translator.xds import forward as forward_words
from translator.xds import http_filters, matching, wire
from translator.xds.forward import Share, of_all, per_filter
from translator.xds.headers import header_fields
from translator.xds.names import NO_CLUSTER, cluster_name, statistics_name
from translator.xds.redirect import redirect_action
from translator.xds.spans import EncodedSpans

ROUTES_FIELD = 3
"""VirtualHost.routes."""
ROUTES = wire.field(ROUTES_FIELD)
NAME, MATCH, ROUTE = wire.field(14), wire.field(1), wire.field(2)
"""Of Route; its parts are joined in the order in which the message declares them."""
STAT_PREFIX = wire.field(19)


class EncodedRoute(Value):
    """One Envoy route as an element of VirtualHost.routes, and what placing it among others takes."""

    rank: tuple[int, ...]
    catches_all: bool
    frame: bytes
    clusters: tuple[str, ...]
    """Names of the clusters that it sends requests to, mirrors included."""
    refused: tuple[str, ...] = ()
    """Names of those that it would, had this Gateway's Envoys not refused them."""


class EncodedRoutes(Value):
    """A route as one Gateway's port serves it."""

    routes: tuple[EncodedRoute, ...]
    """Its matches, in the order of rules and matches as written."""
    places: tuple[tuple[ir.HostKey, ir.Member], ...]
    """The domains that it is reached under, sorted."""


class Clusters:
    """The names of the clusters that a route may use, refused ones left out; collects both."""

    def __init__(self, gateway: Key, unusable: Lookup[tuple[Key, str], Any]) -> None:
        self._gateway = gateway
        self._unusable = unusable
        self.used: set[str] = set()
        self.refused: set[str] = set()

    def name(self, cluster: ir.ClusterKey | None) -> str:
        """Return the cluster's name, or NO_CLUSTER where there is none or the Gateway's Envoys refused it."""
        if cluster is None:
            return NO_CLUSTER
        name = cluster_name(cluster)
        if self._unusable.get((self._gateway, name)) is not None:
            self.refused.add(name)
            return NO_CLUSTER
        self.used.add(name)
        return name


def encode(
    served: ir.Served,
    reached: tuple[tuple[tuple[ir.HostKey, ir.Member], object], ...],
    resolved: Lookup[Ref, ir.Resolved],
    unusable: Lookup[tuple[Key, str], Any],
    spans: Lookup[Key, EncodedSpans],
    counted: Lookup[Key, bool],
) -> EncodedRoutes | None:
    """Encode what a route resolved to for one port of one Gateway."""
    found = resolved.get(served.route)
    if found is None:
        return None
    asked = spans.get(served.gateway)
    prefix = STAT_PREFIX(statistics_name(served.route).encode()) if counted.get(served.gateway) else b""
    return EncodedRoutes(
        tuple(_encoded(it, served, Clusters(served.gateway, unusable), asked, prefix) for it in found.routes),
        tuple(place for place, _ in reached),
    )


def _encoded(
    route: ir.Route, served: ir.Served, clusters: Clusters, spans: EncodedSpans | None, prefix: bytes
) -> EncodedRoute:
    asked = None if route.authorization is None else clusters.name(route.authorization.cluster)
    closed = asked == NO_CLUSTER
    more = wire.new(
        route_v3.Route,
        typed_per_filter_config={} if closed else _per_filter(route, served, asked),
        **header_fields(route.request, route.response),
    )
    body = NAME(route.name.encode()) + MATCH(matching.encode(route.match))
    body += _respond(_failure(served)) if closed else _action(route, served, clusters)
    observed = b"" if spans is None else spans.of_route(route, served)
    frame = ROUTES(body + wire.encode(more) + prefix + observed)
    used, refused = tuple(sorted(clusters.used)), tuple(sorted(clusters.refused))
    return EncodedRoute(route.rank, route.catches_all, frame, used, refused)


def _per_filter(route: ir.Route, served: ir.Served, authorizer: str | None) -> dict[str, Any]:
    """Ask for the filters that the route needs; a session that differs from backend to backend is asked for there."""
    found: dict[str, Any] = {}
    if route.cors is not None:
        found[cors_words.FILTER] = wire.any_of(cors_words.cors_policy(route.cors))
    if route.authorization is not None and authorizer is not None:
        found |= _authorized(route.authorization, authorizer)
    session = of_all(route.action.backends) if isinstance(route.action, ir.Forward) else None
    return found | per_filter(session, served.secure)


def _authorized(authorization: ir.Authorization, cluster: str) -> dict[str, Any]:
    from translator.xds import authorization as words  # not before it is asked for: its messages take MiBs

    return {http_filters.AUTHORIZATION: words.per_route(authorization, cluster)}


def _action(route: ir.Route, served: ir.Served, clusters: Clusters) -> bytes:
    action = route.action
    match action:
        case ir.Forward():
            return _forward(action, route.match.path, served, clusters)
        case ir.Redirect():
            redirect = redirect_action(action, route.match.path, served.port, served.secure)
            return wire.encode(wire.new(route_v3.Route, redirect=redirect))
        case ir.Respond():
            return _respond(action.status)
    assert_never(action)


def _forward(action: ir.Forward, path: ir.Path, served: ir.Served, clusters: Clusters) -> bytes:
    """Answer with an error where no backend can be reached."""
    shares = [Share(clusters.name(backend.cluster), backend) for backend in action.backends if backend.weight]
    if all(share.cluster == NO_CLUSTER for share in shares):
        return _respond(_failure(served))
    mirrors = [(clusters.name(mirror.cluster), mirror) for mirror in action.mirrors if mirror.numerator]
    reached = [(cluster, mirror) for cluster, mirror in mirrors if cluster != NO_CLUSTER]
    return ROUTE(forward_words.encode(action, path, shares, reached, served))


def _failure(served: ir.Served) -> int:
    """HTTP clients are told 500; a gRPC client reads 503 as UNAVAILABLE and 500 as UNKNOWN."""
    return 503 if served.route.kind == "GRPCRoute" else 500


def _respond(status: int) -> bytes:
    answer = wire.new(route_v3.DirectResponseAction, status=status)
    return wire.encode(wire.new(route_v3.Route, direct_response=answer))
