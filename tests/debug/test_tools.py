"""The debug endpoint as tools of others see it: grpcurl, without any file, and a client of CSDS written in Go."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from envoy.service.status.v3 import csds_pb2

from tests.envoy.running import LOOPBACK, free_port, running
from tests.live.csds import fetch
from tests.live.documents import gateway, gateway_class, http_route, listener
from tests.live.stack import Folder, Ports, bootstrap_of, serve

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatehouse" / "bin"
"""Where hack/grpc-tools.sh puts them."""
DEBUG, CSDS = "gatehouse.debug.v1.Debug", "envoy.service.status.v3.ClientStatusDiscoveryService"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not (CACHE / "grpcurl").exists(), reason="hack/grpc-tools.sh has not built them here"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The debug endpoint of a control plane with one Gateway, one route and one Envoy that has all of it."""
    folder, ports = Folder(tmp_path_factory.mktemp("tools") / "resources"), Ports()
    found = [gateway_class(), gateway(listener(port=free_port()))]
    redirect = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "elsewhere.test"}}]}
    folder.write("all.yaml", *found, http_route("cart", redirect))
    at = f"{LOOPBACK}:{ports.debug}"
    with serve(folder, ports) as gatehouse, running(bootstrap_of(ports)):

        def all_synced() -> bool:
            states = {it.config_status for config in fetch(at).config for it in config.generic_xds_configs}
            return states == {csds_pb2.SYNCED}

        gatehouse.wait_until(all_synced, "the Envoy to have everything")
        yield at


def grpcurl(*arguments: str) -> str:
    command = [str(CACHE / "grpcurl"), "-plaintext", "-emit-defaults", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def asked(address: str, name: str, /, **question: Any) -> list[dict[str, Any]]:
    """Call a method of gatehouse.debug.v1 and return its answers."""
    text, found = grpcurl("-d", json.dumps(question), address, f"{DEBUG}/{name}"), []
    while text.strip():
        answer, end = json.JSONDecoder().raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        found.append(answer)
    return found


def test_services_are_listed(address: str) -> None:
    assert set(grpcurl(address, "list").split()) >= {DEBUG, CSDS, "grpc.health.v1.Health"}


def test_every_method_and_message_is_described(address: str) -> None:
    described = grpcurl(address, "describe", DEBUG)
    methods = ("ListGateways", "ListObjects", "GetObject", "GetSnapshot", "ListChanges", "WatchChanges", "Explain")
    assert all(f"rpc {it} (" in described for it in methods)
    assert "repeated .gatehouse.debug.v1.Trouble troubles" in grpcurl(address, "describe", "gatehouse.debug.v1.Envoy")
    assert "generic_xds_configs" in grpcurl(address, "describe", "envoy.service.status.v3.ClientConfig")


def test_it_is_healthy(address: str) -> None:
    assert json.loads(grpcurl(address, "grpc.health.v1.Health/Check")) == {"status": "SERVING"}


def test_every_question_is_answered(address: str) -> None:
    [gateways] = asked(address, "ListGateways", resources=True)
    [envoy] = gateways["gateways"][0]["envoys"]
    assert (envoy["node"], envoy["troubles"]) == ("edge-1", [])
    assert {it["standing"] for of in envoy["standings"] for it in of["resources"]} == {"SYNCED"}
    cart = {"kind": "HTTPRoute", "namespace": "shop", "name": "cart"}
    [one] = asked(address, "GetObject", object=cart)
    assert one["status"]["object"] == cart
    assert [(it["type"], it["host"], it["synced"]) for it in one["places"]] == [("routes", "cart.example.com", 1)]
    assert {it["type"] for it in asked(address, "GetSnapshot", gateway="shop/edge")} >= {"listeners", "routes"}
    [changes] = asked(address, "ListChanges", limit=1)
    assert cart in changes["changes"][0]["causes"]
    listeners = asked(address, "GetSnapshot", gateway="shop/edge", type="listeners")
    port = listeners[0]["name"].partition("/")[2]
    [found] = asked(address, "Explain", method="GET", url=f"http://cart.example.com:{port}/")
    assert found["explanations"][0]["won"][0]["location"].startswith("http://elsewhere.test")


def test_csds_is_understood_by_a_client_of_envoys_own_stubs_for_go(address: str) -> None:
    """Every resource comes with versions and status, and its content is what the type says it is."""
    ended = subprocess.run([str(CACHE / "csds"), address], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert {tuple(it[:2]) for it in lines} == {("shop/edge", "edge-1")}
    assert {tuple(it[-2:]) for it in lines} == {("SYNCED", "ACKED")}
    assert {it[2].rpartition(".")[2] for it in lines} >= {"Listener", "RouteConfiguration"}
