"""Telemetry: who hears of requests, and of which."""

from translator.ir.clusters import ClusterKey
from translator.value import Key, Value

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
