"""The debug endpoint as its clients see it: a CSDS stub, a reflection client and a health probe over real gRPC."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import grpc
import pytest
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.status.v3 import csds_pb2, csds_pb2_grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from translator.pipeline import Settings
from translator.value import Key
from translator.xds.resource import ResourceChange, ResourceType, TableChange, resource, route_table
from xds_server.ads.messages import Node
from xds_server.ads.report import ResourceReport, Standing, StreamReport, TypeReport
from xds_server.control_plane import ControlPlane
from xds_server.debug.known import Known
from xds_server.debug.service import CSDS, DebugServer

pytestmark = pytest.mark.anyio

EDGE, SIDE = Key("shop", "edge"), Key("shop", "side")
CLUSTER = resource("shop/cart/80", b"\x0a\x0cshop/cart/80")


def secret() -> bytes:
    """A certificate with its key."""
    message = secret_pb2.Secret(name="shop/tls")
    message.tls_certificate.certificate_chain.inline_bytes = b"CERTIFICATE"
    message.tls_certificate.private_key.inline_bytes = b"VERY PRIVATE"
    return message.SerializeToString()


def plane() -> ControlPlane:
    """Two Gateways; `side` has no Envoy."""
    plane = ControlPlane(Settings())
    plane.snapshots.apply(
        [
            ResourceChange(EDGE, ResourceType.CLUSTER, CLUSTER.name, CLUSTER),
            ResourceChange(EDGE, ResourceType.SECRET, "shop/tls", resource("shop/tls", secret())),
            TableChange(SIDE, "http/80/0", route_table("http/80/0", b"\x0a\x09http/80/0")),
        ]
    )
    return plane


def stream() -> StreamReport:
    """An Envoy of `edge` that has refused the cluster."""
    refused = ResourceReport(CLUSTER.name, Standing.ERROR, "1", "1", CLUSTER.version, "no such thing")
    shown = ResourceReport("shop/tls", Standing.SYNCED, "1", "1")
    node = Node("pod-1", "shop/edge", b"\x0a\x05pod-1\x12\x09shop/edge")
    types = (TypeReport(ResourceType.CLUSTER, (refused,)), TypeReport(ResourceType.SECRET, (shown,)))
    return StreamReport(EDGE, node, "delta", types)


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """A debug server's address; one for all tests, for gRPC does not like its event loop to change."""
    server = DebugServer(Known(plane(), lambda: (stream(),)))
    port = server.bind("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop()


async def fetch(address: str, request: csds_pb2.ClientStatusRequest) -> csds_pb2.ClientStatusResponse:
    """Ask once."""
    async with grpc.aio.insecure_channel(address) as channel:
        return await csds_pb2_grpc.ClientStatusDiscoveryServiceStub(channel).FetchClientStatus(request)


async def test_every_envoy_and_every_gateway_without_one_is_listed(address: str) -> None:
    """Connected Envoys come with their node; a Gateway that none is connected for with what it would be sent."""
    answer = await fetch(address, csds_pb2.ClientStatusRequest())
    assert [(it.node.cluster, it.node.id) for it in answer.config] == [("shop/edge", "pod-1"), ("shop/side", "")]
    (table,) = answer.config[1].generic_xds_configs
    assert (table.name, table.config_status) == ("http/80/0", csds_pb2.ConfigStatus.NOT_SENT)


async def test_a_refused_resource_comes_with_envoys_words(address: str) -> None:
    """ERROR and NACKED, the version that was refused and why."""
    cluster = (await fetch(address, csds_pb2.ClientStatusRequest())).config[0].generic_xds_configs[0]
    assert (cluster.type_url, cluster.name) == (ResourceType.CLUSTER, CLUSTER.name)
    assert cluster.config_status == csds_pb2.ConfigStatus.ERROR
    assert (cluster.error_state.details, cluster.error_state.version_info) == ("no such thing", CLUSTER.version)
    assert cluster.xds_config.value == CLUSTER.body


async def test_a_private_key_never_leaves(address: str) -> None:
    """Of a Secret the chain is shown and the key is not, in no byte of the answer."""
    answer = await fetch(address, csds_pb2.ClientStatusRequest())
    assert b"VERY PRIVATE" not in answer.SerializeToString()
    shown = secret_pb2.Secret.FromString(answer.config[0].generic_xds_configs[1].xds_config.value)
    assert shown.tls_certificate.certificate_chain.inline_bytes == b"CERTIFICATE"
    assert shown.tls_certificate.private_key.inline_string == "[redacted]"


async def test_contents_may_be_left_out(address: str) -> None:
    """exclude_resource_contents leaves names, versions and states."""
    answer = await fetch(address, csds_pb2.ClientStatusRequest(exclude_resource_contents=True))
    assert not any(it.HasField("xds_config") for config in answer.config for it in config.generic_xds_configs)


@pytest.mark.parametrize(
    ("matcher", "found"),
    [
        ({"exact": "pod-1"}, ["pod-1"]),
        ({"prefix": "POD", "ignore_case": True}, ["pod-1"]),
        ({"suffix": "-2"}, []),
        ({"safe_regex": {"regex": "pod-[0-9]"}}, ["pod-1"]),
    ],
)
async def test_clients_are_chosen_by_node_id(address: str, matcher: dict[str, object], found: list[str]) -> None:
    """node_matchers choose by the id of the node."""
    request = csds_pb2.ClientStatusRequest(node_matchers=[{"node_id": matcher}])
    assert [it.node.id for it in (await fetch(address, request)).config] == found


async def test_the_stream_answers_every_request(address: str) -> None:
    """StreamClientStatus answers one request after the other."""
    async with grpc.aio.insecure_channel(address) as channel:
        call = csds_pb2_grpc.ClientStatusDiscoveryServiceStub(channel).StreamClientStatus()
        for _ in range(2):
            await call.write(csds_pb2.ClientStatusRequest())
            assert len((await call.read()).config) == 2
        await call.done_writing()


async def test_reflection_describes_csds_without_files(address: str) -> None:
    """A client that has no descriptor finds the services and all their types."""
    with grpc.insecure_channel(address) as channel:
        services, method = await asyncio.to_thread(_describe, channel)
    assert CSDS in services
    assert "grpc.health.v1.Health" in services
    assert method == "envoy.service.status.v3.ClientStatusResponse"


def _describe(channel: grpc.Channel) -> tuple[list[str], str]:
    database = ProtoReflectionDescriptorDatabase(channel)
    service = DescriptorPool(database).FindServiceByName(CSDS)
    return list(database.get_services()), service.methods_by_name["FetchClientStatus"].output_type.full_name


async def test_it_is_healthy(address: str) -> None:
    """grpc.health.v1 says SERVING, for all and for CSDS."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", CSDS):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_descriptors_are_not_loaded_before_somebody_asks() -> None:
    """Starting the endpoint imports no xDS descriptor: they cost memory that most never need."""
    code = (
        "import sys, xds_server.debug.service; print([m for m in sys.modules if m.endswith('_pb2') and 'envoy' in m])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_what_is_no_request_is_refused(address: str) -> None:
    """Garbage and unsupported matchers end in INVALID_ARGUMENT with a message, and harm nothing."""
    async with grpc.aio.insecure_channel(address) as channel:
        ask = channel.unary_unary(f"/{CSDS}/FetchClientStatus")
        for question in (b"\xff\xff", csds_pb2.ClientStatusRequest(node_matchers=[{}]).SerializeToString()):
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await ask(question)
            assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
