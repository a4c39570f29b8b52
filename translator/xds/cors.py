"""Cross-origin resource sharing in Envoy's words (HTTPCORSFilter, gateway-api apis/v1/httproute_types.go)."""

import re

from envoy_data_plane.envoy.extensions.filters.http.cors import v3 as cors_v3
from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3

from translator import ir
from translator.xds import wire

FILTER = "envoy.filters.http.cors"


def cors_policy(cors: ir.Cors) -> cors_v3.CorsPolicy:
    """Return a route's CorsPolicy; the preflight of an origin that is not allowed never reaches a backend."""
    return wire.new(
        cors_v3.CorsPolicy,
        allow_origin_string_match=[_origin(origin) for origin in cors.allow_origins],
        allow_methods=", ".join(cors.allow_methods),
        allow_headers=", ".join(cors.allow_headers),
        expose_headers=", ".join(_exposed(cors)),
        max_age=str(cors.max_age),
        allow_credentials=True if cors.allow_credentials else None,
        forward_not_matching_preflights=False,
    )


def _origin(origin: str) -> matcher_v3.StringMatcher:
    """Match an origin; `*` stands for any number of characters and labels, alone for every origin."""
    if "*" not in origin:
        return wire.new(matcher_v3.StringMatcher, exact=origin)
    pattern = ".*".join(re.escape(part) for part in origin.split("*"))
    return wire.new(matcher_v3.StringMatcher, safe_regex=wire.new(matcher_v3.RegexMatcher, regex=pattern))


def _exposed(cors: ir.Cors) -> tuple[str, ...]:
    """A wildcard cannot be said beside credentials."""
    return () if cors.allow_credentials and "*" in cors.expose_headers else cors.expose_headers
