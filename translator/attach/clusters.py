"""Clusters: which ones routes name, and how each is reached."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from translator import ir
from translator.api.core import SERVICE_IMPORT, EndpointSlice, Service, ServicePort
from translator.attach import backends, endpoints, hostnames, xbackends
from translator.attach.traffic import Handling
from translator.value import NO_ROWS, Key, Lookup, Ref
from translator.xds.names import cluster_name

Named: TypeAlias = Sequence[tuple[Ref, ir.ClusterKey]]
"""Who names a cluster; the key is the same in all rows."""


def named(ref: Ref, resolved: ir.Resolved) -> Iterable[tuple[str, Ref, ir.ClusterKey]]:
    """Put a route to the others that name a cluster, for each backend and mirror."""
    for key in dict.fromkeys(_keys(resolved)):
        yield cluster_name(key), ref, key


def _keys(resolved: ir.Resolved) -> Iterable[ir.ClusterKey]:
    for route in resolved.routes:
        if route.authorization is not None and route.authorization.cluster is not None:
            yield route.authorization.cluster
        if isinstance(route.action, ir.Forward):
            yield from (it.cluster for it in route.action.backends if it.cluster is not None)
            yield from (it.cluster for it in route.action.mirrors)
    for stream in (resolved.stream, resolved.sealed):
        if stream is not None:
            yield from (it.cluster for it in stream.backends if it.cluster is not None)


def reach(
    dns_services: bool,
    name: str,
    named: Named,
    services: Lookup[Key, Service],
    sliced: Lookup[Key, tuple[EndpointSlice, ...]],
    backings: Lookup[Key, xbackends.Backing] = NO_ROWS,
    handled: Lookup[Ref, Handling] = NO_ROWS,
) -> ir.Cluster | None:
    """Say how a cluster is reached, and with which budget of retries."""
    key = named[0][1]
    if key.kind == xbackends.KIND:
        found = _reach_xbackend(dns_services, name, key, backings.get(Key(key.namespace, key.name)), sliced)
    else:
        found = _reach_service(dns_services, name, key, services, sliced)
    handling = handled.get(Ref(key.kind, key.namespace, key.name))
    if found is None or handling is None or handling.budget is None:
        return found
    return msgspec.structs.replace(found, budget=handling.budget)


def _reach_xbackend(
    dns_services: bool,
    name: str,
    key: ir.ClusterKey,
    backing: xbackends.Backing | None,
    sliced: Lookup[Key, tuple[EndpointSlice, ...]],
) -> ir.Cluster | None:
    """Resolve an external hostname, and else follow the endpoints of the Service that selects the pods."""
    if backing is None or backing.refusal is not None:
        return None
    place = backing.service
    resolves = dns_services and place is not None and sliced.get(place) is None
    host = backing.host or (place.name if place is not None and resolves else "")
    server_name = "" if backing.verification is None else backing.verification.hostname
    return ir.Cluster(name, key, ((host, key.port),) if host else (), server_name, backing.verification)


def _reach_service(
    dns_services: bool,
    name: str,
    key: ir.ClusterKey,
    services: Lookup[Key, Service],
    sliced: Lookup[Key, tuple[EndpointSlice, ...]],
) -> ir.Cluster | None:
    """Resolve names for ExternalName and FQDN slices, and else follow a Service's endpoints.

    With `dns_services` a Service without slices has its own name resolved, on targetPort where that is a number.
    """
    place = backends.place_of(key)
    service = services.get(place)
    port = None if service is None else backends.port_of(service, key.port, key.transport)
    if service is None or port is None:
        return None
    if service.spec.type == "ExternalName":
        host = service.spec.external_name.rstrip(".")
        return ir.Cluster(name, key, ((host, key.port),) if hostnames.precise(host) else (), _server_name(key, host))
    slices = sliced.get(place)
    if slices:
        fqdn = tuple(sorted(set(endpoints.addresses(slices, port))))
        return ir.Cluster(name, key, fqdn, _server_name(key, fqdn[0][0] if fqdn else ""))
    if key.kind == SERVICE_IMPORT:
        return ir.Cluster(name, key, server_name=_server_name(key, f"{key.name}.{key.namespace}.svc.clusterset.local"))
    if slices is None and dns_services:
        return ir.Cluster(name, key, ((key.name, _target(port)),), _server_name(key, key.name))
    return ir.Cluster(name, key, server_name=_server_name(key, f"{key.name}.{key.namespace}.svc"))


def _target(port: ServicePort) -> int:
    return port.target_port if isinstance(port.target_port, int) else port.port


def _server_name(key: ir.ClusterKey, host: str) -> str:
    return host if key.protocol in ("https1", "https2") else ""
