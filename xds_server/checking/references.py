"""References: which other objects an object of ours names, and in which field."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from translator.api import experimental, gateway, policies, routes, telemetry
from translator.api.gateway import GATEWAY_GROUP
from translator.api.kinds import KINDS, Object
from translator.attach import filters, traffic
from translator.attach.certificates import terminates
from translator.value import Key, Ref, Value
from xds_server.checking.world import World

Named: TypeAlias = (
    gateway.SecretObjectReference
    | gateway.ObjectReference
    | gateway.ParametersReference
    | gateway.LocalParametersReference
    | gateway.ParentGatewayReference
    | routes.BackendObjectReference
)
"""References that name a target by group, kind, namespace and name."""


KINDS_GRANTED = ("Service", "ServiceImport", "XBackend", "Secret", "ConfigMap")
"""Kinds that a ReferenceGrant may open to other namespaces."""


class Reference(Value):
    """A field that names another object, and the part of it that is meant."""

    origin: Ref
    field: str
    target: Ref
    section: str | None = None
    """The listener that a parentRef names."""
    port: int | None = None
    """The port of the Service or Gateway that is named."""

    @property
    def needs_a_grant(self) -> bool:
        """Whether the target's namespace has to permit it; attaching to a parent is the parent's to permit."""
        return self.target.kind in KINDS_GRANTED and self.target.namespace != self.origin.namespace


def ours(ref: Ref, value: Object, world: World) -> bool:
    """Say whether an object is ours to judge: whether it, or one of its parents, may be served by us."""
    match value:
        case gateway.GatewayClass():
            return world.owned.get(ref.key) is not None
        case gateway.Gateway():
            return not world.foreign(ref.key)
        case gateway.ListenerSet() | policies.BackendTLSPolicy() | telemetry.XTelemetryPolicy():
            return all(not world.foreign(it.target.key) for it in references(ref, value) if it.target.kind == "Gateway")
        case experimental.XBackend() | experimental.XBackendTrafficPolicy():
            return True
        case routes.HTTPRoute() | routes.GRPCRoute() | routes.TLSRoute() | routes.TCPRoute() | routes.UDPRoute():
            parents = (it.target for it in _parents(ref, value.spec.parent_refs))
            return any(it.kind == "ListenerSet" or not world.foreign(it.key) for it in parents)
        case _:
            return False


def references(ref: Ref, value: Object) -> Iterator[Reference]:
    """Yield what an object refers to, as far as it is of kinds that we read, in the order of the fields."""
    match value:
        case gateway.GatewayClass():
            parameters = value.spec.parameters_ref
            if parameters is not None and parameters.namespace is not None:
                yield from _named(ref, "spec.parametersRef", parameters)
        case gateway.Gateway():
            target = Ref("GatewayClass", "", value.spec.gateway_class_name)
            yield Reference(ref, "spec.gatewayClassName", target)
            yield from _of_listeners(ref, value.spec.listeners)
            yield from _of_tls(ref, value.spec.tls)
            infrastructure = value.spec.infrastructure
            if infrastructure is not None and infrastructure.parameters_ref is not None:
                yield from _named(ref, "spec.infrastructure.parametersRef", infrastructure.parameters_ref)
        case gateway.ListenerSet():
            parent = value.spec.parent_ref
            yield from _named(ref, "spec.parentRef", parent)
            yield from _of_listeners(ref, value.spec.listeners)
        case experimental.XBackend():
            validation = value.spec.tls.validation
            refs = () if validation is None else validation.ca_certificate_refs
            yield from _each(ref, "spec.tls.validation.caCertificateRefs", refs)
        case experimental.XBackendTrafficPolicy():
            for index, policed in enumerate(value.spec.target_refs):
                if traffic.GROUPS.get(policed.kind) == policed.group:
                    place = Ref(policed.kind, ref.namespace, policed.name)
                    yield Reference(ref, f"spec.targetRefs[{index}]", place)
        case policies.BackendTLSPolicy():
            for index, target_ref in enumerate(value.spec.target_refs):
                target = Ref(target_ref.kind, ref.namespace, target_ref.name)
                if (target_ref.group, target_ref.kind) == ("", "Service"):
                    yield Reference(ref, f"spec.targetRefs[{index}]", target)
            authorities = value.spec.validation.ca_certificate_refs
            yield from _each(ref, "spec.validation.caCertificateRefs", authorities)
        case telemetry.XTelemetryPolicy():
            for index, gateway_ref in enumerate(value.spec.target_refs):
                if (gateway_ref.group, gateway_ref.kind) == (GATEWAY_GROUP, "Gateway"):
                    target = Ref("Gateway", ref.namespace, gateway_ref.name)
                    yield Reference(ref, f"spec.targetRefs[{index}]", target)
            if value.spec.tracing.provider is not None:
                yield from _named(ref, "spec.tracing.provider.backendRef", value.spec.tracing.provider.backend_ref)
        case routes.HTTPRoute():
            yield from _parents(ref, value.spec.parent_refs)
            for index, rule in enumerate(value.spec.rules):
                yield from _of_rule(ref, f"spec.rules[{index}]", rule.filters, rule.backend_refs)
        case routes.GRPCRoute():
            yield from _parents(ref, value.spec.parent_refs)
            for index, grpc in enumerate(value.spec.rules):
                yield from _of_rule(ref, f"spec.rules[{index}]", filters.from_grpc(grpc.filters), grpc.backend_refs)
        case routes.TLSRoute() | routes.TCPRoute() | routes.UDPRoute():
            yield from _parents(ref, value.spec.parent_refs)
            for index, l4 in enumerate(value.spec.rules):
                yield from _each(ref, f"spec.rules[{index}].backendRefs", l4.backend_refs)


def backend_fields(
    field: str, written: tuple[routes.HTTPRouteFilter, ...], backends: Iterable[routes.BackendRef]
) -> Iterator[tuple[str, routes.BackendObjectReference]]:
    """Yield every backend that a rule names, those of filters included, with its field."""
    yield from _of_filters(field, written)
    for index, backend in enumerate(backends):
        place = f"{field}.backendRefs[{index}]"
        yield place, backend
        match backend:
            case routes.HTTPBackendRef():
                yield from _of_filters(place, backend.filters)
            case routes.GRPCBackendRef():
                yield from _of_filters(place, filters.from_grpc(backend.filters))


def _of_rule(
    ref: Ref, field: str, written: tuple[routes.HTTPRouteFilter, ...], backends: Iterable[routes.BackendRef]
) -> Iterator[Reference]:
    for place, backend in backend_fields(field, written, backends):
        yield from _named(ref, place, backend)


def _of_filters(
    field: str, written: tuple[routes.HTTPRouteFilter, ...]
) -> Iterator[tuple[str, routes.BackendObjectReference]]:
    for index, it in enumerate(written):
        if it.type == "RequestMirror" and it.request_mirror is not None:
            yield f"{field}.filters[{index}].requestMirror.backendRef", it.request_mirror.backend_ref
        if it.type == "ExternalAuth" and it.external_auth is not None:
            yield f"{field}.filters[{index}].externalAuth.backendRef", it.external_auth.backend_ref


def _parents(ref: Ref, written: Iterable[routes.ParentReference]) -> Iterator[Reference]:
    for index, parent in enumerate(written):
        if parent.group == GATEWAY_GROUP and parent.kind in ("Gateway", "ListenerSet"):
            target = Ref(parent.kind, parent.namespace or ref.namespace, parent.name)
            yield Reference(ref, f"spec.parentRefs[{index}]", target, parent.section_name, parent.port)


def _of_listeners(ref: Ref, listeners: Iterable[gateway.Listener]) -> Iterator[Reference]:
    for index, listener in enumerate(listeners):
        if listener.tls is not None and terminates(listener):
            place = f"spec.listeners[{index}].tls.certificateRefs"
            yield from _each(ref, place, listener.tls.certificate_refs)
        for nth, it in enumerate(listener.filters.requests if listener.filters is not None else ()):
            if it.external_auth is not None:
                place = f"spec.listeners[{index}].filters.requests[{nth}].externalAuth.backendRef"
                yield from _named(ref, place, it.external_auth.backend_ref)


def _of_tls(ref: Ref, tls: gateway.GatewayTLSConfig | None) -> Iterator[Reference]:
    if tls is not None and tls.backend is not None and tls.backend.client_certificate_ref is not None:
        yield from _named(ref, "spec.tls.backend.clientCertificateRef", tls.backend.client_certificate_ref)
    frontend = None if tls is None else tls.frontend
    if frontend is None:
        return
    ports = ((f"spec.tls.frontend.perPort[{index}].tls", it.tls) for index, it in enumerate(frontend.per_port))
    for field, config in chain((("spec.tls.frontend.default", frontend.default),), ports):
        if config.validation is not None:
            yield from _each(ref, f"{field}.validation.caCertificateRefs", config.validation.ca_certificate_refs)


def _each(ref: Ref, field: str, written: Iterable[Named]) -> Iterator[Reference]:
    for index, it in enumerate(written):
        yield from _named(ref, f"{field}[{index}]", it)


def _named(ref: Ref, field: str, written: Named) -> Iterator[Reference]:
    """Yield the reference if it is to a kind that we read: what is wrong with another kind is for conditions to say."""
    kind = KINDS.get(written.kind)
    if kind is None or kind.group != written.group:
        return
    namespace = None if isinstance(written, gateway.LocalParametersReference) else written.namespace
    place = Key((namespace or ref.namespace) if kind.namespaced else "", written.name)
    port = written.port if isinstance(written, routes.BackendObjectReference) else None
    yield Reference(ref, field, Ref(written.kind, *place), port=port)
