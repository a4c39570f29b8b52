"""The wire codec against the generated messages of the same protocol files."""

import pytest
from envoy.service.discovery.v3 import discovery_pb2
from hypothesis import given
from hypothesis import strategies as st

from translator.xds.resource import ResourceType
from xds_server.ads.messages import (
    Node,
    Request,
    Response,
    Sendable,
    decode_delta_request,
    decode_request,
    encode_delta_response,
    encode_response,
)

TEXT = st.text(max_size=20)
NAMES = st.lists(TEXT, max_size=4)
KINDS = st.sampled_from(ResourceType)
BODIES = st.lists(st.binary(max_size=300), max_size=3).map(tuple)
SENDABLES = st.lists(st.builds(Sendable, TEXT, TEXT, BODIES), max_size=4).map(tuple)


def a_node(id_: str, cluster: str) -> dict[str, object]:
    """A node with fields that nobody here reads."""
    locality = {"region": "r", "zone": "z"}
    return {"id": id_, "cluster": cluster, "user_agent_name": "envoy", "locality": locality, "metadata": {"a": 1.5}}


@given(TEXT, TEXT, TEXT, NAMES, TEXT, st.none() | TEXT, TEXT)
def test_a_request_is_read_as_it_was_written(
    node: str, cluster: str, version: str, names: list[str], nonce: str, words: str | None, kind: str
) -> None:
    written = discovery_pb2.DiscoveryRequest(
        version_info=version, resource_names=names, type_url=kind, response_nonce=nonce, node=a_node(node, cluster)
    )
    if words is not None:
        written.error_detail.code = 13
        written.error_detail.message = words
    body = written.node.SerializeToString()
    assert decode_request(written.SerializeToString()) == Request(
        kind, Node(node, cluster, body), nonce=nonce, words=words, subscribe=tuple(names), version=version
    )


@given(NAMES, NAMES, st.dictionaries(TEXT, TEXT, max_size=4), TEXT, st.none() | TEXT, TEXT)
def test_a_delta_request_is_read_as_it_was_written(
    subscribe: list[str], unsubscribe: list[str], versions: dict[str, str], nonce: str, words: str | None, kind: str
) -> None:
    written = discovery_pb2.DeltaDiscoveryRequest(
        type_url=kind,
        resource_names_subscribe=subscribe,
        resource_names_unsubscribe=unsubscribe,
        initial_resource_versions=versions,
        response_nonce=nonce,
    )
    if words is not None:
        written.error_detail.message = words
    request = decode_delta_request(written.SerializeToString())
    assert (request.type_url, request.nonce, request.words, request.node) == (kind, nonce, words, None)
    assert (request.subscribe, request.unsubscribe) == (tuple(subscribe), tuple(unsubscribe))
    assert dict(request.initial_versions) == versions


@given(KINDS, TEXT, TEXT, SENDABLES)
def test_a_response_is_written_as_others_read_it(
    kind: ResourceType, nonce: str, version: str, resources: tuple[Sendable, ...]
) -> None:
    read = discovery_pb2.DiscoveryResponse.FromString(encode_response(Response(kind, nonce, version, resources)))
    assert (read.type_url, read.nonce, read.version_info) == (kind, nonce, version)
    assert [(each.type_url, each.value) for each in read.resources] == [(kind, each.body) for each in resources]


@given(KINDS, TEXT, SENDABLES, NAMES)
def test_a_delta_response_is_written_as_others_read_it(
    kind: ResourceType, nonce: str, resources: tuple[Sendable, ...], removed: list[str]
) -> None:
    response = Response(kind, nonce, resources=resources, removed=tuple(removed))
    read = discovery_pb2.DeltaDiscoveryResponse.FromString(encode_delta_response(response))
    assert (read.type_url, read.nonce, list(read.removed_resources)) == (kind, nonce, removed)
    found = [(each.name, each.version, each.resource.value) for each in read.resources]
    assert found == [(each.name, each.version, each.body) for each in resources]
    assert {each.resource.type_url for each in read.resources} <= {kind}


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_a_value_error(data: bytes) -> None:
    for decode in (decode_request, decode_delta_request):
        try:
            decode(data)
        except ValueError:
            continue


def test_a_field_that_is_cut_off_is_refused() -> None:
    whole = discovery_pb2.DiscoveryRequest(type_url="abc").SerializeToString()
    with pytest.raises(ValueError, match="ends after"):
        decode_request(whole[:-1])
