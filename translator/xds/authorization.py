"""External authorization in Envoy's words: the ext_authz filter, made for the route that asks for it.

The filter's own settings for a route leave out which headers are sent, so a whole filter is made for each route, by the
composite filter. That one asks the route when the request comes to it, after whatever may have changed the route.
"""

from datetime import timedelta
from typing import Any

from envoy_data_plane.envoy.config.common.mutation_rules import v3 as mutation_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.filters.http.composite import v3 as composite_v3
from envoy_data_plane.envoy.extensions.filters.http.ext_authz import v3 as ext_authz_v3
from envoy_data_plane.envoy.extensions.filters.http.filter_chain import v3 as filter_chain_v3
from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3
from envoy_data_plane.google import protobuf
from envoy_data_plane.xds.core import v3 as xds_core_v3
from envoy_data_plane.xds.type.matcher import v3 as xds_matcher_v3

from translator import ir
from translator.xds import scopes, wire

TIMEOUT = timedelta(seconds=5)
"""How long the service may take to answer before the request is refused."""

OF_THE_ANSWER = "content-.*|transfer-.*|connection|keep-alive|te|trailer|upgrade|proxy-.*|date|server|vary"
"""Headers that speak of the service's answer itself: they would be lies about the client's request."""
OURS = "x-gatehouse-.*"
"""By one of them the table is found in which a route is looked for, anew after the service has answered."""
NOT_TAKEN = f"{OF_THE_ANSWER}|{OURS}"
"""Headers that a request does not get from the service; Envoy takes expressions of 100 instructions and no longer."""


def per_route(authorization: ir.Authorization, cluster: str) -> protobuf.Any:
    """Return what a route says to the composite filter: make this filter, whatever the request."""
    action = wire.new(composite_v3.ExecuteFilterAction, typed_config=ext_authz("authorization", authorization, cluster))
    always = wire.new(
        xds_matcher_v3.MatcherOnMatch,
        action=wire.new(xds_core_v3.TypedExtensionConfig, name="authorization", typed_config=wire.any_of(action)),
    )
    matcher = wire.new(xds_matcher_v3.Matcher, on_no_match=always)
    return wire.any_of(wire.new(composite_v3.CompositePerRoute, matcher=matcher))


def chain(filters: list[core_v3.TypedExtensionConfig]) -> protobuf.Any:
    """Return what a virtual host says to the filter chain filter: make these filters, in their order."""
    made = wire.new(filter_chain_v3.FilterChain, filters=filters)
    return wire.any_of(wire.new(filter_chain_v3.FilterChainConfigPerRoute, filter_chain=made))


def none() -> protobuf.Any:
    """Return what a virtual host says to the composite filter: be there for routes that are yet to be chosen."""
    return wire.any_of(wire.new(composite_v3.CompositePerRoute, matcher=wire.new(xds_matcher_v3.Matcher)))


def ext_authz(
    name: str, authorization: ir.Authorization, cluster: str, before_routes: bool = False
) -> core_v3.TypedExtensionConfig:
    """Return a filter that asks the service; before routes are chosen what it adds has a part in the choice."""
    service = _grpc(authorization, cluster) if authorization.grpc else _http(authorization, cluster)
    message = wire.new(
        ext_authz_v3.ExtAuthz,
        transport_api_version=core_v3.ApiVersion.V3,
        allowed_headers=_names(authorization.headers) if authorization.headers else None,
        disallowed_headers=_scope(),
        with_request_body=_body(authorization) if authorization.body else None,
        clear_route_cache=before_routes,
        decoder_header_mutation_rules=wire.new(
            mutation_v3.HeaderMutationRules,
            disallow_expression=wire.new(matcher_v3.RegexMatcher, regex=NOT_TAKEN),
        ),
        **service,
    )
    return wire.new(core_v3.TypedExtensionConfig, name=name, typed_config=wire.any_of(message))


def _grpc(authorization: ir.Authorization, cluster: str) -> dict[str, Any]:
    target = wire.new(core_v3.GrpcServiceEnvoyGrpc, cluster_name=cluster, authority=_host(authorization))
    return {"grpc_service": wire.new(core_v3.GrpcService, envoy_grpc=target, timeout=TIMEOUT)}


def _http(authorization: ir.Authorization, cluster: str) -> dict[str, Any]:
    copied = _names(authorization.copied) if authorization.copied else _every_name()
    service = wire.new(
        ext_authz_v3.HttpService,
        server_uri=wire.new(core_v3.HttpUri, uri=f"http://{_host(authorization)}", cluster=cluster, timeout=TIMEOUT),
        path_prefix=authorization.path,
        authorization_response=wire.new(ext_authz_v3.AuthorizationResponse, allowed_upstream_headers=copied),
    )
    return {"http_service": service}


def _host(authorization: ir.Authorization) -> str:
    """Name the service; over HTTP it nonetheless gets the Host that the client asked for."""
    assert authorization.cluster is not None
    return f"{authorization.cluster.name}.{authorization.cluster.namespace}"


def _body(authorization: ir.Authorization) -> ext_authz_v3.BufferSettings:
    """A longer body is refused with 413: a service that judges a part of it could be told anything in the rest."""
    return wire.new(ext_authz_v3.BufferSettings, max_request_bytes=authorization.body, pack_as_bytes=authorization.grpc)


def _names(names: tuple[str, ...]) -> matcher_v3.ListStringMatcher:
    patterns = [wire.new(matcher_v3.StringMatcher, exact=name, ignore_case=True) for name in names]
    return wire.new(matcher_v3.ListStringMatcher, patterns=patterns)


def _scope() -> matcher_v3.ListStringMatcher:
    """Keep from the service what only Envoy has use for, whatever it is to be sent."""
    return wire.new(matcher_v3.ListStringMatcher, patterns=[wire.new(matcher_v3.StringMatcher, exact=scopes.HEADER)])


def _every_name() -> matcher_v3.ListStringMatcher:
    regex = wire.new(matcher_v3.RegexMatcher, regex="[^:].*")
    return wire.new(matcher_v3.ListStringMatcher, patterns=[wire.new(matcher_v3.StringMatcher, safe_regex=regex)])
