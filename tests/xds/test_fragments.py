"""What is written as bytes, for being written most, is what the messages of envoy-data-plane say."""

from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from hypothesis import given
from hypothesis import strategies as st

from tests.xds.world import to
from translator import ir
from translator.value import Ref
from translator.xds import cluster, discovery, endpoint, forward, limits, matching, wire

NAMES = st.text(min_size=1, max_size=200)
SERVED = [ir.Served(Ref(kind, "shop", "cart"), ("infra", "edge"), 80, False) for kind in ("HTTPRoute", "GRPCRoute")]  # type: ignore[arg-type]
PATHS = st.builds(
    ir.Path, st.sampled_from(["exact", "prefix", "regex"]), st.text(max_size=200).map(lambda text: f"/{text}")
)
MATCHES = st.builds(
    ir.Match,
    PATHS,
    method=st.sampled_from(["", "GET"]),
    headers=st.just(()) | st.just((ir.Named("a", "b"),)),
    grpc=st.booleans(),
    share=st.sampled_from([0, 7]),
)
FORWARDS = st.builds(
    to,
    st.sampled_from(["cart", "cart*7"]),
    hostname=st.sampled_from(["", "other.example.com"]),
    request_timeout=st.sampled_from([None, 0, 900_000]),
    retry=st.none() | st.just(ir.Retry(1)),
)


@given(MATCHES | st.builds(ir.Match, PATHS))
def test_a_match_is_what_its_message_says(match: ir.Match) -> None:
    assert matching.encode(match) == wire.encode(matching.route_match(match))


@given(FORWARDS | st.just(to("cart")) | st.just(to("cart", "order")), NAMES, st.sampled_from(SERVED))
def test_an_action_is_what_its_message_says(action: ir.Forward, name: str, served: ir.Served) -> None:
    shares = [forward.Share(name, backend) for backend in action.backends]
    asked: tuple[Any, ...] = action, ir.Path("prefix", "/"), shares, [], served
    assert forward.encode(*asked) == wire.encode(forward.route_action(*asked))


@given(NAMES, st.lists(st.tuples(NAMES, st.integers(0, 65535)), max_size=5))
def test_endpoints_are_what_their_message_says(name: str, addresses: list[tuple[str, int]]) -> None:
    body = endpoint.encode(None, ir.Endpoints(name, tuple(addresses))).body
    assert body == wire.encode(endpoint.assignment(name, tuple(addresses)))
    assert endpoint_pb2.ClusterLoadAssignment.FromString(body).cluster_name == name


@pytest.mark.parametrize("budget", [None, ir.RetryBudget(20, 10_000, 3)])
@pytest.mark.parametrize("dns", [(), (("db.example.com", 5432),)])
@pytest.mark.parametrize("protocol", ["http1", "http2", "tcp"])
def test_a_cluster_is_what_its_message_says(protocol: str, dns: Any, budget: ir.RetryBudget | None) -> None:
    made = cluster.encode(
        None, ir.Cluster("shop/cart/80", ir.ClusterKey("shop", "cart", 80, protocol), dns, budget=budget)
    )
    source = discovery.resolved(endpoint.assignment("shop/cart/80", dns)) if dns else discovery.told()
    message = wire.new(
        cluster_v3.Cluster,
        name="shop/cart/80",
        connect_timeout=limits.CONNECT_TIMEOUT,
        per_connection_buffer_limit_bytes=limits.BUFFER_LIMIT,
        lb_policy=cluster_v3.ClusterLbPolicy.LEAST_REQUEST,
        circuit_breakers=limits.circuit_breakers(budget),
        ignore_health_on_host_removal=True,
        typed_extension_protocol_options=cluster._protocol_options(protocol),
        **source,
    )
    read = cluster_pb2.Cluster.FromString
    assert read(made.body) == read(wire.encode(message))
