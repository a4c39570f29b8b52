"""Matches in Envoy's words."""

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.envoy.type import v3 as type_v3
from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3

from translator import ir
from translator.xds import wire


def route_match(match: ir.Match) -> route_v3.RouteMatch:
    """Return the RouteMatch of which every part must hold."""
    path, prefix, separated, regex = _path(match.path)
    return wire.new(
        route_v3.RouteMatch,
        path=path,
        prefix=prefix,
        path_separated_prefix=separated,
        safe_regex=regex,
        headers=_headers(match),
        query_parameters=[
            wire.new(route_v3.QueryParameterMatcher, name=param.name, string_match=_value(param))
            for param in match.query_params
        ],
        grpc=wire.new(route_v3.RouteMatchGrpcRouteMatchOptions) if match.grpc else None,
        runtime_fraction=_fraction(match.share) if match.share else None,
    )


PREFIX, PATH, PATH_SEPARATED_PREFIX = wire.field(1), wire.field(2), wire.field(14)
"""Of RouteMatch."""


def encode(match: ir.Match) -> bytes:
    """Encode the RouteMatch; that of a path alone, as most are, takes no message."""
    path = match.path
    if path.kind == "regex" or match != ir.Match(path):
        return wire.encode(route_match(match))
    if path.kind == "exact":
        return PATH(path.value.encode())
    prefix = path_prefix(path.value)
    return PATH_SEPARATED_PREFIX(prefix.encode()) if prefix else PREFIX(b"/")


def path_prefix(value: str) -> str:
    """Return a PathPrefix without its trailing slashes, which mean nothing; empty where it matches every path."""
    return value.rstrip("/")


def _path(path: ir.Path) -> tuple[str | None, str | None, str | None, matcher_v3.RegexMatcher | None]:
    """Return path, prefix, path_separated_prefix and safe_regex, one of them set."""
    match path.kind:
        case "exact":
            return path.value, None, None, None
        case "prefix":
            prefix = path_prefix(path.value)
            return (None, None, prefix, None) if prefix else (None, "/", None, None)
        case "regex":
            return None, None, None, wire.new(matcher_v3.RegexMatcher, regex=path.value)
    raise ValueError(f"unknown path match {path.kind}")


def _headers(match: ir.Match) -> list[route_v3.HeaderMatcher]:
    headers = [ir.Named(":method", match.method), *match.headers] if match.method else match.headers
    return [wire.new(route_v3.HeaderMatcher, name=header.name, string_match=_value(header)) for header in headers]


def _fraction(share: int) -> core_v3.RuntimeFractionalPercent:
    """Envoy draws one number per request and asks every route with it, so that growing shares split the traffic."""
    million = type_v3.FractionalPercentDenominatorType.MILLION
    return wire.new(
        core_v3.RuntimeFractionalPercent,
        default_value=wire.new(type_v3.FractionalPercent, numerator=share, denominator=million),
    )


def _value(named: ir.Named) -> matcher_v3.StringMatcher:
    if named.regex:
        return wire.new(matcher_v3.StringMatcher, safe_regex=wire.new(matcher_v3.RegexMatcher, regex=named.value))
    return wire.new(matcher_v3.StringMatcher, exact=named.value)
