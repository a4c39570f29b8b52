"""parametersRef of classes and Gateways: what is found, what is refused, and who overrides whom."""

from typing import Any

import pytest

from tests.builders import build, gateway, gateway_class, meta
from translator.api.parameters import EnvoyParameters, EnvoyParametersSpec, Resources, ServiceParameters
from translator.attach.classes import Owned, owned
from translator.attach.conditions import Reason
from translator.attach.parameters import of_gateway, overridden
from translator.ir import Refusal
from translator.value import Key

EDGE = Key("shop", "edge")
CONTROLLER = "gatehouse.dev/gateway-controller"
REFERENCE = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": "big"}


def parameters(namespace: str = "shop", **spec: Any) -> dict[Key, EnvoyParameters]:
    return {Key(namespace, "big"): build(meta("big", namespace), spec, EnvoyParameters)}


def test_a_gateway_refers_to_parameters_of_its_namespace() -> None:
    given = gateway(infrastructure={"parametersRef": REFERENCE})
    assert of_gateway(EDGE, given, parameters(replicas=3)) == EnvoyParametersSpec(replicas=3)


def test_a_gateway_without_reference_chooses_nothing() -> None:
    assert of_gateway(EDGE, gateway(), {}) == EnvoyParametersSpec()


def test_parameters_of_another_namespace_are_not_found() -> None:
    given = gateway(infrastructure={"parametersRef": REFERENCE})
    assert of_gateway(EDGE, given, parameters("infra")) == Refusal(
        Reason.INVALID_PARAMETERS,
        "EnvoyParameters shop/big, which parametersRef of Gateway shop/edge names, does not exist; create it",
    )


def test_a_class_refers_to_parameters_of_any_namespace() -> None:
    given = gateway_class(parametersRef={**REFERENCE, "namespace": "infra"})
    found = owned(CONTROLLER, Key("", "gatehouse"), given, parameters("infra", replicas=2))
    assert found == Owned(parameters=EnvoyParametersSpec(replicas=2))


def test_a_class_has_to_say_in_which_namespace() -> None:
    found = owned(CONTROLLER, Key("", "gatehouse"), gateway_class(parametersRef=REFERENCE), parameters())
    assert found is not None
    assert found.refusal is not None
    assert found.refusal.message == (
        "parametersRef of GatewayClass gatehouse names no namespace, and EnvoyParameters live in one; add it"
    )


@pytest.mark.parametrize(
    ("base", "over", "both"),
    [
        ({"replicas": 2}, {}, {"replicas": 2}),
        ({"replicas": 2}, {"replicas": 3}, {"replicas": 3}),
        (
            {"service": {"type": "NodePort", "annotations": {"a": "1", "b": "1"}}},
            {"service": {"annotations": {"b": "2"}}},
            {"service": {"type": "NodePort", "annotations": {"a": "1", "b": "2"}}},
        ),
        ({"stats": {"prefixes": ["a"]}}, {"stats": {"prefixes": ["b"]}}, {"stats": {"prefixes": ["b"]}}),
    ],
)
def test_what_a_gateway_chooses_overrides_its_class(
    base: dict[str, Any], over: dict[str, Any], both: dict[str, Any]
) -> None:
    """Maps are merged, lists replaced."""
    read = [build(meta("big"), spec, EnvoyParameters).spec for spec in (base, over, both)]
    assert overridden(read[0], read[1]) == read[2]


def test_quantities_are_numbers_or_words() -> None:
    found = build(meta("big"), {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}}, EnvoyParameters)
    assert found.spec.resources == Resources(limits={"cpu": 2, "memory": "1Gi"})


def test_service_fields_are_called_as_in_a_service() -> None:
    spec = {"loadBalancerClass": "x", "ipFamilies": ["IPv6"], "allocateLoadBalancerNodePorts": False}
    found = build(meta("big"), {"service": spec}, EnvoyParameters)
    assert found.spec.service == ServiceParameters(
        load_balancer_class="x", ip_families=("IPv6",), allocate_load_balancer_node_ports=False
    )
