"""The encoder: envoy-data-plane's own `bytes()` is one oracle, upb the other."""

import dataclasses
from datetime import timedelta
from typing import Any

import betterproto2
import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3
from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.envoy.type import v3 as type_v3
from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3
from envoy_data_plane.google import protobuf
from google.protobuf import any_pb2, duration_pb2
from hypothesis import given
from hypothesis import strategies as st

from translator.xds import wire

TEXT = st.text(max_size=200)
NAMES = st.text(min_size=1, max_size=20)
UINT32 = st.integers(0, 2**32 - 1)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3)


REGEXES = st.builds(matcher_v3.RegexMatcher, regex=NAMES)
STRINGS = st.builds(matcher_v3.StringMatcher, exact=TEXT) | st.builds(
    matcher_v3.StringMatcher, safe_regex=REGEXES, ignore_case=st.booleans()
)
FRACTIONS = st.builds(
    type_v3.FractionalPercent,
    numerator=UINT32,
    denominator=st.sampled_from(list(type_v3.FractionalPercentDenominatorType)),
)
HEADER_OPTIONS = st.builds(
    core_v3.HeaderValueOption,
    header=st.builds(core_v3.HeaderValue, key=NAMES, value=TEXT, raw_value=st.binary(max_size=20)),
    append_action=st.sampled_from(list(core_v3.HeaderValueOptionHeaderAppendAction)),
    keep_empty_value=st.booleans(),
)
WEIGHTED = st.builds(
    route_v3.WeightedCluster,
    clusters=some(
        st.builds(route_v3.WeightedClusterClusterWeight, name=NAMES, weight=maybe(UINT32)),
    ),
)
ACTIONS = st.builds(
    route_v3.RouteAction,
    cluster=NAMES,
    timeout=maybe(SPANS),
    idle_timeout=maybe(SPANS),
    retry_policy=maybe(
        st.builds(route_v3.RetryPolicy, retry_on=TEXT, num_retries=maybe(UINT32), retriable_status_codes=some(UINT32))
    ),
    request_mirror_policies=some(
        st.builds(
            route_v3.RouteActionRequestMirrorPolicy,
            cluster=NAMES,
            runtime_fraction=maybe(st.builds(core_v3.RuntimeFractionalPercent, default_value=FRACTIONS)),
        )
    ),
) | st.builds(route_v3.RouteAction, weighted_clusters=WEIGHTED, auto_host_rewrite=maybe(st.booleans()))
MATCHES = st.builds(
    route_v3.RouteMatch,
    prefix=TEXT,
    headers=some(
        st.builds(route_v3.HeaderMatcher, name=NAMES, string_match=STRINGS, invert_match=st.booleans())
        | st.builds(route_v3.HeaderMatcher, name=NAMES, present_match=st.booleans())
    ),
    query_parameters=some(st.builds(route_v3.QueryParameterMatcher, name=NAMES, string_match=STRINGS)),
    grpc=maybe(st.just(route_v3.RouteMatchGrpcRouteMatchOptions())),
)
ANYS = st.builds(protobuf.Any, type_url=TEXT, value=st.binary(max_size=20))
ROUTES = st.builds(
    route_v3.Route,
    name=TEXT,
    match=maybe(MATCHES),
    route=ACTIONS,
    request_headers_to_add=some(HEADER_OPTIONS),
    response_headers_to_remove=some(TEXT),
    typed_per_filter_config=st.dictionaries(NAMES, ANYS, max_size=4),
)
ADDRESSES = st.builds(
    core_v3.Address, socket_address=st.builds(core_v3.SocketAddress, address=NAMES, port_value=st.integers(0, 65535))
)
ASSIGNMENTS = st.builds(
    endpoint_v3.ClusterLoadAssignment,
    cluster_name=NAMES,
    endpoints=some(
        st.builds(
            endpoint_v3.LocalityLbEndpoints,
            load_balancing_weight=maybe(UINT32),
            lb_endpoints=some(
                st.builds(endpoint_v3.LbEndpoint, endpoint=st.builds(endpoint_v3.Endpoint, address=ADDRESSES))
            ),
        )
    ),
)
CLUSTERS = st.builds(
    cluster_v3.Cluster,
    name=NAMES,
    type=st.sampled_from(list(cluster_v3.ClusterDiscoveryType)),
    connect_timeout=maybe(SPANS),
    per_connection_buffer_limit_bytes=maybe(UINT32),
    ignore_health_on_host_removal=st.booleans(),
    load_assignment=maybe(ASSIGNMENTS),
    common_lb_config=maybe(
        st.builds(
            cluster_v3.ClusterCommonLbConfig,
            healthy_panic_threshold=maybe(st.builds(type_v3.Percent, value=st.floats(0, 100).map(abs))),
        )
    ),
    circuit_breakers=maybe(
        st.builds(
            cluster_v3.CircuitBreakers,
            thresholds=some(st.builds(cluster_v3.CircuitBreakersThresholds, max_requests=maybe(UINT32))),
        )
    ),
)


def sorted_by(message: Any) -> bytes:
    """`bytes()` after giving maps the order that ours has."""
    if isinstance(message, route_v3.Route):
        message.typed_per_filter_config = dict(sorted(message.typed_per_filter_config.items()))
    return bytes(message)


@given(ROUTES)
def test_a_route_is_encoded_as_its_own_bytes(message: route_v3.Route) -> None:
    encoded = wire.encode(message)
    assert encoded == sorted_by(message)
    assert route_components_pb2.Route.FromString(encoded) == route_components_pb2.Route.FromString(sorted_by(message))


def bare(value: Any) -> Any:
    """The same message made by `wire.new`: fields that hold their default left out, the others in reverse order."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if not isinstance(value, betterproto2.Message):
        return value
    names = [field.name for field in dataclasses.fields(value) if value.is_set(field.name)]  # type: ignore[arg-type]
    return wire.new(type(value), **{name: bare(getattr(value, name)) for name in reversed(names)})


@given(ROUTES | ASSIGNMENTS | CLUSTERS)
def test_a_message_made_of_its_fields_alone_is_encoded_alike(message: betterproto2.Message) -> None:
    assert wire.encode(bare(message)) == wire.encode(message)


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError, match="by name"):
        wire.new(core_v3.HeaderValue, "key")


@given(ASSIGNMENTS)
def test_endpoints_are_encoded_as_their_own_bytes(message: endpoint_v3.ClusterLoadAssignment) -> None:
    encoded = wire.encode(message)
    assert encoded == bytes(message)
    assert endpoint_pb2.ClusterLoadAssignment.FromString(encoded).SerializeToString(deterministic=True) == encoded


@given(CLUSTERS)
def test_a_cluster_is_encoded_as_its_own_bytes(message: cluster_v3.Cluster) -> None:
    encoded = wire.encode(message)
    assert encoded == bytes(message)
    assert cluster_pb2.Cluster.FromString(encoded).name == message.name


@given(st.timedeltas(min_value=timedelta(days=-4000), max_value=timedelta(days=4000)))
def test_durations_of_either_sign_are_encoded_as_protobuf_has_them(span: timedelta) -> None:
    expected = duration_pb2.Duration()
    expected.FromTimedelta(span)
    encoded = wire.encode(cluster_v3.Cluster(connect_timeout=span))
    assert cluster_pb2.Cluster.FromString(encoded).connect_timeout == expected


@given(st.dictionaries(NAMES, NAMES, max_size=6))
def test_maps_are_written_in_the_order_of_their_keys(members: dict[str, str]) -> None:
    def encoded(entries: list[tuple[str, str]]) -> bytes:
        metadata = {key: protobuf.Struct(fields={value: protobuf.Value(bool_value=True)}) for key, value in entries}
        return wire.encode(core_v3.Metadata(filter_metadata=metadata))

    forwards, backwards = list(members.items()), list(members.items())[::-1]
    assert encoded(forwards) == encoded(backwards)
    assert set(base_pb2.Metadata.FromString(encoded(forwards)).filter_metadata) == set(members)


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (-1, b"\xff" * 9 + b"\x01")]
)
def test_varints(number: int, encoded: bytes) -> None:
    assert wire.varint(number) == encoded


def test_a_frame_is_tag_length_and_body() -> None:
    assert wire.frame(2, b"cart") == b"\x12\x04cart"


def test_any_carries_the_type_of_its_message() -> None:
    packed = wire.encode(wire.any_of(core_v3.SocketAddress(address="127.0.0.1", port_value=80)))
    message = any_pb2.Any.FromString(packed)
    assert message.type_url == "type.googleapis.com/envoy.config.core.v3.SocketAddress"
