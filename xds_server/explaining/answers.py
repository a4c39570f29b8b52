"""What a chosen route does with a request: the clusters with their shares and endpoints, the redirect, the answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from envoy.config.core.v3.health_check_pb2 import HealthStatus
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext

from translator.value import Value
from translator.xds.names import NO_CLUSTER
from translator.xds.resource import ResourceType
from xds_server.explaining.configuration import Configuration

CHANGES = {
    "request_headers_to_add": "adds request headers",
    "request_headers_to_remove": "removes request headers",
    "response_headers_to_add": "adds response headers",
    "response_headers_to_remove": "removes response headers",
}
NOT_FOUND = {0: 503, 1: 404, 2: 500}
"""RouteAction.ClusterNotFoundResponseCode as a status."""


class Endpoint(Value):
    """One address of a cluster."""

    address: str
    health: str
    """As Envoy was told: `unknown` means that nothing speaks against it."""


class Destination(Value):
    """A cluster that takes a share of the requests."""

    cluster: str
    percent: float
    endpoints: tuple[Endpoint, ...]
    words: str = ""
    """What becomes of the share where it is not served."""


class Answer(Value):
    """What becomes of the request."""

    kind: str
    """`forward`, `redirect`, `respond` or `close`."""
    words: str
    status: int = 0
    """Of a redirect or answer that Envoy gives itself."""
    destinations: tuple[Destination, ...] = ()
    mirrors: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    """What else is done on the way."""


def answer(route: Any, configuration: Configuration) -> Answer:
    """Say what a Route does."""
    match route.WhichOneof("action"):
        case "route":
            return _forward(route, configuration)
        case "redirect":
            return _redirect(route)
        case "direct_response":
            status = route.direct_response.status
            return Answer("respond", f"Envoy answers {status} itself", status, filters=tuple(_filters(route)))
        case other:
            return Answer("respond", f"the route's action is {other}")


def forward(shares: Mapping[str, int], configuration: Configuration, missing: str) -> tuple[Destination, ...]:
    """Name the clusters with their shares and endpoints; `missing` says what becomes of a share without a cluster."""
    whole = sum(shares.values()) or 1
    return tuple(
        Destination(
            cluster=name,
            percent=round(100 * weight / whole, 4),
            endpoints=tuple(endpoints(name, configuration)),
            words=missing if name == NO_CLUSTER or configuration.get(ResourceType.CLUSTER, name) is None else "",
        )
        for name, weight in shares.items()
    )


def endpoints(cluster: str, configuration: Configuration) -> Iterable[Endpoint]:
    """Yield a cluster's addresses, be they its own or assigned to it."""
    own = configuration.get(ResourceType.CLUSTER, cluster)
    assigned = configuration.get(ResourceType.ENDPOINT, cluster)
    if assigned is None and own is not None and own.HasField("load_assignment"):
        assigned = own.load_assignment
    for locality in () if assigned is None else assigned.endpoints:
        for it in locality.lb_endpoints:
            socket = it.endpoint.address.socket_address
            yield Endpoint(f"{socket.address}:{socket.port_value}", HealthStatus.Name(it.health_status).lower())


def secured(clusters: Iterable[str], configuration: Configuration) -> Iterable[str]:
    """Say which clusters are spoken to over TLS, and what their backends must show."""
    for name in clusters:
        cluster = configuration.get(ResourceType.CLUSTER, name)
        context = UpstreamTlsContext()
        if cluster is None or not cluster.transport_socket.typed_config.Unpack(context):
            continue
        common = context.common_tls_context.combined_validation_context
        authorities = common.validation_context_sds_secret_config.name
        names = ", ".join(it.matcher.exact for it in common.default_validation_context.match_typed_subject_alt_names)
        verified = f"verified as {names} by {authorities}" if authorities else "not verified"
        yield f"speaks TLS to {name} for {context.sni or 'no name'}, {verified}"


def _forward(route: Any, configuration: Configuration) -> Answer:
    action = route.route
    missing = f"answered with {NOT_FOUND[action.cluster_not_found_response_code]}"
    shares: dict[str, int] = {}
    if action.WhichOneof("cluster_specifier") == "weighted_clusters":
        for it in action.weighted_clusters.clusters:
            shares[it.name] = shares.get(it.name, 0) + it.weight.value
    else:
        shares[action.cluster] = 1
    destinations = forward(shares, configuration, missing)
    mirrors = tuple(it.cluster for it in action.request_mirror_policies)
    words = ", ".join(f"{it.cluster} ({it.percent:g} %)" for it in destinations)
    return Answer(
        "forward",
        f"forwarded to {words}",
        destinations=destinations,
        mirrors=mirrors,
        filters=(*_filters(route), *_rewrites(action), *secured(shares, configuration)),
    )


def _redirect(route: Any) -> Answer:
    redirect = route.redirect
    codes = {0: 301, 1: 302, 2: 303, 3: 307, 4: 308}
    status = codes[redirect.response_code]
    parts = [
        f"{name.removesuffix('_redirect')} {getattr(redirect, name)}"
        for name in ("scheme_redirect", "host_redirect", "port_redirect", "path_redirect", "prefix_rewrite")
        if getattr(redirect, name)
    ]
    return Answer("redirect", f"redirected ({status}) to {', '.join(parts)}", status, filters=tuple(_filters(route)))


def _filters(route: Any) -> Iterable[str]:
    for field, words in CHANGES.items():
        names = [it if isinstance(it, str) else it.header.key for it in getattr(route, field)]
        if names:
            yield f"{words} {', '.join(names)}"
    yield from sorted(route.typed_per_filter_config)


def _rewrites(action: Any) -> Iterable[str]:
    if action.prefix_rewrite:
        yield f"rewrites the matched prefix to {action.prefix_rewrite}"
    if action.HasField("regex_rewrite"):
        yield f"rewrites the path to {action.regex_rewrite.substitution}"
    if action.host_rewrite_literal:
        yield f"rewrites the host to {action.host_rewrite_literal}"
    if action.timeout.ToTimedelta():
        yield f"answers 504 after {action.timeout.ToTimedelta().total_seconds():g} s"
    if action.HasField("retry_policy"):
        yield f"tries again up to {action.retry_policy.num_retries.value} times on {action.retry_policy.retry_on}"
