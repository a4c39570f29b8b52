"""What is done on the way of a request beside routing, in words: filters that a route or a virtual host asks for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import re2
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy

from xds_server import rendering
from xds_server.explaining.request import Request

CORS = "envoy.filters.http.cors"
SESSION = "envoy.filters.http.stateful_session"
AUTHORIZATION, LISTENER = "gatehouse.dev/authorization", "gatehouse.dev/listener"
CHANGES = {
    "request_headers_to_add": "adds request headers",
    "request_headers_to_remove": "removes request headers",
    "response_headers_to_add": "adds response headers",
    "response_headers_to_remove": "removes response headers",
}
PREFLIGHT = 200


def in_words(route: Any) -> Iterator[str]:
    """Yield what a route, or a backend's share of it, asks for."""
    for field, words in CHANGES.items():
        names = [it if isinstance(it, str) else it.header.key for it in getattr(route, field)]
        if names:
            yield f"{words} {', '.join(names)}"
    for name in sorted(route.typed_per_filter_config):
        yield from _asked(name, route.typed_per_filter_config[name])


def is_preflight(route: Any, request: Request) -> bool:
    """Whether the CORS filter of a route answers a request itself; it has no say in redirects and Envoy's answers."""
    asks = request.header("origin")[:1] not in ((), ("",)) and any(request.header("access-control-request-method"))
    return request.method == "OPTIONS" and asks and route.HasField("route") and CORS in route.typed_per_filter_config


def preflight(route: Any, request: Request) -> str:
    """Say how a preflight is answered."""
    policy = CorsPolicy.FromString(route.typed_per_filter_config[CORS].value)
    [origin, *_] = request.header("origin")
    allowed = any(_allows(it, origin) for it in policy.allow_origin_string_match)
    return f"CORS answers the preflight itself: origin {origin} is {'allowed' if allowed else 'not allowed'}"


def _allows(matcher: Any, origin: str) -> bool:
    if matcher.HasField("safe_regex"):
        return re2.fullmatch(matcher.safe_regex.regex, origin) is not None
    return bool(matcher.exact == origin)


def _asked(name: str, config: Any) -> Iterator[str]:
    match name:
        case "envoy.filters.http.cors":
            origins = CorsPolicy.FromString(config.value).allow_origin_string_match
            yield f"CORS: origins {', '.join(it.exact or it.safe_regex.regex for it in origins) or 'none'}"
        case "envoy.filters.http.stateful_session":
            yield from _session(_decoded(config))
        case "gatehouse.dev/authorization" | "gatehouse.dev/listener":
            whose = "the listener's filters ask" if name == LISTENER else "asks"
            for cluster in dict.fromkeys(_clusters(_decoded(config))):
                yield f"{whose} {cluster} whether it may pass (external authorization)"
        case _:
            yield name


def _session(config: Mapping[str, Any]) -> Iterator[str]:
    state = config.get("stateful_session", {}).get("session_state", {}).get("typed_config", {})
    if "cookie" in state:
        yield f"keeps a client at its endpoint by cookie {state['cookie'].get('name', '')}"
    elif "name" in state:
        yield f"keeps a client at its endpoint by header {state['name']}"


def _decoded(config: Any) -> dict[str, Any]:
    return rendering.decode(config.type_url, config.value)


def _clusters(found: Any) -> Iterable[str]:
    """Name the clusters that a decoded message speaks of, wherever in it."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key in ("cluster", "cluster_name") and isinstance(value, str):
                yield value
            else:
                yield from _clusters(value)
    elif isinstance(found, list):
        for value in found:
            yield from _clusters(value)
