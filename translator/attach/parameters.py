"""parametersRef: what the Envoys of a Gateway are made with (GEP-1867).

A class gives defaults, and a Gateway's infrastructure overrides them field by field: maps are merged, lists replaced.
"""

from typing import Any, TypeVar

import msgspec

from translator.api.gateway import Gateway, LocalParametersReference, ParametersReference
from translator.api.parameters import PARAMETERS_GROUP, PARAMETERS_KIND, EnvoyParameters, EnvoyParametersSpec
from translator.attach.conditions import Reason
from translator.ir import Refusal
from translator.value import Key, Lookup

T = TypeVar("T", bound=msgspec.Struct)


def of_class(
    name: str, reference: ParametersReference | None, parameters: Lookup[Key, EnvoyParameters]
) -> EnvoyParametersSpec | Refusal:
    """Find what a GatewayClass's parametersRef names; without one nothing is chosen."""
    if reference is None:
        return EnvoyParametersSpec()
    if reference.namespace is None and (reference.group, reference.kind) == (PARAMETERS_GROUP, PARAMETERS_KIND):
        message = f"parametersRef of GatewayClass {name} names no namespace, and {PARAMETERS_KIND} live in one; add it"
        return Refusal(Reason.INVALID_PARAMETERS, message)
    return _found(f"GatewayClass {name}", reference, Key(reference.namespace or "", reference.name), parameters)


def of_gateway(key: Key, gateway: Gateway, parameters: Lookup[Key, EnvoyParameters]) -> EnvoyParametersSpec | Refusal:
    """Find what a Gateway's infrastructure.parametersRef names, in the Gateway's namespace."""
    infrastructure = gateway.spec.infrastructure
    reference = None if infrastructure is None else infrastructure.parameters_ref
    if reference is None:
        return EnvoyParametersSpec()
    return _found(f"Gateway {key}", reference, Key(key.namespace, reference.name), parameters)


def overridden(base: T, over: T) -> T:
    """Return `base` with all that `over` chooses."""
    return msgspec.structs.replace(
        base, **{name: _choice(getattr(base, name), getattr(over, name)) for name in base.__struct_fields__}
    )


def _choice(base: Any, over: Any) -> Any:
    if base is None or over is None:
        return base if over is None else over
    if isinstance(over, msgspec.Struct):
        return overridden(base, over)
    return {**base, **over} if isinstance(over, dict) else over


def _found(
    origin: str,
    reference: ParametersReference | LocalParametersReference,
    target: Key,
    parameters: Lookup[Key, EnvoyParameters],
) -> EnvoyParametersSpec | Refusal:
    if (reference.group, reference.kind) != (PARAMETERS_GROUP, PARAMETERS_KIND):
        message = (
            f"parametersRef of {origin} names {reference.kind} {reference.name} of group {reference.group or 'core'}; "
            f"use kind {PARAMETERS_KIND} of group {PARAMETERS_GROUP}"
        )
        return Refusal(Reason.INVALID_PARAMETERS, message)
    found = parameters.get(target)
    if found is None:
        message = f"{PARAMETERS_KIND} {target}, which parametersRef of {origin} names, does not exist; create it"
        return Refusal(Reason.INVALID_PARAMETERS, message)
    return found.spec
