"""What the backend is asked for, or where a redirect leads, in the words that Envoy puts together of the request's."""

from typing import Any

import re2

from xds_server.explaining.request import Request, without_port

SCHEME_PORTS = {"http": ":80", "https": ":443"}


def forwarded_path(route: Any, request: Request) -> str:
    """Return path and query as the backend sees them."""
    action = route.route
    if action.path_rewrite:
        path = action.path_rewrite.replace("%%", "%")
    else:
        path = _rewritten(action, route.match, request.normal_path)
    return _with_query(path, request)


def forwarded_host(route: Any, request: Request) -> str:
    """Return the Host that the backend sees."""
    return route.route.host_rewrite_literal or request.authority


def location(route: Any, request: Request) -> str:
    """Return where a redirect leads."""
    redirect = route.redirect
    scheme = redirect.scheme_redirect or ("https" if redirect.https_redirect else request.scheme)
    port = f":{redirect.port_redirect}" if redirect.port_redirect else ""
    host = redirect.host_redirect or _host(request, scheme, port)
    path = redirect.path_redirect or _rewritten(redirect, route.match, request.normal_path)
    return f"{scheme}://{host}{port}{path if '?' in redirect.path_redirect else _with_query(path, request)}"


def _rewritten(action: Any, match: Any, path: str) -> str:
    if action.prefix_rewrite:
        kind = match.WhichOneof("path_specifier")
        matched = path if kind == "safe_regex" else getattr(match, kind)
        return f"{action.prefix_rewrite}{path[len(matched) :]}"
    if action.HasField("regex_rewrite"):
        return str(re2.sub(action.regex_rewrite.pattern.regex, action.regex_rewrite.substitution, path))
    return path


def _with_query(path: str, request: Request) -> str:
    return f"{path}?{request.query}" if request.has_query else path


def _host(request: Request, scheme: str, port: str) -> str:
    """Return the request's Host; its port goes where another comes, or it is that of a scheme that changes."""
    host = without_port(request.authority)
    named = request.authority.removeprefix(host)
    implied = scheme != request.scheme and named == SCHEME_PORTS[request.scheme]
    return host if port or implied else request.authority
