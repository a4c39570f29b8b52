"""XTelemetryPolicies: which one holds for a Gateway, what it asks for, and what each is told.

Source: gateway-api v1.7.0, apisx/v1alpha1/xtelemetrypolicy_types.go, GEP-4768. A Gateway has one policy: the oldest,
then the first by `namespace/name`.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import msgspec

from translator import ir
from translator.api.core import Service
from translator.api.gateway import GATEWAY_GROUP, Gateway
from translator.api.routes import Fraction as Share
from translator.api.routes import ParentReference
from translator.api.telemetry import (
    EXPERIMENTAL_GROUP,
    Attribute,
    LocalObjectReference,
    ParentBasedSampling,
    TracingConfig,
    TracingProvider,
    XTelemetryPolicy,
)
from translator.attach import attributes, backends, xbackends
from translator.attach.conditions import Reason, Type, condition, refused
from translator.attach.grants import Grants, admitted
from translator.attach.listeners import GatewayListeners
from translator.attach.policies import Targeting
from translator.attach.usage import Using
from translator.attach.xbackends import Backing
from translator.ir import Refusal
from translator.status import Condition, ParentStatus, PolicyStatus
from translator.value import Key, Lookup, Ref, Value
from translator.xds.names import cluster_name

KIND = "XTelemetryPolicy"
COLLECTORS = (("", "Service"), (EXPERIMENTAL_GROUP, xbackends.KIND))
"""Groups and kinds of backends that may receive spans."""
OTLP_HTTP_PORT = 4318
"""Where collectors speak OTLP over HTTP; where nothing else is said, all other ports speak it over gRPC."""
OVER_HTTP = {"http2": "http1", "https2": "https1"}

Claims: TypeAlias = Sequence[tuple[tuple[str, str], Key]]
"""The policies that target a Gateway, the one that holds first."""


class Tracing(Value):
    """What a policy asks for, by itself."""

    tracer: ir.Tracer | None = None
    """None where it asks for no spans, or nobody may receive them; a service without a name is named by its Gateway."""
    spans: ir.Spans = ir.Spans()
    unresolved: Refusal | None = None
    left_out: tuple[Refusal, ...] = ()
    """What Envoy cannot do."""


def by_gateway(key: Key, policy: XTelemetryPolicy) -> Iterator[tuple[Key, tuple[str, str], Key]]:
    """Put a policy to the others that target a Gateway."""
    for target in dict.fromkeys(policy.spec.target_refs):
        if _is_gateway(target):
            age = (policy.metadata.creation_timestamp, f"{key.namespace}/{key.name}")
            yield Key(key.namespace, target.name), age, key


def resolve(
    key: Key,
    policy: XTelemetryPolicy,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, Targeting],
    backings: Lookup[Key, Backing],
) -> Tracing:
    """Resolve what a policy asks for; disabled, or left to us, there are no spans."""
    asked = policy.spec.tracing
    if asked.mode != "Enabled" or asked.provider is None:
        return Tracing()
    cluster = _collector(key, asked.provider, services, granted, targeted, backings)
    left_out = tuple(_left_out(asked, cluster))
    if isinstance(cluster, Refusal):
        return Tracing(unresolved=cluster, left_out=left_out)
    kind, spans = _sampled(asked)
    headers = tuple((it.name, it.value) for it in asked.provider.headers if not _is_unspeakable(it.value, cluster))
    authority = _authority(cluster, services, backings)
    return Tracing(ir.Tracer(cluster, authority, asked.service_name, headers, kind), spans, left_out=left_out)


def tracer(
    gateway: Key, claims: Claims, ours: Lookup[Key, GatewayListeners], tracings: Lookup[Key, Tracing]
) -> ir.Tracer | None:
    """Return who receives a Gateway's spans, where somebody does and the Gateway is ours."""
    tracing = tracings.get(claims[0][1])
    if tracing is None or tracing.tracer is None or ours.get(gateway) is None:
        return None
    asked = tracing.tracer
    service = asked.service_name or f"{gateway.name}.{gateway.namespace}"
    return msgspec.structs.replace(asked, service_name=service)


def spans(gateway: Key, claims: Claims, tracings: Lookup[Key, Tracing]) -> ir.Spans | None:
    """Return which of a Gateway's requests have spans, and what these hold."""
    tracing = tracings.get(claims[0][1])
    return None if tracing is None or tracing.tracer is None else tracing.spans


def named(gateway: Key, tracer: ir.Tracer) -> Iterator[tuple[str, Ref, ir.ClusterKey]]:
    """Put a Gateway to the others that name the cluster which receives its spans."""
    yield cluster_name(tracer.cluster), Ref("Gateway", *gateway), tracer.cluster


def collector(
    gateway: Key,
    claims: Claims,
    ours: Lookup[Key, GatewayListeners],
    policies: Lookup[Key, XTelemetryPolicy],
    granted: Lookup[str, Grants],
) -> Ref | None:
    """Name the Service or XBackend that is to receive a Gateway's spans, there or not, as far as it may."""
    key = claims[0][1]
    policy = policies.get(key)
    if policy is None or policy.spec.tracing.provider is None or ours.get(gateway) is None:
        return None
    ref = policy.spec.tracing.provider.backend_ref
    found = Ref(ref.kind, ref.namespace or key.namespace, ref.name)
    known = (ref.group, ref.kind) in COLLECTORS
    return found if known and admitted(granted, EXPERIMENTAL_GROUP, Ref(KIND, *key), ref.group, found) else None


def by_backend(kind: str, gateway: Key, collector: Ref) -> Iterator[tuple[Using, Ref, bool]]:
    """Put a Gateway to those that reach a backend of some kind through it: it does so itself."""
    if collector.kind == kind:
        yield Using(collector.key, gateway), Ref("Gateway", *gateway), True


# ---- what is asked for ----------------------------------------------------------------------------------------------


def _collector(
    key: Key,
    provider: TracingProvider,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, Targeting],
    backings: Lookup[Key, Backing],
) -> ir.ClusterKey | Refusal:
    """Find where spans go, and whether OTLP is spoken over gRPC there (HTTP/2) or over HTTP (HTTP/1.1)."""
    home = Ref(KIND, *key)
    found = backends.resolve(
        provider.backend_ref, home, services, granted, targeted, group=EXPERIMENTAL_GROUP, backings=backings
    )
    if isinstance(found, Refusal) or found.port != OTLP_HTTP_PORT or _says_how(found, services, backings):
        return found
    return found._replace(protocol=OVER_HTTP.get(found.protocol, found.protocol))


def _says_how(cluster: ir.ClusterKey, services: Lookup[Key, Service], backings: Lookup[Key, Backing]) -> bool:
    """Whether a backend tells how it is spoken to."""
    place = Key(cluster.namespace, cluster.name)
    if cluster.kind == xbackends.KIND:
        backing = backings.get(place)
        return backing is not None and bool(backing.protocol)
    service = services.get(backends.place_of(cluster))
    port = None if service is None else backends.port_of(service, cluster.port)
    return port is not None and bool(port.app_protocol)


def _authority(cluster: ir.ClusterKey, services: Lookup[Key, Service], backings: Lookup[Key, Backing]) -> str:
    """A collector outside of the cluster is asked for by its own name."""
    place = Key(cluster.namespace, cluster.name)
    service, backing = services.get(backends.place_of(cluster)), backings.get(place)
    if cluster.kind == xbackends.KIND:
        host = "" if backing is None else backing.host
    else:
        host = "" if service is None else service.spec.external_name.rstrip(".")
    return host or f"{cluster.name}.{cluster.namespace}"


def _sampled(asked: TracingConfig) -> tuple[str, ir.Spans]:
    """Say whose word counts, and which share of requests has spans with and without it."""
    rate = _rate(asked.sampling_rate)
    kind, parents = _parents(asked.parent_based_sampling, rate)
    low, high = sorted((_random(rate), _random(parents)))
    forced = Fraction(0) if low == high else (high - low) / (1 - low)
    tags = tuple(_tag(it) for it in asked.attributes if not _unknown(it))
    return kind, ir.Spans(int(low * ir.RANDOM_PARTS), round(forced * ir.FORCED_PARTS), asked.span_name, tags)


def _parents(asked: ParentBasedSampling, rate: Fraction) -> tuple[str, Fraction]:
    if asked.mode == "Disabled":
        return "alone", rate
    parents = _rate(asked.sampling_rate)
    return ("roots" if parents < rate else "parents"), parents


def _rate(share: Share | None) -> Fraction:
    return Fraction(1) if share is None else Fraction(share.numerator, share.denominator)


def _random(rate: Fraction) -> Fraction:
    """Round to what Envoy can tell apart; little is not nothing."""
    return Fraction(max(round(rate * ir.RANDOM_PARTS), 1 if rate else 0), ir.RANDOM_PARTS)


def _tag(attribute: Attribute) -> ir.Tag:
    match attribute.source_type:
        case "Header":
            return ir.Tag(attribute.name, "header", attribute.header_name)
        case "Literal":
            return ir.Tag(attribute.name, "literal", attribute.literal_value)
        case _:
            return ir.Tag(attribute.name, "attribute", attribute.attribute_key)


def _unknown(attribute: Attribute) -> bool:
    return attribute.source_type == "Attribute" and not attributes.is_known(attribute.attribute_key)


def _is_unspeakable(value: str, cluster: ir.ClusterKey | Refusal) -> bool:
    """Envoy takes `%` for a command in headers of gRPC, and has no way to escape it there."""
    return "%" in value and isinstance(cluster, ir.ClusterKey) and cluster.protocol in OVER_HTTP


def _left_out(asked: TracingConfig, cluster: ir.ClusterKey | Refusal) -> Iterator[Refusal]:
    if unknown := [f"{it.name} ({it.attribute_key})" for it in asked.attributes if _unknown(it)]:
        message = f"attributes {', '.join(unknown)} are left out: their attributeKey is none that can be answered"
        yield Refusal(Reason.UNSUPPORTED_VALUE, message)
    headers = () if asked.provider is None else asked.provider.headers
    if unspeakable := [it.name for it in headers if _is_unspeakable(it.value, cluster)]:
        message = (
            f"headers {', '.join(unspeakable)} are left out: a value with % cannot be sent over gRPC; "
            "use a port that speaks OTLP over HTTP"
        )
        yield Refusal(Reason.UNSUPPORTED_VALUE, message)


# ---- what is told ---------------------------------------------------------------------------------------------------


def of_policy(
    key: Key,
    policy: XTelemetryPolicy,
    tracings: Lookup[Key, Tracing],
    claimed: Lookup[Key, Claims],
    gateways: Lookup[Key, Gateway],
    ours: Lookup[Key, GatewayListeners],
) -> PolicyStatus | None:
    """Report to a policy on each of its targets that is ours, or is not there."""
    told = []
    for target in dict.fromkeys(policy.spec.target_refs):
        accepted = _accepted(key, policy, target, tracings, claimed, gateways, ours)
        if accepted is not None:
            ancestor = ParentReference(name=target.name, group=target.group, kind=target.kind, namespace=key.namespace)
            told.append(ParentStatus(ancestor, (accepted, *_also(accepted, tracings.get(key)))))
    return PolicyStatus(tuple(told)) if told else None


def _accepted(
    key: Key,
    policy: XTelemetryPolicy,
    target: LocalObjectReference,
    tracings: Lookup[Key, Tracing],
    claimed: Lookup[Key, Claims],
    gateways: Lookup[Key, Gateway],
    ours: Lookup[Key, GatewayListeners],
) -> Condition | None:
    generation = policy.metadata.generation
    place = Key(key.namespace, target.name)
    if not _is_gateway(target):
        message = f"{target.kind} {place} cannot be a target; name a Gateway"
        return condition(Type.ACCEPTED, False, Reason.TARGET_NOT_FOUND, message, generation)
    if gateways.get(place) is None:
        message = f"Gateway {place} does not exist"
        return condition(Type.ACCEPTED, False, Reason.TARGET_NOT_FOUND, message, generation)
    if ours.get(place) is None:
        return None
    claims = claimed.get(place)
    if claims and claims[0][1] != key:
        message = f"{KIND} {claims[0][1]} is older and holds for Gateway {place}; a Gateway has one"
        return condition(Type.ACCEPTED, False, Reason.CONFLICTED, message, generation)
    return condition(Type.ACCEPTED, True, Reason.ACCEPTED, _outcome(policy, tracings.get(key)), generation)


def _outcome(policy: XTelemetryPolicy, tracing: Tracing | None) -> str:
    if policy.spec.tracing.mode != "Enabled":
        return "the policy is accepted: the Gateway's requests have no spans"
    if tracing is None or tracing.tracer is None:
        return "the policy is accepted, but nobody can receive spans; see ResolvedRefs"
    cluster = tracing.tracer.cluster
    protocol = "gRPC" if cluster.protocol in OVER_HTTP else "HTTP"
    return (
        f"the policy is accepted: spans go to {cluster.kind} {cluster.namespace}/{cluster.name}, OTLP over {protocol}"
    )


def _also(accepted: Condition, tracing: Tracing | None) -> Iterable[Condition]:
    generation = accepted.observed_generation
    if tracing is not None and tracing.unresolved is not None:
        yield refused(Type.RESOLVED_REFS, (tracing.unresolved,), generation)
    else:
        yield condition(Type.RESOLVED_REFS, True, Reason.RESOLVED_REFS, "all references resolve", generation)
    if tracing is not None and tracing.left_out and accepted.status:
        yield refused(Type.PARTIALLY_INVALID, tracing.left_out, generation, status=True)


def _is_gateway(target: LocalObjectReference) -> bool:
    return (target.group, target.kind) == (GATEWAY_GROUP, "Gateway")
