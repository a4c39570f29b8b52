"""GatewayClasses: which of them are ours, and whether we accept them (apis/v1/gatewayclass_types.go)."""

from translator.api.gateway import GatewayClass
from translator.api.parameters import EnvoyParameters, EnvoyParametersSpec
from translator.attach import parameters as parameters_refs
from translator.ir import Refusal
from translator.value import Key, Lookup, Value


class Owned(Value):
    """A GatewayClass that names our controller; with a refusal its Gateways are not served."""

    refusal: Refusal | None = None
    parameters: EnvoyParametersSpec = EnvoyParametersSpec()
    """What its Envoys are made with unless their Gateway says otherwise."""


def owned(
    controller_name: str, key: Key, gateway_class: GatewayClass, parameters: Lookup[Key, EnvoyParameters]
) -> Owned | None:
    """Say whether a class is ours, and what its Envoys are made with."""
    if gateway_class.spec.controller_name != controller_name:
        return None
    chosen = parameters_refs.of_class(key.name, gateway_class.spec.parameters_ref, parameters)
    return Owned(refusal=chosen) if isinstance(chosen, Refusal) else Owned(parameters=chosen)
