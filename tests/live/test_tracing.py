"""XTelemetryPolicies on a real Envoy, with a collector behind it: which requests have spans, and what these say."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import pytest

from tests.envoy.running import wait_until
from tests.live.client import Edge, requests
from tests.live.collector import CLIENT, SERVER, Collector, Span, collecting
from tests.live.conftest import edge_folder
from tests.live.documents import Document, echo, gateway, http_route, listener, path, rule, service, slice_of
from tests.live.stack import Folder, Gatehouse, up

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("tracing")]

SAMPLED, UNSAMPLED = "01", "00"
MANY = 200
ATTRIBUTES = (
    {"name": "env", "sourceType": "Literal", "literalValue": "100% of it"},
    {"name": "tenant", "sourceType": "Header", "headerName": "X-Tenant"},
    {"name": "kind", "sourceType": "Header", "headerName": "Content-Type"},
    {"name": "nothing", "sourceType": "Header", "headerName": "X-Nothing"},
    *(
        {"name": f"a.{key}", "sourceType": "Attribute", "attributeKey": key}
        for key in (
            *("http.request.method", "http.request.method_original", "http.response.status_code", "http.route"),
            *("http.request.header.x-tenant", "http.response.header.content-type", "user_agent.original"),
            *("error.type", "url.scheme", "url.path", "url.query", "url.full"),
            *("client.address", "client.port", "server.address", "server.port"),
            *("network.peer.address", "network.peer.port", "network.protocol.name", "network.protocol.version"),
            *("network.transport", "network.type"),
        )
    ),
)


def policy(port: int = 4317, *, name: str = "tracing", gateway: str = "edge", **tracing: object) -> Document:
    """An XTelemetryPolicy that sends spans to a port of the collector."""
    provider = {"backendRef": {"name": "collector", "port": port}}
    return {
        "apiVersion": "gateway.networking.x-k8s.io/v1alpha1",
        "kind": "XTelemetryPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway}],
            "tracing": {"mode": "Enabled", "provider": provider, **tracing},
        },
    }


def of_collector(collector: Collector) -> Iterator[Document]:
    """The Service of the collector, with both of its ports."""
    for port, target in ((4317, collector.grpc_port), (4318, collector.http_port)):
        [slice_] = slice_of("collector", target)
        slice_["metadata"]["name"] = f"collector-{port}"
        slice_["ports"][0]["name"] = str(port)
        yield slice_
    whole = service("collector")
    whole["spec"]["ports"] = [{"name": str(port), "port": port} for port in (4317, 4318)]
    yield whole


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Folder:
    """Two Gateways with a route each, and a collector."""
    folder = edge_folder(tmp_path_factory.mktemp("tracing") / "resources")
    folder.write("other.yaml", gateway(listener(port=81), name="other"))
    folder.write("collector.yaml", *of_collector(collector))
    folder.write("echo.yaml", *echo("echo"))
    to_both = [{"name": name, "namespace": "shop"} for name in ("edge", "other")]
    folder.write("route.yaml", http_route("shop", rule("echo", matches=[path("/cart")]), parentRefs=to_both))
    folder.write("whole.yaml", http_route("whole", rule("echo")))
    folder.write("policy.yaml", policy())
    return folder


@pytest.fixture(scope="module")
def gatehouse(folder: Folder) -> Iterator[Gatehouse]:
    with up(folder.path) as running:
        yield running


@pytest.fixture
def edge(gatehouse: Gatehouse, folder: Folder, collector: Collector) -> Edge:
    return gatehouse.edge()


def traceparent(flags: str, number: int = 0) -> str:
    """What tells of a parent's trace."""
    return f"00-{number + 1:032x}-00f067aa0ba902b7-{flags}"


def sampled(edge: Edge, count: int, flags: str = "", **more: str) -> int:
    """Send requests, with a parent if its flags are given, and return how many the backend is told are traced."""
    found = 0
    for number in range(count):
        headers = {"traceparent": traceparent(flags, number)} if flags else {}
        answer = edge.get("shop.example.com", "/cart/1?a=b", **headers, **more)
        assert answer.status == 200
        found += any(it.endswith("-01") for it in answer.sent("Traceparent"))
    return found


def apply(folder: Folder, edge: Edge, collector: Collector, name: str, port: int = 4317, **asked: Any) -> Span:
    """Change the policy and return a span by it, from where its provider is in force too."""
    headers = {it["name"].lower(): it["value"] for it in asked.get("provider", {}).get("headers", ())}
    headers.pop("x-odd", None)

    def is_new(span: Span) -> bool:
        return span.name == name and headers.items() <= span.headers.items()

    def traced() -> bool:
        sampled(edge, 5, SAMPLED)
        return any(map(is_new, list(collector.spans)))

    folder.write("policy.yaml", policy(port, spanName=name, **asked))
    wait_until(traced, f"a span of name {name}")
    return collector.first(is_new)


def about(share: float) -> Any:
    """What a share of many requests comes to, but once in a million times."""
    return pytest.approx(MANY * share, abs=5 * sqrt(MANY * share * (1 - share)))


def test_a_request_has_a_span_for_itself_and_one_for_what_was_sent_on(edge: Edge, collector: Collector) -> None:
    """Without more than a collector every request is traced, under the Gateway's name."""
    assert sampled(edge, 10) == 10
    span, sent_on = collector.first(lambda it: it.kind == SERVER), collector.first(lambda it: it.kind == CLIENT)
    assert span.name == "GET httproute/shop/shop/rule/0/match/0"
    assert span.service == sent_on.service == "edge.shop"
    assert span.trace_id == sent_on.trace_id


def test_other_gateways_are_not_traced(gatehouse: Gatehouse) -> None:
    """Their requests are passed on as they came."""
    answer = gatehouse.edge(gateway="shop/other").get("shop.example.com", "/cart")
    assert answer.sent("Traceparent") == []


def test_attributes(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Literals, headers of requests and responses, and all of the dictionary; what has no value is left out."""
    apply(folder, edge, collector, "attributes", attributes=ATTRIBUTES, serviceName="web")
    sampled(edge, 5, x_tenant="blue", user_agent="test")
    span = collector.first(lambda it: it.kind == SERVER and "tenant" in it.attributes)
    said = {key: value for key, value in span.attributes.items() if key in {it["name"] for it in ATTRIBUTES}}
    assert span.service == "web"
    assert said.pop("a.client.port") == said.pop("a.network.peer.port") != ""
    host = "shop.example.com"
    assert said == {
        "env": "100% of it",
        "tenant": "blue",
        "kind": "application/json",
        "a.http.request.method": "GET",
        "a.http.request.method_original": "GET",
        "a.http.response.status_code": "200",
        "a.http.route": "/cart",
        "a.http.request.header.x-tenant": "blue",
        "a.http.response.header.content-type": "application/json",
        "a.user_agent.original": "test",
        "a.url.scheme": "http",
        "a.url.path": "/cart/1",
        "a.url.query": "a=b",
        "a.url.full": f"http://{host}/cart/1?a=b",
        "a.client.address": "127.0.0.1",
        "a.server.address": host,
        "a.server.port": "80",
        "a.network.peer.address": "127.0.0.1",
        "a.network.protocol.name": "http",
        "a.network.protocol.version": "1.1",
        "a.network.transport": "tcp",
        "a.network.type": "ipv4",
    }


def test_otlp_over_http(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Port 4318 is spoken to over HTTP; headers go along, whatever they hold."""
    provider = {
        "backendRef": {"name": "collector", "port": 4318},
        "headers": [{"name": "Authorization", "value": "Basic 50%REQ(host)%"}],
    }
    headers = apply(folder, edge, collector, "over-http", provider=provider).headers
    assert headers["authorization"] == "Basic 50%REQ(host)%"
    assert headers["content-type"] == "application/x-protobuf"


def test_otlp_over_grpc_with_headers(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Headers are sent as metadata, but for those that cannot be."""
    headers = [{"name": "Authorization", "value": "Bearer x"}, {"name": "X-Odd", "value": "50%"}]
    provider = {"backendRef": {"name": "collector", "port": 4317}, "headers": headers}
    sent = apply(folder, edge, collector, "over-grpc", provider=provider).headers
    assert sent["authorization"] == "Bearer x"
    assert "x-odd" not in sent


def test_parents_count_whatever_the_rate(folder: Folder, edge: Edge, collector: Collector) -> None:
    """At a rate of 0 no new traces begin, and those that have begun go on."""
    apply(folder, edge, collector, "none", samplingRate={"numerator": 0})
    assert (sampled(edge, 20), sampled(edge, 20, SAMPLED), sampled(edge, 20, UNSAMPLED)) == (0, 20, 0)


def test_clients_cannot_force_traces(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Envoy's own headers have no effect, and backends do not see what we use of them."""
    apply(folder, edge, collector, "unforced", samplingRate={"numerator": 0})
    assert sampled(edge, 10, x_client_trace_id="mine", x_envoy_force_trace="true") == 0
    answer = edge.get("shop.example.com", "/cart", traceparent=traceparent(SAMPLED))
    assert answer.sent("X-Client-Trace-Id") == []


def test_half_of_new_traces(folder: Folder, edge: Edge, collector: Collector) -> None:
    """A rate is that of requests without a parent."""
    apply(folder, edge, collector, "half", samplingRate={"numerator": 1, "denominator": 2})
    assert sampled(edge, MANY) == about(0.5)
    assert sampled(edge, 20, SAMPLED) == 20


def test_a_share_of_what_parents_want(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Parents may have a rate of their own, above that of new traces."""
    parents = {"mode": "Enabled", "samplingRate": {"numerator": 60}}
    apply(folder, edge, collector, "some", samplingRate={"numerator": 20}, parentBasedSampling=parents)
    assert sampled(edge, MANY) == about(0.2)
    assert sampled(edge, MANY, SAMPLED) == about(0.6)
    assert sampled(edge, 20, UNSAMPLED) == 0


def test_parents_may_count_less_than_new_traces(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Or below it."""
    parents = {"mode": "Enabled", "samplingRate": {"numerator": 20}}
    apply(folder, edge, collector, "fewer", samplingRate={"numerator": 60}, parentBasedSampling=parents)
    assert sampled(edge, MANY) == about(0.6)
    assert sampled(edge, MANY, SAMPLED) == about(0.2)
    assert sampled(edge, 20, UNSAMPLED) == 0


def test_a_gateway_that_decides_alone(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Without parent-based sampling only the rate counts."""
    alone = {"mode": "Disabled"}
    apply(folder, edge, collector, "alone", samplingRate={"numerator": 50}, parentBasedSampling=alone)
    assert sampled(edge, MANY) == about(0.5)
    assert sampled(edge, MANY, SAMPLED) == about(0.5)
    assert sampled(edge, MANY, UNSAMPLED) == about(0.5)


def test_a_policy_comes_and_goes_under_requests(folder: Folder, edge: Edge, collector: Collector) -> None:
    """Nobody sees an error while tracing begins, changes and ends."""
    folder.remove("policy.yaml")
    wait_until(lambda: not edge.get("shop.example.com", "/cart").sent("Traceparent"), "the end of tracing")
    with requests(edge, "whole.example.com") as load:
        for rate in (100, 50, 7):
            apply(folder, edge, collector, f"at-{rate}", samplingRate={"numerator": rate})
        folder.remove("policy.yaml")
        wait_until(lambda: not edge.get("shop.example.com", "/cart").sent("Traceparent"), "the end of tracing")
    assert load.failures == []
