"""Endpoints: the addresses behind a Service port, from its EndpointSlices (discovery.k8s.io/v1)."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import TypeAlias

from translator import ir
from translator.api.core import Endpoint, EndpointPort, EndpointSlice, Service, ServicePort, imported
from translator.attach import backends, hostnames, xbackends
from translator.value import NO_ROWS, Key, Lookup

Slices: TypeAlias = tuple[tuple[str, EndpointSlice], ...]
"""A Service's slices by name."""

FQDN = "FQDN"
FAMILIES = ("IPv4", "IPv6")


def by_service(key: Key, slice_: EndpointSlice) -> Iterable[tuple[Key, str, EndpointSlice]]:
    """Put a slice to the others of its Service or ServiceImport."""
    if slice_.service:
        yield Key(key.namespace, slice_.service), key.name, slice_
    if slice_.service_import:
        yield imported(Key(key.namespace, slice_.service_import)), key.name, slice_


def exists(_: Key, slices: Slices) -> tuple[EndpointSlice, ...]:
    """Say that a Service has slices; the row holds them where all are names to resolve, else nothing.

    So a cluster that follows IP addresses does not change with them.
    """
    found = tuple(slice_ for _, slice_ in slices)
    return found if all(it.address_type == FQDN for it in found) else ()


def locate(
    name: str,
    cluster: ir.Cluster,
    services: Lookup[Key, Service],
    slices: Lookup[Key, Slices],
    backings: Lookup[Key, xbackends.Backing] = NO_ROWS,
) -> ir.Endpoints | None:
    """Return the addresses of a cluster, none where there are none; None where DNS tells them."""
    if cluster.dns:
        return None
    place: Key | None = backends.place_of(cluster.key)
    if cluster.key.kind == xbackends.KIND:
        backing = None if place is None else backings.get(place)
        place = None if backing is None else backing.service
    service = None if place is None else services.get(place)
    if place is None or service is None:
        return ir.Endpoints(name, ())
    found = _addressed(cluster.key, service, [it for _, it in slices.get(place) or ()])
    return ir.Endpoints(name, tuple(sorted(set(found))))


def _addressed(key: ir.ClusterKey, service: Service, slices: list[EndpointSlice]) -> list[tuple[str, int]]:
    """Return the addresses behind a Service's port, or behind a port of the pods that it selects."""
    families = service.spec.ip_families
    if key.kind != xbackends.KIND:
        port = backends.port_of(service, key.port, key.transport)
        return [] if port is None else of_one_family(slices, port, families)
    target = next((it for it in service.spec.ports if (it.target_port or it.port) == key.port), None)
    if target is not None:
        return of_one_family(slices, target, families)
    ports = [it for it in service.spec.ports if it.protocol == key.transport]
    return [(host, key.port) for host, _ in of_one_family(slices, ports[0], families)] if ports else []


def of_one_family(
    slices: Sequence[EndpointSlice], port: ServicePort, preferred: tuple[str, ...]
) -> list[tuple[str, int]]:
    """Return the usable addresses of the first family that has any: IPv4 unless the Service prefers another.

    The slices of both families are of the same pods, and a pod that has two addresses may listen on one.
    """
    for family in dict.fromkeys((*preferred, *FAMILIES)):
        found = addresses((it for it in slices if it.address_type == family), port)
        if found:
            return found
    return []


def addresses(slices: Iterable[EndpointSlice], port: ServicePort) -> list[tuple[str, int]]:
    """Return the usable addresses of a Service port: those that are ready, or if none is, those still serving.

    The second is what kube-proxy does while all that is left is terminating.
    """
    found = [(it, host, number) for slice_ in slices for it, host, number in _placed(slice_, port)]
    ready = [(host, number) for it, host, number in found if it.conditions.ready is not False]
    return ready or [(host, number) for it, host, number in found if _draining(it)]


def _draining(endpoint: Endpoint) -> bool:
    return endpoint.conditions.serving is not False and endpoint.conditions.terminating is True


def _placed(slice_: EndpointSlice, port: ServicePort) -> Iterator[tuple[Endpoint, str, int]]:
    """Yield each endpoint with its first address, all of them being fungible, if that is well-formed."""
    number = next((_number(it, port) for it in slice_.ports or () if _same(it, port)), None)
    if number is None:
        return
    for endpoint in slice_.endpoints or ():
        host = endpoint.addresses[0] if endpoint.addresses else ""
        if _is_fqdn(host) if slice_.address_type == FQDN else _is_ip(host):
            yield endpoint, host.rstrip("."), number


def _same(of_slice: EndpointPort, of_service: ServicePort) -> bool:
    return ((of_slice.name or ""), of_slice.protocol) == (of_service.name, of_service.protocol)


def _number(of_slice: EndpointPort, of_service: ServicePort) -> int:
    """A slice's port without a number stands for all of them: then the Service's own target."""
    if of_slice.port is not None:
        return of_slice.port
    return of_service.target_port if isinstance(of_service.target_port, int) else of_service.port


def _is_fqdn(host: str) -> bool:
    return hostnames.precise(host.rstrip("."))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
