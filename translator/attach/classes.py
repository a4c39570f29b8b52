"""GatewayClasses: which of them are ours, and whether we accept them (apis/v1/gatewayclass_types.go)."""

from translator.api.gateway import GatewayClass
from translator.attach.conditions import Reason
from translator.ir import Refusal
from translator.value import Key, Value


class Owned(Value):
    """A GatewayClass that names our controller; with a refusal its Gateways are not served."""

    refusal: Refusal | None = None


def owned(controller_name: str, key: Key, gateway_class: GatewayClass) -> Owned | None:
    """Say whether a class is ours; parametersRef refers to a kind we do not know, whatever it names."""
    if gateway_class.spec.controller_name != controller_name:
        return None
    parameters = gateway_class.spec.parameters_ref
    if parameters is None:
        return Owned()
    message = (
        f"GatewayClass {key} takes no parameters, but its parametersRef names {parameters.kind} {parameters.name}; "
        "remove spec.parametersRef"
    )
    return Owned(Refusal(Reason.INVALID_PARAMETERS, message))
