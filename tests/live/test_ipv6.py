"""IPv6: Gateways at ::1, at every address of both families, backends at ::1, and Envoys that ask at ::1."""

import asyncio
from collections.abc import Iterator

import pytest
import yaml

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.envoy.running import free_port, running
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, gateway, http_route, https, listener, rule, tls_secret
from tests.live.http3 import connected
from tests.live.stack import PATIENCE, Folder, Gatehouse, echoes, ending, start, up
from tests.live.test_https_traffic import context
from translator.value import Key
from xds_server import bootstrap

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("ipv6")]

SIX, FOUR = "::1", "127.0.0.1"


def endpoint_slice(service: str, family: str, address: str, port: int) -> Document:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-{family.lower()}",
            "namespace": "shop",
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": family,
        "endpoints": [{"addresses": [address]}],
        "ports": [{"name": "main", "port": port}],
    }


def service(name: str, *families: str) -> Document:
    spec = {"ipFamilies": list(families), "ports": [{"name": "main", "port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """Backends at ::1, of which `both` has a second address that nobody listens at."""
    folder = edge_folder(tmp_path_factory.mktemp("ipv6") / "resources")
    secure = https("https", "tls", hostname="six.example.com")
    secure["tls"]["options"] = {"gatehouse.dev/http3": "true"}
    folder.write("gateway.yaml", gateway(listener(), secure))
    folder.write("tls.yaml", tls_secret("tls", certificate(ec_key(), host="six.example.com"), key_pem(ec_key())))
    with echoes("six", host=SIX) as ports:
        six = endpoint_slice("six", "IPv6", SIX, ports["six"])
        both = (endpoint_slice("both", "IPv6", SIX, ports["six"]), endpoint_slice("both", "IPv4", FOUR, 9))
        folder.write("backends.yaml", service("six", "IPv6"), six, service("both", "IPv6", "IPv4"), *both)
        folder.write("routes.yaml", http_route("six", rule("six")), http_route("both", rule("both")))
        yield folder


@pytest.fixture(scope="module")
def stack(folder: Folder) -> Iterator[Gatehouse]:
    with up("--address", SIX, folder.path) as gatehouse:
        yield gatehouse


def test_a_gateway_is_served_at_an_ipv6_address(stack: Gatehouse) -> None:
    edge = stack.edge()
    assert edge.address == SIX
    assert stack.said(f"http://[{SIX}]:{edge.port}")
    assert edge.pod("six.example.com") == "six"


def test_of_a_service_of_both_families_the_first_is_asked(stack: Gatehouse) -> None:
    assert {stack.edge().pod("both.example.com") for _ in range(20)} == {"six"}


def test_a_literal_address_in_host_is_no_hostname(stack: Gatehouse) -> None:
    for host in (f"[{SIX}]", f"[{SIX}]:{stack.edge().port}"):
        assert stack.edge().status(host) == 404


def test_https_and_http3_are_served_there_too(stack: Gatehouse) -> None:
    edge = stack.edge("https")
    with edge.connect(context(), "six.example.com") as connection:
        assert connection.request("/", "six.example.com").status == 200

    async def ask() -> int:
        async with connected(*edge, "six.example.com") as connection:
            return (await connection.request("six.example.com")).status

    assert asyncio.run(ask()) == 200


def test_every_address_of_both_families(folder: Folder) -> None:
    with up("--address", "::", folder.path) as gatehouse:
        edge = gatehouse.edge()
        assert edge.address == SIX
        for address in (SIX, FOUR):
            assert Edge(address, edge.port).pod("six.example.com") == "six"


def test_an_address_that_is_none_is_refused(folder: Folder) -> None:
    refused = start("up", "--address", "example.com", folder.path)
    assert refused.process.wait(PATIENCE) == 2


def test_envoys_ask_a_control_plane_at_an_ipv6_address(folder: Folder) -> None:
    port, metrics = free_port(), free_port()
    addresses = ("--xds-address", f"[{SIX}]:{port}", "--debug-address", f"[{SIX}]:{free_port()}")
    command = ("serve", "--resources", folder.path, *addresses, "--metrics-address", f"[{SIX}]:{metrics}")
    with ending(start(*command)) as gatehouse:
        gatehouse.wait_until_said("serving")
        config = yaml.safe_load(bootstrap.render(Key("shop", "edge"), node="six", xds_host=SIX, xds_port=port))
        with running(config, wait=False) as envoy:
            updates = "cluster_manager.cds.update_success"
            gatehouse.wait_until(lambda: envoy.stats(updates).get(updates, 0) > 0, "an answer")
        assert Edge(SIX, metrics).status("probe", "/healthz") == 200
