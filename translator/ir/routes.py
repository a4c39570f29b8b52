"""Routes: matches, actions, and what rules resolve to."""

from typing import NamedTuple, TypeAlias

from translator.ir.clusters import ClusterKey
from translator.ir.terms import Refusal
from translator.value import Value


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
    """Attempts beside the first one, on connection failure, refusal and the codes; with none nothing is tried again."""

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
