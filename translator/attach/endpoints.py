"""Endpoints: the addresses behind a Service port, from its EndpointSlices (discovery.k8s.io/v1)."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import TypeAlias

from translator import ir
from translator.api.core import Endpoint, EndpointPort, EndpointSlice, Service, ServicePort
from translator.attach import backends, hostnames
from translator.value import Key, Lookup

Slices: TypeAlias = tuple[tuple[str, EndpointSlice], ...]
"""A Service's slices by name."""

FQDN = "FQDN"
FAMILIES = ("IPv4", "IPv6")


def by_service(key: Key, slice_: EndpointSlice) -> Iterable[tuple[Key, str, EndpointSlice]]:
    """Put a slice to the others of its Service."""
    if slice_.service:
        yield Key(key.namespace, slice_.service), key.name, slice_


def exists(_: Key, slices: Slices) -> tuple[EndpointSlice, ...]:
    """Say that a Service has slices; the row holds them where all are names to resolve, else nothing.

    So a cluster that follows IP addresses does not change with them.
    """
    found = tuple(slice_ for _, slice_ in slices)
    return found if all(it.address_type == FQDN for it in found) else ()


def locate(
    name: str, cluster: ir.Cluster, services: Lookup[Key, Service], slices: Lookup[Key, Slices]
) -> ir.Endpoints | None:
    """Return the addresses of a cluster, none where there are none; None where DNS tells them."""
    if cluster.dns:
        return None
    place = Key(cluster.key.namespace, cluster.key.name)
    service = services.get(place)
    port = None if service is None else backends.port_of(service, cluster.key.port, cluster.key.transport)
    if service is None or port is None:
        return ir.Endpoints(name, ())
    found = of_one_family([it for _, it in slices.get(place) or ()], port, service.spec.ip_families)
    return ir.Endpoints(name, tuple(sorted(set(found))))


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
