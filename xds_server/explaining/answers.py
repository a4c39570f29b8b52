"""What a chosen route does with a request: the clusters with their shares and endpoints, the redirect, the answer."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from envoy.config.core.v3.health_check_pb2 import HealthStatus
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext

from translator.value import Value
from translator.xds.names import NO_CLUSTER
from translator.xds.resource import ResourceType
from xds_server.explaining import filters, outcome
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.matching import millionths
from xds_server.explaining.request import Request

CLUSTER = ResourceType.CLUSTER
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
    """Clusters that get a copy."""
    chances: tuple[str, ...] = ()
    """Clusters that get a copy of some of the requests alone."""
    filters: tuple[str, ...] = ()
    """What else is done on the way."""
    path: str = ""
    """With the query, as the backend sees it."""
    host: str = ""
    """As the backend sees it."""
    location: str = ""
    """Where a redirect leads."""


def answer(route: Any, request: Request, configuration: Configuration) -> Answer:
    """Say what a Route does with a request that it takes."""
    if filters.is_preflight(route, request):
        return Answer("respond", filters.preflight(route, request), filters.PREFLIGHT)
    match route.WhichOneof("action"):
        case "route":
            return _forward(route, request, configuration)
        case "redirect":
            return _redirect(route, request)
        case "direct_response":
            status = route.direct_response.status
            return Answer("respond", f"Envoy answers {status} itself", status, filters=tuple(filters.in_words(route)))
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


def _forward(route: Any, request: Request, configuration: Configuration) -> Answer:
    action = route.route
    missing = f"answered with {NOT_FOUND[action.cluster_not_found_response_code]}"
    shares: dict[str, int] = {}
    if action.WhichOneof("cluster_specifier") == "weighted_clusters":
        for it in action.weighted_clusters.clusters:
            shares[it.name] = shares.get(it.name, 0) + it.weight.value
    else:
        shares[action.cluster] = 1
    destinations = forward(shares, configuration, missing)
    copies = [it for it in action.request_mirror_policies if configuration.get(CLUSTER, it.cluster) is not None]
    chances = tuple(it.cluster for it in copies if it.HasField("runtime_fraction"))
    mirrors = tuple(it.cluster for it in copies if not it.HasField("runtime_fraction"))
    words = ", ".join(f"{it.cluster} ({it.percent:g} %)" for it in destinations)
    tls = secured(shares, configuration)
    return Answer(
        "forward",
        f"forwarded to {words}",
        destinations=destinations,
        mirrors=mirrors,
        chances=chances,
        filters=tuple(chain(filters.in_words(route), _shares(action), _rewrites(action), _copies(copies), tls)),
        path=outcome.forwarded_path(route, request),
        host=outcome.forwarded_host(route, request),
    )


def _redirect(route: Any, request: Request) -> Answer:
    codes = {0: 301, 1: 302, 2: 303, 3: 307, 4: 308}
    status, location = codes[route.redirect.response_code], outcome.location(route, request)
    words = tuple(filters.in_words(route))
    return Answer("redirect", f"redirected ({status}) to {location}", status, filters=words, location=location)


def _shares(action: Any) -> Iterable[str]:
    """What is done for one backend alone."""
    for it in action.weighted_clusters.clusters:
        yield from (f"for {it.name}: {words}" for words in filters.in_words(it))


def _copies(policies: Iterable[Any]) -> Iterable[str]:
    for it in policies:
        if it.HasField("runtime_fraction"):
            yield f"mirrors {millionths(it.runtime_fraction.default_value) / 10_000:g} % to {it.cluster}"


def _rewrites(action: Any) -> Iterable[str]:
    if action.prefix_rewrite:
        yield f"rewrites the matched prefix to {action.prefix_rewrite}"
    if action.HasField("regex_rewrite"):
        yield f"rewrites the path to {action.regex_rewrite.substitution}"
    if action.path_rewrite:
        yield f"rewrites the path to {action.path_rewrite}"
    if action.host_rewrite_literal:
        yield f"rewrites the host to {action.host_rewrite_literal}"
    if action.timeout.ToTimedelta():
        yield f"answers 504 after {action.timeout.ToTimedelta().total_seconds():g} s"
    if action.HasField("retry_policy"):
        yield f"tries again up to {action.retry_policy.num_retries.value} times on {action.retry_policy.retry_on}"
