"""HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute (gateway-api apis/v1/*route_types.go)."""

from typing import TypeAlias

from translator.api.meta import GATEWAY_GROUP, ApiValue, Meta


class ParentReference(ApiValue):
    """What a route wants to attach to: a Gateway or a ListenerSet, wholly, by section or by port."""

    name: str
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class BackendObjectReference(ApiValue):
    """A backend without a weight, as mirrors name it."""

    name: str
    group: str = ""
    kind: str = "Service"
    namespace: str | None = None
    port: int | None = None


class BackendRef(BackendObjectReference):
    """A backend with its share of the traffic."""

    weight: int = 1


class LocalObjectReference(ApiValue):
    """A reference within the namespace."""

    group: str
    kind: str
    name: str


class HTTPHeader(ApiValue):
    """A header to set or add; names compare case-insensitively."""

    name: str
    value: str


class HTTPHeaderFilter(ApiValue):
    """Header changes: set replaces, add appends, remove deletes."""

    set: tuple[HTTPHeader, ...] = ()
    add: tuple[HTTPHeader, ...] = ()
    remove: tuple[str, ...] = ()


class Fraction(ApiValue):
    """A share of requests."""

    numerator: int
    denominator: int = 100


class HTTPRequestMirrorFilter(ApiValue):
    """Sends a copy of each, or of a share of, the requests to another backend."""

    backend_ref: BackendObjectReference
    percent: int | None = None
    fraction: Fraction | None = None


class HTTPPathModifier(ApiValue):
    """ReplaceFullPath or ReplacePrefixMatch."""

    type: str
    replace_full_path: str | None = None
    replace_prefix_match: str | None = None


class HTTPRequestRedirectFilter(ApiValue):
    """Answers with a redirect."""

    scheme: str | None = None
    hostname: str | None = None
    path: HTTPPathModifier | None = None
    port: int | None = None
    status_code: int = 302


class HTTPURLRewriteFilter(ApiValue):
    """Changes Host or path on the way to the backend."""

    hostname: str | None = None
    path: HTTPPathModifier | None = None


class HTTPCORSFilter(ApiValue):
    """Cross-origin resource sharing, answered at the gateway."""

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int = 5


class GRPCAuthConfig(ApiValue):
    """What an authorization service gets over Envoy's protocol; no headers named means all."""

    allowed_headers: tuple[str, ...] = ()


class HTTPAuthConfig(ApiValue):
    """What an authorization service gets over HTTP, and what of its answer goes on to the backend."""

    path: str = ""
    allowed_headers: tuple[str, ...] = ()
    allowed_response_headers: tuple[str, ...] = ()


class ForwardBodyConfig(ApiValue):
    """How much of a request's body an authorization service gets, in bytes."""

    max_size: int = 0


class HTTPExternalAuthFilter(ApiValue):
    """Asks another service whether a request may pass."""

    protocol: str
    backend_ref: BackendObjectReference
    grpc: GRPCAuthConfig = GRPCAuthConfig()
    http: HTTPAuthConfig = HTTPAuthConfig()
    forward_body: ForwardBodyConfig = ForwardBodyConfig()


class HTTPRouteFilter(ApiValue):
    """One filter of an HTTPRoute rule or backendRef; `type` names the member that is set."""

    type: str
    request_header_modifier: HTTPHeaderFilter | None = None
    response_header_modifier: HTTPHeaderFilter | None = None
    request_mirror: HTTPRequestMirrorFilter | None = None
    request_redirect: HTTPRequestRedirectFilter | None = None
    url_rewrite: HTTPURLRewriteFilter | None = None
    cors: HTTPCORSFilter | None = None
    external_auth: HTTPExternalAuthFilter | None = None
    extension_ref: LocalObjectReference | None = None


class HTTPBackendRef(BackendRef):
    """A backend with filters of its own."""

    filters: tuple[HTTPRouteFilter, ...] = ()


class HTTPPathMatch(ApiValue):
    """Exact, PathPrefix or RegularExpression."""

    type: str = "PathPrefix"
    value: str = "/"


class HTTPHeaderMatch(ApiValue):
    """Exact or RegularExpression on one header."""

    name: str
    value: str
    type: str = "Exact"


class HTTPQueryParamMatch(ApiValue):
    """Exact or RegularExpression on one query parameter."""

    name: str
    value: str
    type: str = "Exact"


class HTTPRouteMatch(ApiValue):
    """All of its members must hold."""

    path: HTTPPathMatch = HTTPPathMatch()
    headers: tuple[HTTPHeaderMatch, ...] = ()
    query_params: tuple[HTTPQueryParamMatch, ...] = ()
    method: str | None = None


class HTTPRouteTimeouts(ApiValue):
    """Gateway API durations, e.g. `500ms`; `0s` disables."""

    request: str | None = None
    backend_request: str | None = None


class HTTPRouteRetry(ApiValue):
    """When and how often a request is tried again."""

    codes: tuple[int, ...] = ()
    attempts: int | None = None
    backoff: str | None = None


class CookieConfig(ApiValue):
    """The cookie of a persistent session; a name is made up where none is given."""

    name: str | None = None
    path: str = "/"
    lifetime_type: str = "Session"


class HeaderConfig(ApiValue):
    """The header of a persistent session."""

    name: str


class SessionPersistence(ApiValue):
    """Brings clients back to the endpoint that answered them first, by Cookie or Header."""

    type: str = "Cookie"
    absolute_timeout: str | None = None
    cookie: CookieConfig = CookieConfig()
    header: HeaderConfig | None = None


class HTTPRouteRule(ApiValue):
    """Matches, filters and backends."""

    name: str | None = None
    matches: tuple[HTTPRouteMatch, ...] = (HTTPRouteMatch(),)
    filters: tuple[HTTPRouteFilter, ...] = ()
    backend_refs: tuple[HTTPBackendRef, ...] = ()
    timeouts: HTTPRouteTimeouts | None = None
    retry: HTTPRouteRetry | None = None
    session_persistence: SessionPersistence | None = None


class HTTPRouteSpec(ApiValue):
    """What an HTTPRoute asks for."""

    parent_refs: tuple[ParentReference, ...] = ()
    use_default_gateways: str = ""
    hostnames: tuple[str, ...] = ()
    rules: tuple[HTTPRouteRule, ...] = (HTTPRouteRule(),)


class HTTPRoute(ApiValue):
    """Routes HTTP requests."""

    metadata: Meta
    spec: HTTPRouteSpec


class GRPCMethodMatch(ApiValue):
    """Exact or RegularExpression on service, method or both."""

    type: str = "Exact"
    service: str | None = None
    method: str | None = None


class GRPCHeaderMatch(ApiValue):
    """Exact or RegularExpression on one header."""

    name: str
    value: str
    type: str = "Exact"


class GRPCRouteMatch(ApiValue):
    """All of its members must hold."""

    method: GRPCMethodMatch | None = None
    headers: tuple[GRPCHeaderMatch, ...] = ()


class GRPCRouteFilter(ApiValue):
    """One filter of a GRPCRoute rule or backendRef."""

    type: str
    request_header_modifier: HTTPHeaderFilter | None = None
    response_header_modifier: HTTPHeaderFilter | None = None
    request_mirror: HTTPRequestMirrorFilter | None = None
    extension_ref: LocalObjectReference | None = None


class GRPCBackendRef(BackendRef):
    """A backend with filters of its own."""

    filters: tuple[GRPCRouteFilter, ...] = ()


class GRPCRouteRule(ApiValue):
    """Matches, filters and backends; no match means every gRPC request."""

    name: str | None = None
    matches: tuple[GRPCRouteMatch, ...] = ()
    filters: tuple[GRPCRouteFilter, ...] = ()
    backend_refs: tuple[GRPCBackendRef, ...] = ()
    session_persistence: SessionPersistence | None = None


class GRPCRouteSpec(ApiValue):
    """What a GRPCRoute asks for."""

    parent_refs: tuple[ParentReference, ...] = ()
    use_default_gateways: str = ""
    hostnames: tuple[str, ...] = ()
    rules: tuple[GRPCRouteRule, ...] = ()


class GRPCRoute(ApiValue):
    """Routes gRPC requests."""

    metadata: Meta
    spec: GRPCRouteSpec


class L4RouteRule(ApiValue):
    """The rule of a TLSRoute, TCPRoute or UDPRoute: backends alone."""

    name: str | None = None
    backend_refs: tuple[BackendRef, ...] = ()


class L4RouteSpec(ApiValue):
    """What a TLSRoute, TCPRoute or UDPRoute asks for; only TLSRoutes have hostnames."""

    parent_refs: tuple[ParentReference, ...] = ()
    use_default_gateways: str = ""
    hostnames: tuple[str, ...] = ()
    rules: tuple[L4RouteRule, ...] = ()


class TLSRoute(ApiValue):
    """Routes TLS connections by SNI."""

    metadata: Meta
    spec: L4RouteSpec


class TCPRoute(ApiValue):
    """Routes TCP connections by port."""

    metadata: Meta
    spec: L4RouteSpec


class UDPRoute(ApiValue):
    """Routes UDP sessions by port."""

    metadata: Meta
    spec: L4RouteSpec


Route: TypeAlias = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute
