"""What is wrong with XTelemetryPolicies, told at the field at fault."""

from tests.attach.test_telemetry import COLLECTOR, policy
from tests.builders import gateway, gateway_class
from tests.checking.judged import errors, warnings

EDGE = gateway()


def test_a_collector_that_is_not_permitted_is_told_at_its_reference() -> None:
    asked = policy(provider={"backendRef": {"name": "collector", "namespace": "monitoring", "port": 4317}})
    field = "spec.tracing.provider.backendRef"
    assert errors(gateway_class(), EDGE, asked) == [("XTelemetryPolicy shop/tracing", field, "RefNotPermitted")]


def test_what_is_left_out_is_told() -> None:
    asked = policy(attributes=[{"name": "a", "sourceType": "Attribute", "attributeKey": "url.fragment"}])
    assert errors(gateway_class(), EDGE, COLLECTOR, asked) == [
        ("XTelemetryPolicy shop/tracing", "spec.tracing", "UnsupportedValue")
    ]


def test_the_policy_that_does_not_hold_is_told_at_its_target() -> None:
    assert errors(gateway_class(), EDGE, COLLECTOR, policy(name="a"), policy(name="b")) == [
        ("XTelemetryPolicy shop/b", "spec.targetRefs[0]", "Conflicted")
    ]


def test_a_gateway_and_a_collector_that_are_missing_are_warnings() -> None:
    asked = policy({"name": "gone"})
    assert errors(gateway_class(), asked) == []
    assert warnings(gateway_class(), asked) == [
        ("XTelemetryPolicy shop/tracing", "spec.targetRefs[0]", "NotFound"),
        ("XTelemetryPolicy shop/tracing", "spec.tracing.provider.backendRef", "NotFound"),
    ]
