"""Filters of rules and backendRefs: what they ask for, or why that is not done.

Source: gateway-api v1.7.0, apis/v1/httproute_types.go (HTTPRouteFilter), grpcroute_types.go (GRPCRouteFilter).
"""

import re

import msgspec

from translator import ir
from translator.api import routes as api
from translator.attach import authorization, headers, hostnames
from translator.attach.conditions import Reason
from translator.attach.matches import METHODS
from translator.value import Value

STATUS_CODES = frozenset({301, 302, 303, 307, 308})
WELL_KNOWN_PORTS = {"http": 80, "https": 443}

_ORIGIN = re.compile(r"\*|https?://((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:[0-9]{1,5})?", re.ASCII)
_TARGET = re.compile(r"/[!-~]*", re.ASCII)


class Rewrite(Value):
    """The Host and path that the backend sees."""

    hostname: str
    path: ir.PathChange | None


class Filters(Value):
    """What the filters of one rule, or of one backendRef, ask for together, mirrors apart."""

    request: ir.HeaderChanges = ir.NO_CHANGES
    response: ir.HeaderChanges = ir.NO_CHANGES
    redirect: ir.Redirect | None = None
    rewrite: Rewrite | None = None
    cors: ir.Cors | None = None
    authorization: ir.Authorization | None = None
    """Without its cluster."""

    @property
    def replaces_prefix(self) -> bool:
        """Whether a path is changed in the place of the matched prefix."""
        changes = self.redirect or self.rewrite
        return changes is not None and changes.path is not None and not changes.path.full

    @property
    def header_changes_alone(self) -> bool:
        """Whether nothing but headers is changed."""
        return not (self.redirect or self.rewrite or self.cors)


NO_FILTERS = Filters()


def read(filters: tuple[api.HTTPRouteFilter, ...]) -> Filters | ir.Refusal:
    """Read filters; what cannot be honoured is refused, because no filter may be skipped."""
    result = NO_FILTERS
    types = [it.type for it in filters]
    for type_ in types:
        if types.count(type_) > 1 and type_ != "RequestMirror":
            return ir.Refusal(Reason.INCOMPATIBLE_FILTERS, f"filter {type_} is given more than once")
    if "RequestRedirect" in types and "URLRewrite" in types:
        return ir.Refusal(Reason.INCOMPATIBLE_FILTERS, "filters RequestRedirect and URLRewrite cannot be combined")
    for it in filters:
        more = _with(result, it)
        if isinstance(more, ir.Refusal):
            return more
        result = more
    return result


def from_grpc(filters: tuple[api.GRPCRouteFilter, ...]) -> tuple[api.HTTPRouteFilter, ...]:
    """Write a GRPCRoute's filters as those of an HTTPRoute, which has all of them and more."""
    return tuple(
        api.HTTPRouteFilter(
            it.type,
            it.request_header_modifier,
            it.response_header_modifier,
            it.request_mirror,
            extension_ref=it.extension_ref,
        )
        for it in filters
    )


def _with(filters: Filters, it: api.HTTPRouteFilter) -> Filters | ir.Refusal:
    """Add one filter to those already read."""
    match it:
        case api.HTTPRouteFilter(
            type="RequestHeaderModifier", request_header_modifier=api.HTTPHeaderFilter() as settings
        ):
            return _one(filters, "request", headers.changes(settings))
        case api.HTTPRouteFilter(
            type="ResponseHeaderModifier", response_header_modifier=api.HTTPHeaderFilter() as settings
        ):
            return _one(filters, "response", headers.changes(settings))
        case api.HTTPRouteFilter(type="RequestMirror", request_mirror=api.HTTPRequestMirrorFilter()):
            return filters
        case api.HTTPRouteFilter(type="RequestRedirect", request_redirect=api.HTTPRequestRedirectFilter() as settings):
            return _one(filters, "redirect", redirect(settings))
        case api.HTTPRouteFilter(type="URLRewrite", url_rewrite=api.HTTPURLRewriteFilter() as settings):
            return _one(filters, "rewrite", rewrite(settings))
        case api.HTTPRouteFilter(type="CORS", cors=api.HTTPCORSFilter() as settings):
            return _one(filters, "cors", cors(settings))
        case api.HTTPRouteFilter(type="ExternalAuth", external_auth=api.HTTPExternalAuthFilter() as settings):
            return _one(filters, "authorization", authorization.read(settings))
        case api.HTTPRouteFilter(type="ExtensionRef", extension_ref=api.LocalObjectReference() as target):
            return _unsupported(
                f"filter ExtensionRef names {target.kind}.{target.group} {target.name}, which is not supported"
            )
        case _:
            return _unsupported(f"filter {it.type} is not supported, or lacks its settings")


def _one(filters: Filters, name: str, value: object) -> Filters | ir.Refusal:
    return value if isinstance(value, ir.Refusal) else msgspec.structs.replace(filters, **{name: value})


def redirect(settings: api.HTTPRequestRedirectFilter) -> ir.Redirect | ir.Refusal:
    """Read a RequestRedirect; without a port it leads to the scheme's own, and without a scheme to the listener's."""
    if settings.scheme not in (None, *WELL_KNOWN_PORTS):
        return _unsupported(f"redirect scheme {settings.scheme} is neither http nor https")
    if settings.status_code not in STATUS_CODES:
        return _unsupported(f"redirect statusCode {settings.status_code} is none of {sorted(STATUS_CODES)}")
    if settings.hostname and not hostnames.precise(settings.hostname):
        return _unsupported(f"redirect hostname {settings.hostname!r} is not a hostname")
    path = _path(settings.path)
    if isinstance(path, ir.Refusal):
        return path
    port = settings.port if settings.port is not None else WELL_KNOWN_PORTS.get(settings.scheme or "")
    return ir.Redirect(settings.status_code, settings.scheme, settings.hostname or None, port, path)


def rewrite(settings: api.HTTPURLRewriteFilter) -> Rewrite | ir.Refusal:
    """Read a URLRewrite."""
    if settings.hostname and not hostnames.precise(settings.hostname):
        return _unsupported(f"URLRewrite hostname {settings.hostname!r} is not a hostname")
    path = _path(settings.path)
    return path if isinstance(path, ir.Refusal) else Rewrite(settings.hostname or "", path)


def cors(settings: api.HTTPCORSFilter) -> ir.Cors | ir.Refusal:
    """Read a CORS filter."""
    for origin in settings.allow_origins:
        if _ORIGIN.fullmatch(origin) is None:
            return _unsupported(f"CORS origin {origin!r} is not of the form <scheme>://<host>(:<port>)")
    for method in settings.allow_methods:
        if method != "*" and method not in METHODS:
            return _unsupported(f"CORS method {method!r} is none of {', '.join(sorted(METHODS))}")
    for name in (*settings.allow_headers, *settings.expose_headers):
        if not headers.is_name(name):
            return _unsupported(f"CORS header {name!r} is not the name of a header")
    return ir.Cors(
        settings.allow_origins,
        settings.allow_methods,
        settings.allow_headers,
        settings.expose_headers,
        settings.allow_credentials,
        settings.max_age,
    )


def _path(modifier: api.HTTPPathModifier | None) -> ir.PathChange | ir.Refusal | None:
    """Read a path modifier; an empty replaceFullPath is `/`, and an empty replacePrefixMatch takes the prefix away."""
    match modifier:
        case None:
            return None
        case api.HTTPPathModifier(type="ReplaceFullPath", replace_full_path=str() as value):
            change = ir.PathChange(True, value or "/")
        case api.HTTPPathModifier(type="ReplacePrefixMatch", replace_prefix_match=str() as value):
            change = ir.PathChange(False, value or "/")
        case _:
            return _unsupported(f"path modifier {modifier.type} is not supported, or lacks its value")
    if _TARGET.fullmatch(change.value) is None:
        return _unsupported(f"path {change.value!r} is not an absolute path of printable ASCII characters")
    return change


def _unsupported(message: str) -> ir.Refusal:
    return ir.Refusal(Reason.UNSUPPORTED_VALUE, message)
