"""gatehouse.debug.v1 over real gRPC: a control plane with a Gateway and a route, changed while somebody looks."""

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from tests.builders import gateway, gateway_class, http_route, service
from translator.pipeline import Settings
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.ads.messages import Node
from xds_server.ads.report import ResourceReport, Standing, StreamReport, TypeReport
from xds_server.control_plane import ControlPlane
from xds_server.debug.known import Known
from xds_server.debug.service import DebugServer
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.files import Put

pytestmark = pytest.mark.anyio

EDGE = Key("shop", "edge")
REFUSED = ResourceReport("shop/cart/80", Standing.ERROR, "2", "1", "2", "no such thing")
ENVOY = StreamReport(EDGE, Node("pod-1", str(EDGE)), "delta", (TypeReport(ResourceType.CLUSTER, (REFUSED,)),))


def to_cart(path: str) -> dict[str, Any]:
    return {"matches": [{"path": {"value": path}}], "backendRefs": [{"name": "cart", "port": 80}]}


def put(plane: ControlPlane, kind: str, value: Any) -> None:
    plane.change([Put(Ref(kind, *value.metadata.key), value)])


class Debug:
    """A client that knows the methods by their names."""

    def __init__(self, plane: ControlPlane, channel: Any) -> None:
        self.plane = plane
        self.channel = channel

    async def ask(self, method: str, request: Any, answer: Any) -> Any:
        call = self.channel.unary_unary(f"/gatehouse.debug.v1.Debug/{method}", response_deserializer=answer.FromString)
        return await call(request.SerializeToString(), timeout=30)

    def every(self, method: str, request: Any, answer: Any) -> Any:
        call = self.channel.unary_stream(f"/gatehouse.debug.v1.Debug/{method}", response_deserializer=answer.FromString)
        return call(request.SerializeToString(), timeout=30)


@pytest.fixture(scope="module")
async def debug() -> AsyncIterator[Debug]:
    plane = ControlPlane(Settings(dns_services=True))
    put(plane, "GatewayClass", gateway_class())
    put(plane, "Gateway", gateway())
    put(plane, "Service", service("cart", 80))
    put(plane, "HTTPRoute", http_route(to_cart("/"), name="cart"))
    put(plane, "HTTPRoute", http_route({"backendRefs": [{"name": "gone", "port": 80}]}, name="lost"))
    server = DebugServer(Known(plane, lambda: (ENVOY,)))
    port = server.bind("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Debug(plane, channel)
    await server.stop()


async def test_gateways_come_with_their_envoys(debug: Debug) -> None:
    """What an Envoy refused comes with its words, and what its Gateway has is counted by type."""
    [found] = (await debug.ask("ListGateways", pb.ListGatewaysRequest(), pb.ListGatewaysResponse)).gateways
    assert (found.name, found.resources["listeners"], found.resources["clusters"]) == ("shop/edge", 1, 1)
    [envoy] = found.envoys
    [standing] = envoy.standings
    [refusal] = standing.refusals
    assert (envoy.node, refusal.name, refusal.words) == ("pod-1", "shop/cart/80", "no such thing")


async def test_objects_with_something_amiss_can_be_picked_out(debug: Debug) -> None:
    request = pb.ListObjectsRequest(kind="HTTPRoute", amiss=True)
    [found] = (await debug.ask("ListObjects", request, pb.ListObjectsResponse)).objects
    [wrong] = [it for it in found.conditions if it.amiss]
    assert (found.object.name, wrong.type, wrong.status, wrong.reason) == (
        "lost",
        "ResolvedRefs",
        "False",
        "BackendNotFound",
    )


async def test_a_snapshot_is_told_resource_by_resource(debug: Debug) -> None:
    request = pb.GetSnapshotRequest(gateway="shop/edge", type="clusters")
    [found] = [it async for it in debug.every("GetSnapshot", request, pb.Resource)]
    assert (found.name, json.loads(found.json)["name"]) == ("shop/cart/80", "shop/cart/80")
    assert found.version


async def test_an_unknown_gateway_is_told_which_there_are(debug: Debug) -> None:
    with pytest.raises(grpc.RpcError, match="there is shop/edge") as error:
        async for _ in debug.every("GetSnapshot", pb.GetSnapshotRequest(gateway="shop/egde"), pb.Resource):
            pass
    assert error.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_change_names_its_cause_and_what_it_did(debug: Debug) -> None:
    """A watcher hears of it, and the list has it first, with what was and what is."""
    changes = debug.every("WatchChanges", pb.WatchChangesRequest(), pb.Change)
    await changes.initial_metadata()
    put(debug.plane, "HTTPRoute", http_route(to_cart("/new"), name="cart"))
    heard = await anext(aiter(changes))
    request = pb.ListChangesRequest(gateway="shop/edge", limit=1, contents=True)
    [listed] = (await debug.ask("ListChanges", request, pb.ListChangesResponse)).changes
    assert heard.number == listed.number
    assert [(it.kind, it.namespace, it.name) for it in listed.causes] == [("HTTPRoute", "shop", "cart")]
    [edit] = listed.edits
    assert (edit.type, edit.name, edit.host) == ("routes", "http/80/0", "*")
    assert "/new" not in edit.before_json
    assert "/new" in edit.after_json
    assert edit.before != edit.after
    changes.cancel()


async def test_explain_is_asked_over_the_wire(debug: Debug) -> None:
    request = pb.ExplainRequest(method="GET", url="http://a.example.com/elsewhere")
    [found] = (await debug.ask("Explain", request, pb.ExplainResponse)).explanations
    assert (found.gateway, found.host) == ("shop/edge", "*")


async def test_nonsense_is_an_invalid_argument(debug: Debug) -> None:
    with pytest.raises(grpc.RpcError, match="not a URL of HTTP") as error:
        await debug.ask("Explain", pb.ExplainRequest(method="GET", url="ftp://a"), pb.ExplainResponse)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
