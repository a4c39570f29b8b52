"""What commands answer with, for people, for programs and for scripts: tables, documents and exit statuses."""

import json
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner, Result

from tests.builders import gateway, gateway_class, http_route, service
from translator.pipeline import Settings
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.ads.messages import Node
from xds_server.ads.report import ResourceReport, Standing, StreamReport, TypeReport
from xds_server.ads.troubles import Trouble
from xds_server.cli.main import app
from xds_server.control_plane import ControlPlane
from xds_server.debug.known import Known
from xds_server.debug.methods import METHODS
from xds_server.files import Put
from xds_server.snapshot import Item

EDGE = Key("shop", "edge")
QUICKSTART = str(Path(__file__).parents[2] / "examples" / "quickstart")


def plane() -> ControlPlane:
    plane = ControlPlane(Settings(dns_services=True))
    to_cart = {"backendRefs": [{"name": "cart", "port": 80}]}
    for kind, value in (
        ("GatewayClass", gateway_class()),
        ("Gateway", gateway()),
        ("Service", service("cart", 80)),
        ("HTTPRoute", http_route(to_cart, name="cart", hostnames=("cart.example.com",))),
    ):
        plane.change([Put(Ref(kind, *value.metadata.key), value)])
    return plane


def serve(known: Known) -> tuple[grpc.Server, str]:
    """The methods behind a server of threads, so that a command can ask from the test's own."""
    server, lock = grpc.server(futures.ThreadPoolExecutor(4)), threading.Lock()

    def many(name: str) -> grpc.RpcMethodHandler:
        def answer(question: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            with lock:
                try:
                    yield from METHODS[name](known, question)
                except LookupError as error:
                    context.abort(grpc.StatusCode.NOT_FOUND, str(error))

        return grpc.unary_stream_rpc_method_handler(answer)

    handlers = {name: many(name) for name in METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("gatehouse.debug.v1.Debug", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def well() -> Iterator[str]:
    """A control plane where all is as it should be."""
    held = ResourceReport("shop/cart/80", Standing.SYNCED, "1", "1")
    types = (TypeReport(ResourceType.CLUSTER, (held,)),)
    server, address = serve(Known(plane(), lambda: (StreamReport(EDGE, Node("pod-1", str(EDGE)), "delta", types),)))
    yield address
    server.stop(None)


@pytest.fixture(scope="module")
def ill() -> Iterator[str]:
    """One whose Envoy refuses a cluster and does not answer for a host."""
    known, made = plane(), []
    [table] = known.snapshots[EDGE].tables
    made.append(Trouble(EDGE, "pod-1", ResourceType.CLUSTER, Item("shop/cart/80"), "2" * 32, "1" * 32, "no such thing"))
    made.append(Trouble(EDGE, "pod-1", ResourceType.ROUTE, Item(table, "cart.example.com"), "3" * 32, "", "", 42.0))
    types = (TypeReport(ResourceType.CLUSTER, ()),)
    stream = StreamReport(EDGE, Node("pod-1", str(EDGE)), "delta", types)
    server, address = serve(Known(known, lambda: (stream,), lambda: made))
    yield address
    server.stop(None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_all_is_well_is_0(well: str) -> None:
    for command in (("status",), ("envoys",), ("diff",), ("snapshot",), ("status", "HTTPRoute", "shop/cart")):
        result = run(*command, "--server", well)
        assert (result.exit_code, result.stderr) == (0, ""), command
    assert run("explain", "GET", "http://cart.example.com/", "--server", well).exit_code == 0


def test_something_amiss_or_missing_is_1(well: str, ill: str) -> None:
    for command in (("status",), ("status", "--amiss"), ("envoys",), ("status", "Service", "shop/cart")):
        assert run(*command, "--server", ill).exit_code == 1, command
    for command in (("status", "HTTPRoute", "shop/gone"), ("snapshot", "--gateway", "shop/gone")):
        assert run(*command, "--server", well).exit_code == 1, command
    assert run("explain", "GET", "http://other.example.com/", "--server", well).exit_code == 1
    assert run("snapshot", "-f", QUICKSTART, "--gateway", "shop/gone").exit_code == 1


def test_nobody_to_ask_is_2() -> None:
    for command in (("status",), ("envoys",), ("diff",), ("snapshot",), ("explain", "GET", "http://a/")):
        result = run(*command, "--server", "127.0.0.1:1")
        assert result.exit_code == 2, command
        assert "127.0.0.1:1" in result.stderr
    for wrong in (("status", "-o", "xml"), ("status", "HTTPRoute")):
        assert run(*wrong).exit_code == 2


def test_troubles_stand_at_every_object_that_has_a_part(ill: str) -> None:
    """With the version that the Envoy serves meanwhile, or that it serves nothing."""
    said = run("status", "--amiss", "--server", ill).stdout
    refused = (
        "Envoy pod-1 of Gateway shop/edge refuses clusters shop/cart/80: no such thing; it still serves version 1111"
    )
    slow = "has not answered for 42 s for routes"
    lines = said.splitlines()
    assert [line.split()[:2] for line in lines if refused in line] == [
        ["HTTPRoute", "shop/cart"],
        ["Service", "shop/cart"],
    ]
    assert any(line.startswith("Gateway") and slow in line for line in lines)


def test_one_object_is_told_whole(ill: str) -> None:
    said = run("status", "HTTPRoute", "shop/cart", "--server", ill).stdout
    assert said.startswith("HTTPRoute shop/cart\n")
    for words in (
        "Accepted True",
        "! Envoy pod-1",
        "Became, or has a part in:",
        "host cart.example.com",
        "Last changes",
    ):
        assert words in said


def test_documents_have_every_field_whether_empty_or_not(well: str) -> None:
    """So that a program need not ask whether one is there."""
    [cart] = [
        json.loads(it)
        for it in run("status", "--kind", "HTTPRoute", "-o", "json", "--server", well).stdout.splitlines()
    ]
    assert cart.keys() == {"object", "conditions", "troubles"}
    assert cart["troubles"] == []
    [edge] = [json.loads(it) for it in run("envoys", "-o", "json", "--server", well).stdout.splitlines()]
    assert edge.keys() == {"name", "envoys", "resources"}
    assert edge["envoys"][0].keys() == {"node", "protocol", "standings", "lag_seconds", "troubles"}
    asked = run("explain", "GET", "http://cart.example.com/a", "-o", "json", "--server", well)
    [won] = json.loads(asked.stdout)["won"]
    assert (won["path"], won["host"], won["kind"]) == ("/a", "cart.example.com", "forward")


def test_an_explanation_tells_what_an_envoy_still_serves(ill: str) -> None:
    said = run("explain", "GET", "http://cart.example.com/", "--server", ill).stdout
    assert "Envoy pod-1 refused version 222222222222 of clusters shop/cart/80; it still serves version 1111" in said


def test_a_snapshot_is_had_of_files_and_by_version() -> None:
    whole = run("snapshot", "-f", QUICKSTART, "-o", "json", "--type", "clusters")
    [found] = json.loads(whole.stdout)["resources"]
    assert found.keys() == {"type", "name", "version", "config"}
    by_version = run("snapshot", "-f", QUICKSTART, "-o", "json", "--version", found["version"])
    assert [it["name"] for it in json.loads(by_version.stdout)["resources"]] == [found["name"]]
