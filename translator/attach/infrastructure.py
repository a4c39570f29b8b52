"""Infrastructure: what is needed of a Gateway to run its Envoys (GEP-1762, GEP-1867)."""

from collections.abc import Iterator
from typing import TypeAlias

from translator import ir
from translator.api.gateway import Gateway, GatewayInfrastructure
from translator.api.parameters import EnvoyParameters
from translator.attach import parameters as parameters_refs
from translator.attach.addresses import within_cluster
from translator.attach.classes import Owned
from translator.attach.listeners import GatewayListeners, Listeners
from translator.value import Key, Lookup

Port: TypeAlias = tuple[int, str]
"""A port with TCP or UDP."""


def ports(key: Key, found: Listeners) -> Iterator[tuple[tuple[Key, Port], ir.ListenerKey, bool]]:
    """Name the ports that a Gateway or ListenerSet wants to be reached at."""
    for report in found.reports:
        if report.listener is not None and report.accepted:
            for port in _ports(report.listener):
                yield (found.gateway, port), report.listener.key, True


def by_gateway(key: tuple[Key, Port], exposing: object) -> Iterator[tuple[Key, Port, bool]]:
    """Put a port, however many listeners it has, to the others of its Gateway."""
    gateway, port = key
    yield gateway, port, True


def of_gateway(
    key: Key,
    reported: GatewayListeners,
    gateways: Lookup[Key, Gateway],
    owned: Lookup[Key, Owned],
    parameters: Lookup[Key, EnvoyParameters],
    exposed: Lookup[Key, tuple[tuple[Port, bool], ...]],
) -> ir.Infrastructure | ir.Held | None:
    """Say what a Gateway of ours runs on; one that is refused, or has no port, keeps what it runs on."""
    gateway = gateways.get(key)
    if gateway is None:
        return None
    gateway_class = owned.get(Key("", gateway.spec.gateway_class_name))
    chosen = parameters_refs.of_gateway(key, gateway, parameters)
    wanted = tuple(port for port, _ in exposed.get(key) or ())
    if reported.refusal is not None or gateway_class is None or isinstance(chosen, ir.Refusal) or not wanted:
        return ir.Held(gateway.spec.gateway_class_name)
    infrastructure = gateway.spec.infrastructure or GatewayInfrastructure()
    return ir.Infrastructure(
        uid=gateway.metadata.uid,
        class_name=gateway.spec.gateway_class_name,
        ports=wanted,
        addresses=reported.requested,
        cluster_address=within_cluster(gateway.spec.addresses),
        labels=infrastructure.labels,
        annotations=infrastructure.annotations,
        parameters=parameters_refs.overridden(gateway_class.parameters, chosen),
    )


def _ports(listener: ir.Listener) -> Iterator[Port]:
    yield listener.port, "UDP" if listener.protocol == "UDP" else "TCP"
    if listener.http3:
        yield listener.port, "UDP"
