"""Redirects in Envoy's words (HTTPRequestRedirectFilter, gateway-api apis/v1/httproute_types.go)."""

from typing import Any

from envoy_data_plane.envoy.config.route import v3 as route_v3

from translator import ir
from translator.xds import wire
from translator.xds.paths import prefix_change

WELL_KNOWN_PORTS = {"http": 80, "https": 443}

CODES = {
    301: route_v3.RedirectActionRedirectResponseCode.MOVED_PERMANENTLY,
    302: route_v3.RedirectActionRedirectResponseCode.FOUND,
    303: route_v3.RedirectActionRedirectResponseCode.SEE_OTHER,
    307: route_v3.RedirectActionRedirectResponseCode.TEMPORARY_REDIRECT,
    308: route_v3.RedirectActionRedirectResponseCode.PERMANENT_REDIRECT,
}


def redirect_action(redirect: ir.Redirect, match: ir.Path, port: int, secure: bool) -> route_v3.RedirectAction:
    """Return the RedirectAction for a route on a listener's port; the query of the request is kept."""
    return wire.new(
        route_v3.RedirectAction,
        scheme_redirect=redirect.scheme,
        host_redirect=redirect.hostname or "",
        port_redirect=redirect_port(redirect, port, secure),
        response_code=CODES[redirect.status],
        **_path(redirect.path, match),
    )


def redirect_port(redirect: ir.Redirect, port: int, secure: bool) -> int:
    """Return the port that Location names, 0 to leave the request's: where it and the target's are well known.

    Without a port the redirect goes to the well-known port of the scheme it asks for, without a scheme to the port of
    the listener. A Host that came to a port of another kind most likely names it, so there the target's is said too.
    """
    target = redirect.port or (WELL_KNOWN_PORTS[redirect.scheme] if redirect.scheme else port)
    scheme = redirect.scheme or ("https" if secure else "http")
    is_implied = target == WELL_KNOWN_PORTS[scheme] and (redirect.hostname or port in WELL_KNOWN_PORTS.values())
    return 0 if is_implied else target


def _path(change: ir.PathChange | None, match: ir.Path) -> dict[str, Any]:
    if change is None:
        return {}
    if change.full or match.kind != "prefix":
        return {"path_redirect": change.value}
    prefix, regex = prefix_change(change, match)
    return {"prefix_rewrite": prefix, "regex_rewrite": regex}
