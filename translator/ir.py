"""The intermediate representation: what the specification's words mean, before Envoy's words are found for it.

Closed unions of frozen values. Durations are whole milliseconds, hostnames lower case, `*` any host.
"""

from typing import NamedTuple, TypeAlias

import msgspec

from translator.api.gateway import FromNamespaces
from translator.api.parameters import EnvoyParametersSpec
from translator.api.routes import ParentReference
from translator.value import Key, Ref, Value

ANY_HOST = "*"

HTTP_ROUTES = ("HTTPRoute", "GRPCRoute")
"""Route kinds that end in virtual hosts."""

STREAM_ROUTES = ("TLSRoute", "TCPRoute", "UDPRoute")
"""Route kinds that move bytes and do not look into them."""

HTTP_PROTOCOLS = ("HTTP", "HTTPS")
"""Protocols of listeners that have virtual hosts."""

SECURE_PROTOCOLS = ("HTTPS", "TLS")
"""Protocols whose listeners are told apart by server name, and so may share a port."""


class Refusal(Value):
    """Why something a user asked for is not done: a Reason of the specification and what to change."""

    reason: str
    message: str


# ---- listeners ------------------------------------------------------------------------------------------------------


class ListenerKey(NamedTuple):
    """A listener of a Gateway or ListenerSet."""

    parent: Ref
    name: str


SYSTEM_AUTHORITIES = Ref("System", "", "")
"""Stands for the CA certificates that come with the system that an Envoy runs on."""


class ClientValidation(Value):
    """Which certificates clients are asked for."""

    authorities: tuple[Ref, ...]
    """The objects whose CA certificates are trusted; at least one."""
    required: bool
    """False: who shows none, or one that cannot be verified, is let in nonetheless."""


class Listener(Value):
    """One listener as routes and Envoy see it; it changes only with what they read."""

    key: ListenerKey
    gateway: Key
    port: int
    protocol: str
    """HTTP, HTTPS, TLS, TCP or UDP; others never become an ir.Listener."""
    hostname: str
    """`*` where the listener names none."""
    kinds: tuple[str, ...]
    """Route kinds that it admits, all of group gateway.networking.k8s.io."""
    namespaces: FromNamespaces
    table: str
    """Its route table: one per port for HTTP, one per listener for HTTPS."""
    certificates: tuple[Key, ...] = ()
    """The Secrets that can be served; for HTTPS empty means that it cannot serve."""
    client_validation: ClientValidation | None = None
    passthrough: bool = False
    """Of protocol TLS: whether the backends terminate it."""
    http3: bool = False
    """Whether it is served over QUIC too."""
    serves: bool = True
    """False: routes attach, but it takes no traffic (conflicted, or without a usable certificate)."""
    filtered: bool = False
    """Whether requests pass filters before a route is chosen."""


class Parent(Value):
    """What a route's parentRef leads to."""

    gateway: Key
    listeners: tuple[Listener, ...]
    refusal: Refusal | None = None
    """Why it is no parent: a ListenerSet that its Gateway does not allow."""


class Placement(Value):
    """Where the Envoys of a Gateway listen and how the world reaches them."""

    bind: str = "0.0.0.0"  # noqa: S104
    addresses: tuple[tuple[str, str], ...] = ()
    """(type, value) pairs for the Gateway's status."""
    port_offset: int = 0
    """Added to listener ports below 1024."""
    exclusive: bool = False
    """Whether an Envoy shares its ports with no other: one that somebody else serves is refused, and said so."""
    cluster: tuple[str, ...] = ()
    """IP addresses that are reached from within a cluster, be they among `addresses` or not."""
    reserved: tuple[int, ...] = ()
    """Ports that the Envoys use for themselves."""
    refusal: Refusal | None = None
    """Why the Gateway has no Envoys, or not as it should; it is not Programmed then."""

    def port(self, listener_port: int) -> int:
        """Return the port to bind for a listener's port."""
        return listener_port + self.port_offset if listener_port < 1024 else listener_port


class Progress(Value):
    """What the Envoys of a Gateway have acknowledged of it."""

    generation: int
    listeners: tuple[str, ...]
    """Names of the listeners that were served at that generation."""


class ClusterAddress(Value):
    """What a Gateway asks of its address within the cluster."""

    value: str = ""
    """Empty where any will do."""
    alone: bool = False
    """Whether it is to be reached from within the cluster only."""


class Infrastructure(Value):
    """What is needed of a Gateway to run its Envoys."""

    uid: str
    class_name: str
    ports: tuple[tuple[int, str], ...]
    """Ports to be reached at, with TCP or UDP; at least one, sorted."""
    addresses: tuple[str, ...] = ()
    """IP addresses that were asked for, by preference."""
    cluster_address: ClusterAddress = ClusterAddress()
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    """For all that is made for the Gateway, pods too."""
    parameters: EnvoyParametersSpec = EnvoyParametersSpec()


class Held(Value):
    """A Gateway of ours that cannot be served as it is: what it runs on is left alone."""

    class_name: str


# ---- routes ---------------------------------------------------------------------------------------------------------


class ClusterKey(NamedTuple):
    """One Envoy cluster: a backend's port spoken to in one way, whichever routes use it."""

    namespace: str
    name: str
    port: int
    protocol: str = "http1"
    """http1, http2 (h2c), or the same over TLS: https1, https2; tcp, or the same over TLS: tls; or udp."""
    kind: str = "Service"
    """What the backend is; kinds' names are told apart from namespaces by their upper case."""

    @property
    def transport(self) -> str:
        """What its port is a port of: TCP or UDP."""
        return "UDP" if self.protocol == "udp" else "TCP"


OVER_TLS = frozenset({"https1", "https2", "tls"})
"""Protocols of clusters over TLS."""


class Path(Value):
    """A path match: `exact`, `prefix` (by path elements) or `regex` (the whole path)."""

    kind: str
    value: str


class Named(Value):
    """A header or query parameter match; regex must match the whole value."""

    name: str
    value: str
    regex: bool = False


SHARES = 1_000_000
"""What the shares of a match are parts of."""


class Match(Value):
    """All of it must hold."""

    path: Path
    method: str = ""
    headers: tuple[Named, ...] = ()
    query_params: tuple[Named, ...] = ()
    grpc: bool = False
    """Only gRPC requests (content-type application/grpc)."""
    share: int = 0
    """Where not 0, only requests whose random number modulo SHARES is below. Backends whose filters need a route of
    their own get routes with growing shares, one after the other, the last one without."""


class HeaderChanges(Value):
    """Headers to set (replace), add (append) and remove."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


NO_CHANGES = HeaderChanges()


class PathChange(Value):
    """A new path: all of it (`full`) or in the place of the matched prefix."""

    full: bool
    value: str


class Session(Value):
    """What brings a client back to the endpoint of a backend that answered it first: a header, or else a cookie."""

    header: str = ""
    cookie: str = ""
    path: str = "/"
    max_age: int | None = None
    """Seconds that the cookie is kept, and good for; None is as long as the browser's session."""


class Backend(Value):
    """A share of a route's traffic; without a cluster it is answered with an error."""

    cluster: ClusterKey | None
    weight: int
    request: HeaderChanges = NO_CHANGES
    response: HeaderChanges = NO_CHANGES
    session: Session | None = None


class Mirror(Value):
    """A copy of numerator/denominator of the requests."""

    cluster: ClusterKey
    numerator: int = 100
    denominator: int = 100


class Cors(Value):
    """Cross-origin resource sharing as the CORS filter asks for it; origins may hold `*` wildcards."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age: int


class Authorization(Value):
    """Asks a service whether a request may pass; where it cannot be asked nothing passes."""

    cluster: ClusterKey | None
    """None: the service cannot be found, or not be reached."""
    grpc: bool = False
    """Envoy's protocol of external authorization instead of plain HTTP."""
    headers: tuple[str, ...] = ()
    """Client headers that the service gets: over gRPC these, or all where none is named; over HTTP these too."""
    path: str = ""
    """Over HTTP: put before the path that the client asked for."""
    copied: tuple[str, ...] = ()
    """Over HTTP: headers of the service's answer that the backend gets; all if none is named."""
    body: int = 0
    """Bytes of the request's body that the service gets; a longer body is refused."""


class Retry(Value):
    """Attempts beside the first one, on connection failure, refusal and the codes."""

    attempts: int
    codes: tuple[int, ...] = ()
    backoff: int | None = None


class Forward(Value):
    """Sends requests to backends by weight; no backend with weight answers with an error."""

    backends: tuple[Backend, ...]
    hostname: str = ""
    """The Host that the backend sees; empty leaves it."""
    path: PathChange | None = None
    request_timeout: int | None = None
    """Milliseconds; 0 disables, None leaves Envoy without one."""
    backend_timeout: int | None = None
    retry: Retry | None = None
    mirrors: tuple[Mirror, ...] = ()


class Redirect(Value):
    """Answers with a redirect; what is None is taken from the request, and the port from the listener."""

    status: int
    scheme: str | None = None
    hostname: str | None = None
    port: int | None = None
    path: PathChange | None = None


class Respond(Value):
    """Answers with a status and no body."""

    status: int


Action: TypeAlias = Forward | Redirect | Respond


class Route(Value):
    """One Envoy route: one match of one rule."""

    name: str
    """`httproute/shop/cart/rule/0/match/1`: from keys, for people and statistics."""
    rank: tuple[int, ...]
    """The specification's precedence of this match among others, smaller first; equal ranks go by age and name."""
    match: Match
    action: Action
    request: HeaderChanges = NO_CHANGES
    response: HeaderChanges = NO_CHANGES
    cors: Cors | None = None
    authorization: Authorization | None = None

    @property
    def catches_all(self) -> bool:
        """Whether no request gets past this route, so that nothing behind it can be reached."""
        match = self.match
        return match.path == Path("prefix", "/") and not (
            match.method or match.headers or match.query_params or match.grpc or match.share
        )


class Age(NamedTuple):
    """Which of two routes is older: by creation, then by namespace/name, then by kind."""

    created: str
    place: str
    kind: str


class Stream(Value):
    """Where the connections or datagrams of a TLSRoute, TCPRoute or UDPRoute go."""

    backends: tuple[Backend, ...]
    refusals: tuple[Refusal, ...] = ()
    """References that do not resolve."""


class Resolved(Value):
    """A route's rules with their references looked up; independent of where the route is attached."""

    age: Age
    routes: tuple[Route, ...]
    """In the order of rules and matches as written."""
    refusals: tuple[Refusal, ...] = ()
    """References that do not resolve: what ResolvedRefs says."""
    invalid: tuple[Refusal, ...] = ()
    """Rules that cannot be served as written: Accepted=False if none is left, else PartiallyInvalid."""
    valid: bool = True
    """Whether any rule is left; False makes Accepted False."""
    stream: Stream | None = None
    """What there is instead of routes for kinds that do not look into what they move."""
    sealed: Stream | None = None
    """The same where TLS is passed through, so that policies have no say; None where there is no such place."""


# ---- attachment -----------------------------------------------------------------------------------------------------


class Attachment(Value):
    """A route on one listener, with the domains it is reached under."""

    listener: Listener
    hosts: tuple[tuple[str, str], ...]
    """(hostname as the route wrote it, or empty; domain in the route table) pairs, domains that another listener of
    the port is more specific for left out."""


class Bond(Value):
    """What became of one parentRef; without a refusal it is accepted by the attachments' listeners."""

    parent_ref: ParentReference
    attachments: tuple[Attachment, ...] = ()
    refusal: Refusal | None = None


class Bound(Value):
    """A route and those of its parents that are ours."""

    generation: int
    age: Age
    bonds: tuple[Bond, ...]


class HostKey(NamedTuple):
    """A virtual host: a domain of a route table, and the listener whose routes it serves."""

    gateway: Key
    table: str
    domain: str
    listener: ListenerKey


class Member(NamedTuple):
    """A route's place in a virtual host: longest hostname first, exact before wildcard, then older first."""

    exact: int
    """Minus the characters of the hostname where it is not a wildcard."""
    characters: int
    """Minus the characters of the hostname as the route wrote it."""
    age: Age
    route: Ref


class StreamKey(NamedTuple):
    """The connections for a domain at a listener; the domain is `*` where the protocol tells none."""

    gateway: Key
    port: str
    """The Envoy listener: `tcp/443`, `udp/53`."""
    listener: ListenerKey
    domain: str


class Served(NamedTuple):
    """A route as one Gateway's port serves it: what its encoding depends on beside the route itself."""

    route: Ref
    gateway: Key
    port: int
    secure: bool


# ---- clusters -------------------------------------------------------------------------------------------------------


class Verification(Value):
    """What the certificate of a backend must be (BackendTLSPolicy)."""

    hostname: str
    """What is asked for by SNI."""
    names: tuple[tuple[str, str], ...]
    """(DNS or URI, value) pairs, of which the certificate must have one."""
    authorities: tuple[Ref, ...]
    """The objects whose CA certificates are trusted, or the system's; at least one."""


class KeyPair(Value):
    """What a secret of Envoy's is made of: the certificate and key of a Secret."""

    secret: Key


class Authorities(Value):
    """What a secret of Envoy's is made of: the CA certificates of objects, or the system's."""

    refs: tuple[Ref, ...]


SecretContent: TypeAlias = KeyPair | Authorities


class RetryBudget(Value):
    """How many of the requests to a backend may be retries at a time."""

    percent: int
    """Of the requests that were begun in the interval."""
    interval: int
    """Milliseconds."""
    least: int
    """Retries that are always admitted."""


class Cluster(Value):
    """How a backend's port is reached."""

    name: str
    key: ClusterKey
    dns: tuple[tuple[str, int], ...] = ()
    """(name, port) pairs to resolve; empty means that endpoints come as a ClusterLoadAssignment."""
    server_name: str = ""
    """SNI for the protocols over TLS; empty sends none."""
    verification: Verification | None = None
    """What is verified of a backend over TLS; None for nothing."""
    budget: RetryBudget | None = None
    """None is no budget that somebody asked for."""


class Endpoints(Value):
    """The ready addresses of a Service port, sorted."""

    cluster: str
    addresses: tuple[tuple[str, int], ...]


class Share(Value):
    """A backend's part of a pool."""

    place: str
    """Its cluster's name, by which its endpoints are told from those of other backends; empty where nobody is."""
    weight: int
    addresses: tuple[tuple[str, int], ...]
    """Where nobody is, none: what is for them is dropped."""


class Pool(Value):
    """All backends of a UDPRoute as one cluster: a weight that changes, or an endpoint, changes no listener."""

    name: str
    shares: tuple[Share, ...]
    """Of those that have a weight."""
    resolves: bool = False
    """Whether there are names among the addresses."""


# ---- telemetry ------------------------------------------------------------------------------------------------------

RANDOM_PARTS = 10_000
"""What the share of requests that have spans at random is parts of: Envoy can tell apart no less."""

FORCED_PARTS = 1_000_000
"""What the share of requests that are forced to have spans is parts of."""


class Tracer(Value):
    """Who receives a Gateway's spans, and whose word on having them counts."""

    cluster: ClusterKey
    """Spoken to over HTTP/2 it takes OTLP over gRPC, else over HTTP."""
    authority: str
    """The host that it is asked for by."""
    service_name: str
    headers: tuple[tuple[str, str], ...] = ()
    """Sent along with spans."""
    sampling: str = "parents"
    """Requests that may be forced to have spans: those of `parents` with a span, or `roots`, which have no parent. What
    a parent does not want has no span, unless the Gateway decides `alone`: then parents do not count."""


class Observation(Value):
    """What is observed of a Gateway's requests."""

    gateway: Key
    tracer: Tracer | None = None
    logged: bool = False
    """Whether each has a line in the access log."""


class Tag(Value):
    """What a span says: the value of a request's or response's `header`, a `literal`, or an `attribute` by name."""

    name: str
    source: str
    value: str


class Spans(Value):
    """Which of a Gateway's requests have spans, and what these hold."""

    random: int = RANDOM_PARTS
    """Of all requests."""
    forced: int = 0
    """Of those that may be forced; the others still have spans at random."""
    name: str = ""
    """Empty names a span by method and route."""
    tags: tuple[Tag, ...] = ()
