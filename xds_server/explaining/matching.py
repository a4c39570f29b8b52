"""Whether an Envoy route takes a request, and if not, the first thing that speaks against it."""

from typing import Any

import re2

from xds_server.explaining.request import Request
from xds_server.rendering import REDACTED, is_secret_header

MILLIONTHS = {0: 10_000, 1: 100, 2: 1}
"""By the denominator of a FractionalPercent: how many millionths one of its parts is."""


class CannotTell(ValueError):
    """The configuration asks for something that is not known here."""


def loses(match: Any, request: Request) -> str:
    """Return why a RouteMatch does not hold, and an empty text where all of it does."""
    return (
        _path_loses(match, request.normal_path)
        or next(filter(None, (_header_loses(it, request) for it in match.headers)), "")
        or next(filter(None, (_parameter_loses(it, request) for it in match.query_parameters)), "")
        or (_grpc_loses(request) if match.HasField("grpc") else "")
    )


def share(match: Any) -> int:
    """Return below which millionth the random number of a request has to be; a million where it does not matter."""
    if not match.HasField("runtime_fraction"):
        return 1_000_000
    return millionths(match.runtime_fraction.default_value)


def millionths(fraction: Any) -> int:
    """Return a FractionalPercent in millionths; all of them at most."""
    return min(int(fraction.numerator * MILLIONTHS[fraction.denominator]), 1_000_000)


def _path_loses(match: Any, path: str) -> str:
    kind = match.WhichOneof("path_specifier")
    match kind:
        case "path":
            holds, wanted = path == match.path, f"exactly {match.path}"
        case "prefix":
            holds, wanted = path.startswith(match.prefix), f"prefix {match.prefix}"
        case "path_separated_prefix":
            prefix = match.path_separated_prefix
            holds, wanted = path == prefix or path.startswith(f"{prefix}/"), f"prefix {prefix}"
        case "safe_regex":
            holds, wanted = _matches(match.safe_regex.regex, path), f"regex {match.safe_regex.regex}"
        case _:
            raise CannotTell(f"a path match of kind {kind}")
    return "" if holds else f"path {path} is not {wanted}"


def _header_loses(matcher: Any, request: Request) -> str:
    """One value that matches is enough, as Envoy sees it."""
    values = request.header(matcher.name)
    name = "method" if matcher.name == ":method" else f"header {matcher.name}"
    if matcher.HasField("present_match"):
        holds = bool(values) == matcher.present_match
        return "" if holds != matcher.invert_match else f"{name} is {'there' if values else 'missing'}"
    if not values:
        return "" if matcher.invert_match else f"{name} is missing"
    verdicts = [_string(matcher.string_match, value) for value in values]
    holds = any(verdict for verdict, _ in verdicts)
    if holds != matcher.invert_match:
        return ""
    hidden = is_secret_header(matcher.name)
    return f"{name} is {', '.join(values)}, not {REDACTED if hidden else verdicts[0][1]}"


def _parameter_loses(matcher: Any, request: Request) -> str:
    value = request.parameter(matcher.name)
    if value is None:
        return f"query parameter {matcher.name} is missing"
    if matcher.HasField("present_match"):
        return "" if matcher.present_match else f"query parameter {matcher.name} is there"
    holds, wanted = _string(matcher.string_match, value)
    return "" if holds else f"query parameter {matcher.name} is {value}, not {wanted}"


def _grpc_loses(request: Request) -> str:
    holds = any(it.split("+")[0] == "application/grpc" for it in request.header("content-type"))
    return "" if holds else "it is not gRPC (content-type application/grpc)"


def _string(matcher: Any, value: str) -> tuple[bool, str]:
    kind = matcher.WhichOneof("match_pattern")
    if kind == "safe_regex":
        return _matches(matcher.safe_regex.regex, value), f"regex {matcher.safe_regex.regex}"
    pattern: str = getattr(matcher, kind or "exact")
    if not isinstance(pattern, str):
        raise CannotTell(f"a string match of kind {kind}")
    if matcher.ignore_case:
        value, pattern = value.lower(), pattern.lower()
    match kind:
        case "prefix":
            return value.startswith(pattern), f"prefix {pattern}"
        case "suffix":
            return value.endswith(pattern), f"suffix {pattern}"
        case "contains":
            return pattern in value, f"with {pattern} in it"
    return value == pattern, pattern


def _matches(regex: str, text: str) -> bool:
    return re2.fullmatch(regex, text) is not None
