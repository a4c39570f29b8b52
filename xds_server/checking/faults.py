"""Faults: which field of an object the translator refuses, asked of the functions that the conditions come from."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from translator.api import experimental, gateway, routes, telemetry
from translator.api.kinds import Object
from translator.api.meta import Meta
from translator.attach import backends, certificates, filters, listener_status, matches
from translator.attach import routes as attached
from translator.attach import telemetry as attached_telemetry
from translator.attach.conditions import Reason
from translator.attach.listeners import ListenerReport, Listeners
from translator.ir import Refusal
from translator.value import Ref
from xds_server.checking.references import backend_fields
from xds_server.checking.world import World


class Fault(NamedTuple):
    """A field of an object, and why it is refused."""

    field: str
    refusal: Refusal


HttpRule: TypeAlias = routes.HTTPRouteRule | routes.GRPCRouteRule
Backend: TypeAlias = routes.HTTPBackendRef | routes.GRPCBackendRef

FIELDS: Mapping[str, str] = {
    Reason.HOSTNAME_CONFLICT: "hostname",
    Reason.INVALID_LISTENER_FILTER: "filters",
    Reason.INVALID_LISTENER_FILTER_REF: "filters",
    Reason.INVALID_ROUTE_KINDS: "allowedRoutes.kinds",
    Reason.PORT_UNAVAILABLE: "port",
    Reason.PROTOCOL_CONFLICT: "port",
    Reason.UNSUPPORTED_PROTOCOL: "protocol",
}
"""The field of a listener that a refusal for this Reason is about."""
RULE = re.compile(r"rules\[(\d+)\]")


def faults(ref: Ref, value: Object, world: World) -> Iterator[Fault]:
    """Yield what is refused of an object and can be told to the field; conditions may know of more."""
    match value:
        case gateway.GatewayClass():
            ours = world.owned.get(ref.key)
            if ours is not None and ours.refusal is not None:
                yield Fault("spec.parametersRef", ours.refusal)
        case gateway.Gateway():
            yield from _of_gateway(ref, value, world)
        case gateway.ListenerSet():
            yield from _of_listener_set(ref, value, world)
        case experimental.XBackend():
            backing = world.backings.get(ref.key)
            if backing is not None and backing.refusal is not None:
                yield Fault("spec", backing.refusal)
        case experimental.XBackendTrafficPolicy():
            handling = world.handled.get(ref.key)
            if handling is not None and handling.refusal is not None:
                yield Fault("spec", handling.refusal)
        case telemetry.XTelemetryPolicy():
            asked = attached_telemetry.resolve(ref.key, value, world.services, world.granted, world.targeted, {})
            provider = value.spec.tracing.provider
            if provider is not None and provider.backend_ref.kind == "Service" and asked.unresolved is not None:
                yield Fault("spec.tracing.provider.backendRef", asked.unresolved)
            yield from (Fault("spec.tracing", it) for it in asked.left_out)
        case routes.HTTPRoute() | routes.GRPCRoute():
            rules: tuple[HttpRule, ...] = value.spec.rules
            for index, rule in enumerate(rules):
                yield from _of_backends(ref, f"spec.rules[{index}]", _filters(rule), rule.backend_refs, world)
                yield from _of_extensions(ref, f"spec.rules[{index}]", rule, world)
            yield from _of_rules(ref, value, world)
        case routes.TLSRoute() | routes.TCPRoute() | routes.UDPRoute():
            for index, l4 in enumerate(value.spec.rules):
                yield from _of_backends(ref, f"spec.rules[{index}]", (), l4.backend_refs, world)


# ---- Gateways -------------------------------------------------------------------------------------------------------


def _of_gateway(ref: Ref, value: gateway.Gateway, world: World) -> Iterator[Fault]:
    """What is wrong with a Gateway's class is said of the class."""
    found = world.reported.get(ref.key)
    if found is None:
        return
    if found.refusal is not None and found.refusal.reason != Reason.PENDING:
        addresses = found.refusal.reason == Reason.UNSUPPORTED_ADDRESS
        yield Fault("spec.addresses" if addresses else "spec.infrastructure.parametersRef", found.refusal)
    for refusal in found.unresolved:
        yield Fault("spec.tls.backend.clientCertificateRef", refusal)
    yield from _of_listeners(ref, value.spec.listeners, found, world)


def _of_listener_set(ref: Ref, value: gateway.ListenerSet, world: World) -> Iterator[Fault]:
    """What is wrong with the Gateway is said of the Gateway."""
    found = world.sets.get(ref.key)
    if found is None:
        return
    if found.refusal is not None and found.refusal.reason == Reason.NOT_ALLOWED:
        yield Fault("spec.parentRef", found.refusal)
    yield from _of_listeners(ref, value.spec.listeners, found, world)


def _of_listeners(ref: Ref, written: tuple[gateway.Listener, ...], found: Listeners, world: World) -> Iterator[Fault]:
    told = listener_status.with_filters(ref.kind, ref.key, found, world.filtered)
    for index, report in enumerate(told.reports):
        field = f"spec.listeners[{index}]"
        unusable = list(_of_certificates(ref, field, written[index], world))
        yield from unusable
        for refusal in _refusals(report, [it.refusal for it in unusable]):
            yield Fault(f"{field}.{FIELDS[refusal.reason]}" if refusal.reason in FIELDS else field, refusal)


def _refusals(report: ListenerReport, told: Collection[Refusal]) -> Iterator[Refusal]:
    if report.conflict is not None:
        yield report.conflict
    yield from report.refusals
    yield from (it for it in report.unresolved if it not in told)
    if report.overlap is not None:
        yield report.overlap


def _of_certificates(ref: Ref, field: str, listener: gateway.Listener, world: World) -> Iterator[Fault]:
    """Ask for each certificateRef as if it were the only one."""
    if listener.tls is None:
        return
    for index, it in enumerate(listener.tls.certificate_refs):
        tls = msgspec.structs.replace(listener.tls, certificate_refs=(it,))
        alone = msgspec.structs.replace(listener, tls=tls)
        for refusal in certificates.served_by(ref, alone, world.checked, world.granted)[1]:
            yield Fault(f"{field}.tls.certificateRefs[{index}]", refusal)


# ---- routes ---------------------------------------------------------------------------------------------------------


def _of_backends(
    ref: Ref,
    field: str,
    written: tuple[routes.HTTPRouteFilter, ...],
    backend_refs: tuple[routes.BackendRef, ...],
    world: World,
) -> Iterator[Fault]:
    for place, backend in backend_fields(field, written, backend_refs):
        found = backends.resolve(backend, ref, world.services, world.granted, world.targeted, backings=world.backings)
        if isinstance(found, Refusal):
            yield Fault(place, found)


def _of_extensions(ref: Ref, field: str, rule: HttpRule, world: World) -> Iterator[Fault]:
    """Ask for each filter of another kind as if a route had nothing else."""
    for place, it in _placed_filters(field, rule):
        if it.extension_ref is not None:
            spec = routes.HTTPRouteSpec(rules=(routes.HTTPRouteRule(filters=(it,)),))
            alone = routes.HTTPRoute(Meta(ref.name, ref.namespace), spec)
            resolved = attached.resolve(ref, alone, world.services, world.granted, world.targeted, world.backings)
            yield from (Fault(place, refusal) for refusal in (() if resolved is None else resolved.refusals))


def _of_rules(ref: Ref, route: routes.HTTPRoute | routes.GRPCRoute, world: World) -> Iterator[Fault]:
    """Point at the part of a rule that is refused by itself, or else at the rule that the message begins with."""
    resolved = attached.resolve(ref, route, world.services, world.granted, world.targeted, world.backings)
    for refusal in () if resolved is None else resolved.invalid:
        index = RULE.match(refusal.message)
        rules: tuple[HttpRule, ...] = route.spec.rules
        rule = rules[int(index[1])] if index is not None else None
        at = (
            "" if rule is None else next((it.field for it in _parts(rule) if it.refusal.message in refusal.message), "")
        )
        yield Fault("spec.rules" if index is None else f"spec.{index[0]}{at}", refusal)


def _parts(rule: HttpRule) -> Iterator[Fault]:
    """Yield the matches, filters and backends of a rule that are refused by themselves."""
    written: tuple[routes.HTTPRouteMatch | routes.GRPCRouteMatch, ...] = rule.matches
    for index, match in enumerate(written):
        read = matches.of_http(match) if isinstance(match, routes.HTTPRouteMatch) else matches.of_grpc(match)
        if isinstance(read, Refusal):
            yield Fault(f".matches[{index}]", read)
    for place, it in _placed_filters("", rule):
        asked = filters.read((it,))
        if isinstance(asked, Refusal):
            yield Fault(place, asked)
    of: tuple[tuple[str, HttpRule | Backend], ...] = (("", rule), *_placed_backends("", rule))
    for place, owner in of:
        together = filters.read(_filters(owner))
        if isinstance(together, Refusal):
            yield Fault(f"{place}.filters", together)


def _placed_filters(field: str, rule: HttpRule) -> Iterator[tuple[str, routes.HTTPRouteFilter]]:
    of: tuple[tuple[str, HttpRule | Backend], ...] = ((field, rule), *_placed_backends(field, rule))
    for place, owner in of:
        yield from ((f"{place}.filters[{index}]", it) for index, it in enumerate(_filters(owner)))


def _placed_backends(field: str, rule: HttpRule) -> Iterator[tuple[str, Backend]]:
    written: tuple[Backend, ...] = rule.backend_refs
    yield from ((f"{field}.backendRefs[{index}]", it) for index, it in enumerate(written))


def _filters(of: HttpRule | Backend) -> tuple[routes.HTTPRouteFilter, ...]:
    match of:
        case routes.HTTPRouteRule() | routes.HTTPBackendRef():
            return of.filters
        case routes.GRPCRouteRule() | routes.GRPCBackendRef():
            return filters.from_grpc(of.filters)
