"""Clusters: which ones routes name, and how each is reached."""

from collections.abc import Iterable
from typing import TypeAlias

from translator import ir
from translator.api.core import EndpointSlice, Service, ServicePort
from translator.attach import backends, endpoints, hostnames
from translator.value import Key, Lookup, Ref
from translator.xds.names import cluster_name

Named: TypeAlias = tuple[tuple[Ref, ir.ClusterKey], ...]
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
) -> ir.Cluster | None:
    """Say how a cluster is reached: by DNS for ExternalName and FQDN slices, else by its Service's endpoints.

    With `dns_services` a Service without slices has its own name resolved, on targetPort where that is a number.
    """
    key = named[0][1]
    place = Key(key.namespace, key.name)
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
    if slices is None and dns_services:
        return ir.Cluster(name, key, ((key.name, _target(port)),), _server_name(key, key.name))
    return ir.Cluster(name, key, server_name=_server_name(key, f"{key.name}.{key.namespace}.svc"))


def _target(port: ServicePort) -> int:
    return port.target_port if isinstance(port.target_port, int) else port.port


def _server_name(key: ir.ClusterKey, host: str) -> str:
    return host if key.protocol in ("https1", "https2") else ""
