"""Usage: which Gateways reach which Services, by the routes that are attached to them."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from translator import ir
from translator.api import routes as api
from translator.api.gateway import GATEWAY_GROUP
from translator.attach import filters
from translator.attach.grants import Grants, permitted
from translator.value import Key, Lookup, Ref, Value


class Uses(Value):
    """What a route's rules name, and where the route is attached."""

    services: tuple[Key, ...]
    gateways: tuple[Key, ...]


def of_route(ref: Ref, bound: ir.Bound, routes: Lookup[Ref, api.Route], granted: Lookup[str, Grants]) -> Uses | None:
    """Name the Services that a route refers to, there or not, as far as it may; None where it is attached nowhere."""
    route = routes.get(ref)
    gateways = {it.listener.gateway for bond in bound.bonds if bond.refusal is None for it in bond.attachments}
    if route is None or not gateways:
        return None
    services = {Key(it.namespace or ref.namespace, it.name) for it in _backends(route) if it.kind == "Service"}
    known = sorted(it for it in services if _permitted(ref, it, granted))
    return Uses(tuple(known), tuple(sorted(gateways))) if known else None


def by_service(ref: Ref, uses: Uses) -> Iterable[tuple[Key, Ref, tuple[Key, ...]]]:
    """Put a route's Gateways to the others of each Service that it uses."""
    for service in uses.services:
        yield service, ref, uses.gateways


def gateways(_: Key, users: tuple[tuple[Ref, tuple[Key, ...]], ...]) -> tuple[Key, ...]:
    """Name the Gateways that use a Service, sorted."""
    return tuple(sorted({gateway for _, found in users for gateway in found}))


def _permitted(ref: Ref, service: Key, granted: Lookup[str, Grants]) -> bool:
    return service.namespace == ref.namespace or permitted(
        granted.get(service.namespace), GATEWAY_GROUP, ref.kind, ref.namespace, "", "Service", service.name
    )


def _backends(route: api.Route) -> Iterator[api.BackendObjectReference]:
    match route:
        case api.HTTPRoute():
            for http in route.spec.rules:
                yield from _mirrors(http.filters)
                for backend in http.backend_refs:
                    yield backend
                    yield from _mirrors(backend.filters)
        case api.GRPCRoute():
            for grpc in route.spec.rules:
                yield from _mirrors(filters.from_grpc(grpc.filters))
                for grpc_backend in grpc.backend_refs:
                    yield grpc_backend
                    yield from _mirrors(filters.from_grpc(grpc_backend.filters))
        case api.TLSRoute() | api.TCPRoute() | api.UDPRoute():
            for rule in route.spec.rules:
                yield from rule.backend_refs
        case _:
            assert_never(route)


def _mirrors(written: tuple[api.HTTPRouteFilter, ...]) -> Iterator[api.BackendObjectReference]:
    return (it.request_mirror.backend_ref for it in written if it.request_mirror is not None)
