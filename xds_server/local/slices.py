"""EndpointSlices of the Services whose pods run on this machine, as Kubernetes would write them."""

from collections.abc import Mapping
from typing import Any

from translator.api.core import SERVICE_NAME_LABEL, ServicePort
from translator.value import Key
from xds_server.echo.ports import Ports
from xds_server.local.deployments import Plan, Pod


def endpoint_slices(plan: Plan, host: str, ports: Mapping[Pod, Ports]) -> tuple[dict[str, Any], ...]:
    """Return the EndpointSlices of the planned Services, given the address and ports where each pod listens.

    A slice has one set of ports for all its endpoints, so each pod has a slice of its own; a Service of no replica has
    an empty one.
    """
    backed = {backing.service for backing in plan.backings}
    empty = tuple(_slice(service, "none", (), ()) for service in plan.selecting if service not in backed)
    return empty + tuple(
        _slice(
            backing.service,
            backing.pod.key.name,
            ({"addresses": [host], "conditions": {"ready": True}},),
            tuple(_slice_port(port, getattr(ports[backing.pod], way)) for port, way in backing.ports),
        )
        for backing in plan.backings
    )


def _slice(
    service: Key, suffix: str, endpoints: tuple[dict[str, Any], ...], ports: tuple[dict[str, Any], ...]
) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "namespace": service.namespace,
            "name": f"{service.name}-local-{suffix}",
            "labels": {SERVICE_NAME_LABEL: service.name},
        },
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": list(ports),
    }


def _slice_port(port: ServicePort, number: int) -> dict[str, Any]:
    whole = {"name": port.name, "protocol": port.protocol, "port": number, "appProtocol": port.app_protocol}
    return {field: value for field, value in whole.items() if value is not None}
