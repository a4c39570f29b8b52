"""Matches of HTTPRoute and GRPCRoute rules, in the terms of HTTP.

Source: gateway-api v1.7.0, apis/v1/httproute_types.go (HTTPRouteMatch), grpcroute_types.go (GRPCRouteMatch).
"""

import re
from collections.abc import Iterable

from translator import ir
from translator.api import routes as api
from translator.attach import precedence, regexes
from translator.attach.conditions import Reason
from translator.value import Value

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})

_PATH = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*")
_NOT_IN_PATH = re.compile(r"//|/\.{1,2}(/|$)|%2[fF]")
_ANY_NAME = "[^/]+"


class Ranked(Value):
    """A match and its precedence among others."""

    rank: tuple[int, ...]
    match: ir.Match


def of_http(match: api.HTTPRouteMatch) -> Ranked | ir.Refusal:
    """Read an HTTPRouteMatch, or refuse what no request could be asked for."""
    path = _path(match.path)
    if isinstance(path, ir.Refusal):
        return path
    if match.method is not None and match.method not in METHODS:
        return _unsupported(f"method {match.method} is none of {', '.join(sorted(METHODS))}")
    headers = _named("header", ((it.name.lower(), it.value, it.type) for it in match.headers))
    if isinstance(headers, ir.Refusal):
        return headers
    params = _named("query parameter", ((it.name, it.value, it.type) for it in match.query_params))
    if isinstance(params, ir.Refusal):
        return params
    result = ir.Match(path, match.method or "", headers, params)
    return Ranked(precedence.of_http(result), result)


def is_normalised(path: str) -> bool:
    """Say whether this is an absolute path as Envoy would normalise it."""
    return _PATH.fullmatch(path) is not None and _NOT_IN_PATH.search(path) is None


def of_grpc(match: api.GRPCRouteMatch) -> Ranked | ir.Refusal:
    """Read a GRPCRouteMatch: a gRPC method is the path `/service/method`."""
    path = _rpc(match.method)
    if isinstance(path, ir.Refusal):
        return path
    headers = _named("header", ((it.name.lower(), it.value, it.type) for it in match.headers))
    if isinstance(headers, ir.Refusal):
        return headers
    return Ranked(precedence.of_grpc(match.method, len(headers)), ir.Match(path, headers=headers, grpc=True))


def _path(path: api.HTTPPathMatch) -> ir.Path | ir.Refusal:
    match path.type:
        case "RegularExpression":
            return _regex("path", path.value)
        case "Exact" | "PathPrefix":
            if not is_normalised(path.value):
                return _unsupported(f"path {path.value!r} is not a normalised absolute path")
            if path.type == "Exact":
                return ir.Path("exact", path.value)
            return ir.Path("prefix", path.value.rstrip("/") or "/")
        case _:
            return _unsupported(f"path match type {path.type} is not supported")


def _rpc(method: api.GRPCMethodMatch | None) -> ir.Path | ir.Refusal:
    if method is None or not (method.service or method.method):
        return ir.Path("prefix", "/")
    match method.type:
        case "Exact":
            return _exact_rpc(method.service or "", method.method or "")
        case "RegularExpression":
            for part in filter(None, (method.service, method.method)):
                refused = _regex("gRPC method", part)
                if isinstance(refused, ir.Refusal):
                    return refused
            return _regex("gRPC method", f"/(?:{method.service or _ANY_NAME})/(?:{method.method or _ANY_NAME})")
        case _:
            return _unsupported(f"gRPC method match type {method.type} is not supported")


def _exact_rpc(service: str, method: str) -> ir.Path | ir.Refusal:
    for name in filter(None, (service, method)):
        if re.fullmatch(r"[A-Za-z0-9_.]+", name, re.ASCII) is None:
            return _unsupported(f"{name!r} is not the name of a gRPC service or method")
    if not method:
        return ir.Path("prefix", f"/{service}")
    return (
        ir.Path("exact", f"/{service}/{method}")
        if service
        else _regex("gRPC method", f"/{_ANY_NAME}/{regexes.literal(method)}")
    )


def _named(what: str, entries: Iterable[tuple[str, str, str]]) -> tuple[ir.Named, ...] | ir.Refusal:
    """Read (name, value, type) entries; of equivalent names only the first one counts."""
    found: dict[str, ir.Named] = {}
    for name, value, type_ in entries:
        if name in found:
            continue
        if type_ not in ("Exact", "RegularExpression"):
            return _unsupported(f"{what} match type {type_} is not supported")
        regex = type_ == "RegularExpression"
        fault = regexes.fault(value) if regex else None
        if fault is not None:
            return _unsupported(f"regular expression for {what} {name} {fault}")
        found[name] = ir.Named(name, value, regex)
    return tuple(found.values())


def _regex(what: str, pattern: str) -> ir.Path | ir.Refusal:
    fault = regexes.fault(pattern)
    if fault is not None:
        return _unsupported(f"regular expression for the {what} {fault}")
    return ir.Path("regex", pattern)


def _unsupported(message: str) -> ir.Refusal:
    return ir.Refusal(Reason.UNSUPPORTED_VALUE, message)
