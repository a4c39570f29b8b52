"""Forwarding in Envoy's words: backends by weight, timeouts, mirrors and rewrites."""

from datetime import timedelta
from typing import Any, NamedTuple

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.envoy.type import v3 as type_v3

from translator import ir
from translator.xds import http_filters, wire
from translator.xds.headers import header_fields, literal
from translator.xds.paths import prefix_change
from translator.xds.retries import retry_policy

STREAM_IDLE_TIMEOUT = timedelta(minutes=5)
"""How long a request may be silent where its route does not say how long it may last."""

MILLION = 1_000_000


class Share(NamedTuple):
    """A backend's share of the traffic, with the name of its cluster: NO_CLUSTER where it cannot be reached."""

    cluster: str
    backend: ir.Backend


def route_action(
    forward: ir.Forward, match: ir.Path, shares: list[Share], mirrors: list[tuple[str, ir.Mirror]], served: ir.Served
) -> route_v3.RouteAction:
    """Return the RouteAction for shares of which at least one has a cluster."""
    grpc = served.route.kind == "GRPCRoute"
    return wire.new(
        route_v3.RouteAction,
        **_clusters(shares, served, grpc),
        **_path(forward.path, match),
        **_times(forward, grpc),
        host_rewrite_literal=forward.hostname or None,
        request_mirror_policies=[_mirror(cluster, mirror) for cluster, mirror in mirrors],
    )


CLUSTER, TIMEOUT = wire.field(1), wire.field(8)
"""Of RouteAction."""
FOR_EVER = TIMEOUT(b"")


def encode(
    forward: ir.Forward, match: ir.Path, shares: list[Share], mirrors: list[tuple[str, ir.Mirror]], served: ir.Served
) -> bytes:
    """Encode the RouteAction; that of one backend and no more, as most are, takes no message."""
    if _is_named_plainly(shares) and forward == ir.Forward(forward.backends) and served.route.kind != "GRPCRoute":
        return CLUSTER(shares[0].cluster.encode()) + FOR_EVER
    return wire.encode(route_action(forward, match, shares, mirrors, served))


def of_all(backends: tuple[ir.Backend, ...]) -> ir.Session | None:
    """Return the session that all backends of a route have, if it is one and the same."""
    sessions = {it.session for it in backends if it.weight}
    return sessions.pop() if len(sessions) == 1 else None


def per_filter(session: ir.Session | None, secure: bool) -> dict[str, Any]:
    """Ask for a session where there is one to be kept."""
    if session is None:
        return {}
    from translator.xds import session as words  # not before it is asked for: its messages take MiBs

    return {http_filters.SESSION: words.per_route(session, secure)}


def _clusters(shares: list[Share], served: ir.Served, grpc: bool) -> dict[str, Any]:
    """Name one cluster plainly (weighted clusters cost Envoy 30 % more); a share without a cluster is an error."""
    if _is_named_plainly(shares):
        return {"cluster": shares[0].cluster}
    code = route_v3.RouteActionClusterNotFoundResponseCode
    shared = of_all(tuple(share.backend for share in shares))
    weighted = [_weighted(share, None if shared else share.backend.session, served.secure) for share in shares]
    return {
        "weighted_clusters": wire.new(route_v3.WeightedCluster, clusters=weighted),
        "cluster_not_found_response_code": code.SERVICE_UNAVAILABLE if grpc else code.INTERNAL_SERVER_ERROR,
    }


def _is_named_plainly(shares: list[Share]) -> bool:
    backend = shares[0].backend
    return len(shares) == 1 and backend.request == backend.response == ir.NO_CHANGES


def _weighted(share: Share, session: ir.Session | None, secure: bool) -> route_v3.WeightedClusterClusterWeight:
    backend = share.backend
    return wire.new(
        route_v3.WeightedClusterClusterWeight,
        name=share.cluster,
        weight=backend.weight,
        typed_per_filter_config=per_filter(session, secure),
        **header_fields(backend.request, backend.response),
    )


def _path(change: ir.PathChange | None, match: ir.Path) -> dict[str, Any]:
    if change is None:
        return {}
    if change.full or match.kind != "prefix":
        return {"path_rewrite": literal(change.value)}
    prefix, regex = prefix_change(change, match)
    return {"prefix_rewrite": prefix or "", "regex_rewrite": regex}


def _times(forward: ir.Forward, grpc: bool) -> dict[str, Any]:
    """Without a timeout a request may take as long as it wants; Envoy's own default of 15 s is never in force."""
    request, backend = forward.request_timeout or 0, forward.backend_timeout or 0
    times: dict[str, Any] = {}
    if forward.retry is not None:
        times["retry_policy"] = retry_policy(forward.retry, backend)
    if backend and not (forward.retry and forward.retry.attempts):
        request = min(request or backend, backend)
    times["timeout"] = timedelta(milliseconds=request)
    idle = _idle_timeout(forward, grpc)
    return times if idle is None else {**times, "idle_timeout": idle}


def _idle_timeout(forward: ir.Forward, grpc: bool) -> timedelta | None:
    """A gRPC stream may be silent for ever, and a request for as long as its timeout lets it last."""
    limit = forward.backend_timeout if forward.request_timeout is None else forward.request_timeout
    if grpc or limit == 0:
        return timedelta(0)
    if limit is not None and timedelta(milliseconds=limit) > STREAM_IDLE_TIMEOUT:
        return timedelta(milliseconds=limit)
    return None


def _mirror(cluster: str, mirror: ir.Mirror) -> route_v3.RouteActionRequestMirrorPolicy:
    """Mirror a share of the requests with the Host that the backend gets; Envoy counts shares in millionths."""
    fraction = None
    if mirror.numerator < mirror.denominator:
        fraction = wire.new(
            core_v3.RuntimeFractionalPercent,
            default_value=wire.new(
                type_v3.FractionalPercent,
                numerator=round(mirror.numerator * MILLION / mirror.denominator),
                denominator=type_v3.FractionalPercentDenominatorType.MILLION,
            ),
        )
    return wire.new(
        route_v3.RouteActionRequestMirrorPolicy,
        cluster=cluster,
        runtime_fraction=fraction,
        disable_shadow_host_suffix_append=True,
    )
