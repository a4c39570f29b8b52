"""XTelemetryPolicies: sampling, collectors, attributes, which policy holds and what each is told."""

from typing import Any

import pytest

from tests import builders
from translator import ir
from translator.api.telemetry import XTelemetryPolicy
from translator.attach import attributes, telemetry
from translator.attach.listeners import GatewayListeners
from translator.status import Condition
from translator.value import Key
from translator.xds import attributes as words

POLICY = Key("shop", "tracing")
EDGE = Key("shop", "edge")
OURS = GatewayListeners(gateway=EDGE, generation=1, reports=())
COLLECTOR = builders.service("collector", 4317, 4318)


def policy(*targets: dict[str, Any], name: str = "tracing", created: str = "", **tracing: Any) -> XTelemetryPolicy:
    """A policy of the Gateway shop/edge that is enabled, with a collector."""
    provider = {"backendRef": {"name": "collector", "port": 4317}}
    spec = {
        "targetRefs": list(targets or ({"name": "edge"},)),
        "tracing": {"mode": "Enabled", "provider": provider, **tracing},
    }
    return builders.build(builders.meta(name, creationTimestamp=created), spec, XTelemetryPolicy)


def resolve(asked: XTelemetryPolicy, *services: Any) -> telemetry.Tracing:
    """What a policy asks for; the collector exists unless other Services are given."""
    return telemetry.resolve(POLICY, asked, {it.metadata.key: it for it in services or (COLLECTOR,)}, {}, {}, {})


def spans(**tracing: Any) -> tuple[str, int, int]:
    """Whose word counts, and the shares that have spans at random, of 10,000, and by force, of 1,000,000."""
    found = resolve(policy(**tracing))
    assert found.tracer is not None
    return found.tracer.sampling, found.spans.random, found.spans.forced


def rate(numerator: int, denominator: int = 100) -> dict[str, int]:
    return {"numerator": numerator, "denominator": denominator}


def parents(numerator: int) -> dict[str, Any]:
    return {"mode": "Enabled", "samplingRate": rate(numerator)}


def told(asked: XTelemetryPolicy, *others: XTelemetryPolicy, ours: bool = True) -> list[Condition]:
    """The conditions of a policy on its first target."""
    claims: list[tuple[tuple[str, str], Key]] = []
    for it in (asked, *others):
        claims += [(age, key) for gateway, age, key in telemetry.by_gateway(it.metadata.key, it) if gateway == EDGE]
    status = telemetry.of_policy(
        asked.metadata.key,
        asked,
        {asked.metadata.key: resolve(asked)},
        {EDGE: tuple(sorted(claims))},
        {EDGE: builders.gateway()},
        {EDGE: OURS} if ours else {},
    )
    return [] if status is None else list(status.ancestors[0].conditions)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ("parents", 10_000, 0)),
        ({"samplingRate": rate(0)}, ("parents", 0, 1_000_000)),
        ({"samplingRate": rate(5)}, ("parents", 500, 1_000_000)),
        ({"samplingRate": rate(1, 1_000_000)}, ("parents", 1, 1_000_000)),
        ({"samplingRate": rate(20), "parentBasedSampling": parents(60)}, ("parents", 2_000, 500_000)),
        ({"samplingRate": rate(20), "parentBasedSampling": parents(20)}, ("parents", 2_000, 0)),
        ({"samplingRate": rate(60), "parentBasedSampling": parents(20)}, ("roots", 2_000, 500_000)),
        ({"samplingRate": rate(100), "parentBasedSampling": parents(0)}, ("roots", 0, 1_000_000)),
        ({"samplingRate": rate(30), "parentBasedSampling": {"mode": "Disabled"}}, ("alone", 3_000, 0)),
        ({"samplingRate": rate(30), "parentBasedSampling": {}}, ("parents", 3_000, 1_000_000)),
    ],
)
def test_sampling(asked: dict[str, Any], expected: tuple[str, int, int]) -> None:
    """What is at random concerns all; the rest of the greater of two rates is forced: r + (1 - r) f."""
    assert spans(**asked) == expected


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ({"port": 4317}, "http2"),
        ({"port": 4318}, "http1"),
        ({"port": 4318, "appProtocol": "grpc"}, "http2"),
        ({"port": 9000}, "http2"),
        ({"port": 9000, "appProtocol": "http"}, "http1"),
        ({"port": 9000, "appProtocol": "kubernetes.io/h2c"}, "http2"),
        ({"port": 9000, "appProtocol": "https"}, "https1"),
    ],
)
def test_otlp_is_spoken_as_the_port_says(port: dict[str, Any], protocol: str) -> None:
    """By appProtocol; without one over HTTP on port 4318 and over gRPC elsewhere."""
    collector = builders.service("collector", ports=[port])
    provider = {"backendRef": {"name": "collector", "port": port["port"]}}
    found = resolve(policy(provider=provider), collector)
    assert found.tracer is not None
    assert found.tracer.cluster == ir.ClusterKey("shop", "collector", port["port"], protocol)


def test_a_service_is_named_after_its_gateway() -> None:
    """Unless the policy says how."""
    for asked, name in ((policy(), "edge.shop"), (policy(serviceName="web"), "web")):
        found = telemetry.tracer(EDGE, ((("", ""), POLICY),), {EDGE: OURS}, {POLICY: resolve(asked)})
        assert found is not None
        assert found.service_name == name


def test_gateways_of_others_have_no_tracer() -> None:
    assert telemetry.tracer(EDGE, ((("", ""), POLICY),), {}, {POLICY: resolve(policy())}) is None


def test_headers_that_cannot_be_sent_are_left_out() -> None:
    """Over gRPC a value cannot hold a percent sign."""
    headers = [{"name": "Good", "value": "1"}, {"name": "Odd", "value": "5%"}]
    provider = {"backendRef": {"name": "collector", "port": 4317}, "headers": headers}
    over_http = {"backendRef": {"name": "collector", "port": 4318}, "headers": headers}
    found, other = resolve(policy(provider=provider)), resolve(policy(provider=over_http))
    assert found.tracer is not None
    assert other.tracer is not None
    assert found.tracer.headers == (("Good", "1"),)
    assert [it.reason for it in found.left_out] == ["UnsupportedValue"]
    assert other.tracer.headers == (("Good", "1"), ("Odd", "5%"))
    assert other.left_out == ()


def test_the_older_policy_holds() -> None:
    """Then the first by namespace and name."""
    old, older = policy(name="a", created="2026-01-02T00:00:00Z"), policy(name="b", created="2026-01-01T00:00:00Z")
    assert [(it.type, it.status, it.reason) for it in told(old, older)] == [
        ("Accepted", False, "Conflicted"),
        ("ResolvedRefs", True, "ResolvedRefs"),
    ]
    assert told(older, old)[0].status is True
    assert told(policy(name="c"), policy(name="d"))[0].status is True
    assert told(policy(name="d"), policy(name="c"))[0].reason == "Conflicted"


def test_a_target_that_is_named_twice_is_told_once() -> None:
    asked = policy({"name": "edge"}, {"name": "edge"})
    assert len(list(telemetry.by_gateway(POLICY, asked))) == 1
    assert told(asked)[0].status is True


def test_of_gateways_of_others_nothing_is_said() -> None:
    assert told(policy(), ours=False) == []


def test_every_attribute_has_words() -> None:
    """What may be asked for can be answered, by a format or by the route."""
    for key in attributes.KNOWN - attributes.OF_ROUTES:
        assert words.of_tag(ir.Tag("x", "attribute", key))
    assert not attributes.is_known("url.fragment")
    assert not attributes.is_known("http.request.header.")
    assert words.of_tag(ir.Tag("x", "attribute", "http.request.header.x-id")) == "%REQ(x-id)%"
    assert words.of_tag(ir.Tag("x", "attribute", "http.response.header.x-id")) == "%RESP(x-id)%"
