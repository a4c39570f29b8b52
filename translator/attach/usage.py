"""Usage: which Gateways reach which backends, by the routes that are attached to them.

Of Services it is asked for those alone that some policy targets: the others have nobody to be told.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, assert_never

from translator import ir
from translator.api import routes as api
from translator.api.experimental import XBackendTrafficPolicy
from translator.api.gateway import GATEWAY_GROUP
from translator.api.policies import BackendTLSPolicy
from translator.api.telemetry import EXPERIMENTAL_GROUP
from translator.attach import filters
from translator.attach.grants import Grants, admitted
from translator.attach.xbackends import KIND
from translator.value import Key, Lookup, Ref, Value

XBACKEND = (EXPERIMENTAL_GROUP, KIND)


class Using(NamedTuple):
    """A backend and a Gateway that reaches it."""

    backend: Key
    gateway: Key


class Uses(Value):
    """What a route's rules name, and where the route is attached."""

    services: tuple[Key, ...]
    """Those with policies."""
    xbackends: tuple[Key, ...]
    gateways: tuple[Key, ...]


def by_target(
    kind: str, key: Key, policy: BackendTLSPolicy | XBackendTrafficPolicy
) -> Iterable[tuple[Key, tuple[str, Key], bool]]:
    """Put a policy to the others of each Service that it targets."""
    for target in policy.spec.target_refs:
        if (target.group, target.kind) == ("", "Service"):
            yield Key(key.namespace, target.name), (kind, key), True


def of_route(
    ref: Ref,
    bound: ir.Bound,
    routes: Lookup[Ref, api.Route],
    granted: Lookup[str, Grants],
    policed: Lookup[Key, object],
) -> Uses | None:
    """Name the backends that a route refers to, there or not, as far as it may; None where it is attached nowhere."""
    route = routes.get(ref)
    gateways = {it.listener.gateway for bond in bound.bonds if bond.refusal is None for it in bond.attachments}
    if route is None or not gateways:
        return None
    written = list(_backends(route))
    services, xbackends = (_known(ref, written, *kind, granted) for kind in (("", "Service"), XBACKEND))
    services = tuple(it for it in services if policed.get(it) is not None)
    return Uses(services, xbackends, tuple(sorted(gateways))) if services or xbackends else None


def by_service(ref: Ref, uses: Uses) -> Iterable[tuple[Using, Ref, bool]]:
    """Put a route to the others that reach a Service through a Gateway."""
    return ((Using(service, gateway), ref, True) for service in uses.services for gateway in uses.gateways)


def by_xbackend(ref: Ref, uses: Uses) -> Iterable[tuple[Using, Ref, bool]]:
    """Put a route to the others that reach an XBackend through a Gateway."""
    return ((Using(xbackend, gateway), ref, True) for xbackend in uses.xbackends for gateway in uses.gateways)


def by_backend(using: Using, _: object) -> Iterable[tuple[Key, Key, bool]]:
    """Put a Gateway to the others that use a backend, by however many routes."""
    yield using.backend, using.gateway, True


def gateways(_: Key, users: Sequence[tuple[Key, bool]]) -> tuple[Key, ...]:
    """Name the Gateways that use a backend, sorted."""
    return tuple(gateway for gateway, _ in users)


def _known(
    ref: Ref, written: list[api.BackendObjectReference], group: str, kind: str, granted: Lookup[str, Grants]
) -> tuple[Key, ...]:
    keys = {Key(it.namespace or ref.namespace, it.name) for it in written if (it.group, it.kind) == (group, kind)}
    return tuple(sorted(it for it in keys if admitted(granted, GATEWAY_GROUP, ref, group, Ref(kind, *it))))


def _backends(route: api.Route) -> Iterator[api.BackendObjectReference]:
    match route:
        case api.HTTPRoute():
            for http in route.spec.rules:
                yield from _of_filters(http.filters)
                for backend in http.backend_refs:
                    yield backend
                    yield from _of_filters(backend.filters)
        case api.GRPCRoute():
            for grpc in route.spec.rules:
                yield from _of_filters(filters.from_grpc(grpc.filters))
                for grpc_backend in grpc.backend_refs:
                    yield grpc_backend
                    yield from _of_filters(filters.from_grpc(grpc_backend.filters))
        case api.TLSRoute() | api.TCPRoute() | api.UDPRoute():
            for rule in route.spec.rules:
                yield from rule.backend_refs
        case _:
            assert_never(route)


def _of_filters(written: tuple[api.HTTPRouteFilter, ...]) -> Iterator[api.BackendObjectReference]:
    """Yield the backends that filters name: of mirrors, and services that authorize."""
    for it in written:
        if it.request_mirror is not None:
            yield it.request_mirror.backend_ref
        if it.external_auth is not None:
            yield it.external_auth.backend_ref
