"""Infrastructure: what is needed of a Gateway to run its Envoys (GEP-1762, GEP-1867)."""

from translator import ir
from translator.api.gateway import Gateway, GatewayInfrastructure
from translator.api.parameters import EnvoyParameters
from translator.attach import parameters as parameters_refs
from translator.attach.classes import Owned
from translator.attach.listeners import GatewayListeners
from translator.value import Key, Lookup


def of_gateway(
    key: Key,
    reported: GatewayListeners,
    gateways: Lookup[Key, Gateway],
    owned: Lookup[Key, Owned],
    parameters: Lookup[Key, EnvoyParameters],
) -> ir.Infrastructure | ir.Held | None:
    """Say what a Gateway of ours runs on; one that is refused, or has no port, keeps what it runs on."""
    gateway = gateways.get(key)
    if gateway is None:
        return None
    gateway_class = owned.get(Key("", gateway.spec.gateway_class_name))
    chosen = parameters_refs.of_gateway(key, gateway, parameters)
    ports = tuple(sorted({_port(it.listener) for it in reported.reports if it.listener is not None and it.accepted}))
    if reported.refusal is not None or gateway_class is None or isinstance(chosen, ir.Refusal) or not ports:
        return ir.Held(gateway.spec.gateway_class_name)
    infrastructure = gateway.spec.infrastructure or GatewayInfrastructure()
    return ir.Infrastructure(
        uid=gateway.metadata.uid,
        class_name=gateway.spec.gateway_class_name,
        ports=ports,
        addresses=reported.requested,
        labels=infrastructure.labels,
        annotations=infrastructure.annotations,
        parameters=parameters_refs.overridden(gateway_class.parameters, chosen),
    )


def _port(listener: ir.Listener) -> tuple[int, str]:
    return listener.port, "UDP" if listener.protocol == "UDP" else "TCP"
