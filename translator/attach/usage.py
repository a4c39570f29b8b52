"""Usage: which Gateways reach which backends, by the routes that are attached to them."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from translator import ir
from translator.api import routes as api
from translator.api.gateway import GATEWAY_GROUP
from translator.api.telemetry import EXPERIMENTAL_GROUP
from translator.attach import filters
from translator.attach.grants import Grants, admitted
from translator.attach.xbackends import KIND
from translator.value import Key, Lookup, Ref, Value

XBACKEND = (EXPERIMENTAL_GROUP, KIND)


class Uses(Value):
    """What a route's rules name, and where the route is attached."""

    services: tuple[Key, ...]
    xbackends: tuple[Key, ...]
    gateways: tuple[Key, ...]


def of_route(ref: Ref, bound: ir.Bound, routes: Lookup[Ref, api.Route], granted: Lookup[str, Grants]) -> Uses | None:
    """Name the backends that a route refers to, there or not, as far as it may; None where it is attached nowhere."""
    route = routes.get(ref)
    gateways = {it.listener.gateway for bond in bound.bonds if bond.refusal is None for it in bond.attachments}
    if route is None or not gateways:
        return None
    written = list(_backends(route))
    services, xbackends = (_known(ref, written, *kind, granted) for kind in (("", "Service"), XBACKEND))
    return Uses(services, xbackends, tuple(sorted(gateways))) if services or xbackends else None


def by_service(ref: Ref, uses: Uses) -> Iterable[tuple[Key, Ref, tuple[Key, ...]]]:
    """Put a route's Gateways to the others of each Service that it uses."""
    for service in uses.services:
        yield service, ref, uses.gateways


def by_xbackend(ref: Ref, uses: Uses) -> Iterable[tuple[Key, Ref, tuple[Key, ...]]]:
    """Put a route's Gateways to the others of each XBackend that it uses."""
    for xbackend in uses.xbackends:
        yield xbackend, ref, uses.gateways


def gateways(_: Key, users: tuple[tuple[Ref, tuple[Key, ...]], ...]) -> tuple[Key, ...]:
    """Name the Gateways that use a backend, sorted."""
    return tuple(sorted({gateway for _, found in users for gateway in found}))


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
