"""Tracing in Envoy's words. Who receives spans is part of the connection manager, and connections drain when that
changes; which requests have spans, and what these hold, is part of each route, which changes without.

Envoy's tracer gives a request a span if Envoy decides so and, where the request has a `traceparent`, its flag agrees.
Envoy decides at random (`random_sampling`), or in the first place for a share (`client_sampling`) of the requests that
have `x-client-trace-id`. So that header is set, before a route is looked for, on the requests that may be forced, and
removed from them by their route; where parents do not count, their flag is set.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from envoy_data_plane.envoy.config.common.mutation_rules import v3 as mutation_rules_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.envoy.config.trace import v3 as trace_v3
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm_v3
from envoy_data_plane.envoy.extensions.http.early_header_mutation.header_mutation import v3 as early_v3
from envoy_data_plane.envoy.type import v3 as type_v3
from envoy_data_plane.envoy.type.tracing import v3 as tag_v3

from translator import ir
from translator.xds import wire
from translator.xds.headers import APPEND, REPLACE, literal
from translator.xds.names import cluster_name

REQUEST_HEADERS_TO_REMOVE_FIELD, TRACING_FIELD = 12, 15
"""Route.request_headers_to_remove and Route.tracing."""
CUSTOM_TAGS_FIELD = 4
"""Tracing.custom_tags."""
FORCES = "x-client-trace-id"
PARENT = "traceparent"
FLAGS_AT = 53
"""How many characters of a traceparent come before its flags."""
EXPORT_TIMEOUT = timedelta(seconds=5)
SPAN_NAME = "%REQ(:METHOD)% %ROUTE_NAME%"

OVER_HTTP = ("http1", "https1")
"""How a collector is spoken to that takes OTLP over HTTP; others take it over gRPC."""


def common_fields(spans: ir.Spans, tags: list[tuple[ir.Tag, str]]) -> bytes:
    """Encode the fields of Route that all routes of a Gateway have in common; tags come with their formats."""
    denominators = type_v3.FractionalPercentDenominatorType
    message = wire.new(
        route_v3.Tracing,
        client_sampling=_share(spans.forced, denominators.MILLION),
        random_sampling=_share(spans.random, denominators.TEN_THOUSAND),
        custom_tags=[_tag(tag, words) for tag, words in tags],
        operation=spans.name or SPAN_NAME,
    )
    tracing = wire.frame(TRACING_FIELD, wire.encode(message))
    return wire.frame(REQUEST_HEADERS_TO_REMOVE_FIELD, FORCES.encode()) + tracing


def tag_fields(tags: list[tuple[str, str]]) -> bytes:
    """Encode tags of one route alone; Envoy adds them to those of `common_fields`."""
    frames = [wire.frame(CUSTOM_TAGS_FIELD, wire.encode(_literal(name, value))) for name, value in tags]
    return wire.frame(TRACING_FIELD, b"".join(frames)) if frames else b""


def manager_fields(tracer: ir.Tracer) -> dict[str, Any]:
    """Return the fields of a connection manager; a request that no route matches has no span."""
    none = wire.new(type_v3.Percent, value=0.0)
    early = wire.new(early_v3.HeaderMutation, mutations=list(_mutations(tracer.sampling)))
    return {
        "tracing": wire.new(
            hcm_v3.HttpConnectionManagerTracing,
            client_sampling=none,
            random_sampling=none,
            provider=wire.new(
                trace_v3.TracingHttp, name="envoy.tracers.opentelemetry", typed_config=wire.any_of(_provider(tracer))
            ),
            spawn_upstream_span=True,
        ),
        "early_header_mutation_extensions": [
            wire.new(
                core_v3.TypedExtensionConfig,
                name="envoy.http.early_header_mutation.header_mutation",
                typed_config=wire.any_of(early),
            )
        ],
    }


def _provider(tracer: ir.Tracer) -> trace_v3.OpenTelemetryConfig:
    key = tracer.cluster
    if key.protocol not in OVER_HTTP:
        grpc = wire.new(
            core_v3.GrpcService,
            envoy_grpc=wire.new(
                core_v3.GrpcServiceEnvoyGrpc, cluster_name=cluster_name(key), authority=tracer.authority
            ),
            timeout=EXPORT_TIMEOUT,
            initial_metadata=[wire.new(core_v3.HeaderValue, key=name, value=value) for name, value in tracer.headers],
        )
        return wire.new(trace_v3.OpenTelemetryConfig, grpc_service=grpc, service_name=tracer.service_name)
    http = wire.new(
        core_v3.HttpService,
        http_uri=wire.new(
            core_v3.HttpUri,
            uri=f"{key.protocol.rstrip('1')}://{tracer.authority}:{key.port}/v1/traces",
            cluster=cluster_name(key),
            timeout=EXPORT_TIMEOUT,
        ),
        request_headers_to_add=[_header(name, value) for name, value in tracer.headers],
    )
    return wire.new(trace_v3.OpenTelemetryConfig, http_service=http, service_name=tracer.service_name)


def _header(name: str, value: str) -> core_v3.HeaderValueOption:
    return wire.new(
        core_v3.HeaderValueOption,
        header=wire.new(core_v3.HeaderValue, key=name, value=literal(value)),
        append_action=REPLACE,
    )


def _mutations(sampling: str) -> Iterator[mutation_rules_v3.HeaderMutation]:
    """Clients have no say in what is forced."""
    yield wire.new(mutation_rules_v3.HeaderMutation, remove=FORCES)
    if sampling == "alone":
        actions = core_v3.HeaderValueOptionHeaderAppendAction
        yield _set(PARENT, f"%REQ({PARENT}):{FLAGS_AT}%01", actions.OVERWRITE_IF_EXISTS)
    elif sampling == "roots":
        yield _set(FORCES, f"%CEL('{PARENT}' in request.headers ? '' : 'root')%", APPEND)
    else:
        yield _set(FORCES, f"%REQ({PARENT})%", APPEND)


def _set(
    name: str, value: str, action: core_v3.HeaderValueOptionHeaderAppendAction
) -> mutation_rules_v3.HeaderMutation:
    header = wire.new(core_v3.HeaderValue, key=name, value=value)
    option = wire.new(core_v3.HeaderValueOption, header=header, append_action=action)
    return wire.new(mutation_rules_v3.HeaderMutation, append=option)


def _share(numerator: int, denominator: type_v3.FractionalPercentDenominatorType) -> type_v3.FractionalPercent:
    return wire.new(type_v3.FractionalPercent, numerator=numerator, denominator=denominator)


def _tag(tag: ir.Tag, words: str) -> tag_v3.CustomTag:
    if tag.source == "literal":
        return _literal(tag.name, words)
    if tag.source == "header" and "%" in tag.value:  # no command can hold such a name
        header = wire.new(tag_v3.CustomTagHeader, name=tag.value)
        return wire.new(tag_v3.CustomTag, tag=tag.name, request_header=header)
    return wire.new(tag_v3.CustomTag, tag=tag.name, value=words)


def _literal(name: str, value: str) -> tag_v3.CustomTag:
    return wire.new(tag_v3.CustomTag, tag=name, literal=wire.new(tag_v3.CustomTagLiteral, value=value))
