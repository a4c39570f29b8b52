"""One tenant's trouble is nobody else's: dead names, missing Secrets, refused clusters and unreadable files."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import yaml

from tests.attach.issuing import certificate, ec_key
from tests.envoy.running import LOOPBACK, Envoy, free_port, running
from tests.live.client import Edge, requests
from tests.live.csds import fetch
from tests.live.documents import Document, gateway, http_route, https, listener, path, rule, served, service, tls_secret
from tests.live.stack import Folder, Gatehouse, Ports, bootstrap_of, echoes, serve, up

pytestmark = pytest.mark.live

SOON = 5.0
EDITS = 15


@pytest.fixture(scope="module")
def backend_port() -> Iterator[int]:
    with echoes("echo") as ports:
        yield ports["echo"]


@pytest.fixture
def edge() -> Edge:
    return Edge(LOOPBACK, free_port())


@contextmanager
def silent_name_server() -> Iterator[int]:
    """A name server that takes every question and answers none."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind((LOOPBACK, 0))
        yield server.getsockname()[1]


def asking(ports: Ports, name_server: int, patience: int) -> Document:
    """A bootstrap whose Envoy asks a name server and waits so many seconds for each answer."""
    config = bootstrap_of(ports)
    resolver = config["typed_dns_resolver_config"]["typed_config"]
    resolver["query_timeout_seconds"] = patience
    resolver["resolvers"] = [{"socket_address": {"address": LOOPBACK, "port_value": name_server, "protocol": "UDP"}}]
    resolver["use_resolvers_as_fallback"] = False
    return config


def move_to_new_services(folder: Folder, gatehouse: Gatehouse, edge: Edge, port: int) -> list[float]:
    """Send a tenant's route to one new Service after the other; return how long each took to be effective."""
    took = []
    for number in range(EDITS):
        name = f"next-{number}"
        began = time.monotonic()
        folder.write("tenant.yaml", *tenant(name, port))
        gatehouse.wait_until(
            lambda name=name: edge.get("tenant.example.com").sent("X-Backend") == [name], f"the Service {name}", SOON
        )
        took.append(time.monotonic() - began)
    print(f"effective after {sorted(took)[len(took) // 2] * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms")
    return took


def tenant(name: str, port: int) -> tuple[Document, ...]:
    """A Service and the tenant's route to it, which tells the backend the Service's name."""
    header = {"set": [{"name": "X-Backend", "value": name}]}
    changes = [{"type": "RequestHeaderModifier", "requestHeaderModifier": header}]
    return *served(name, port), http_route("tenant", rule(name, filters=changes))


@pytest.mark.parametrize("patience", [1, 60])
def test_a_name_that_never_resolves_and_a_missing_secret_hold_nobody_up(
    folder: Folder, edge: Edge, backend_port: int, patience: int
) -> None:
    """Envoy acknowledges no cluster while one waits for its first DNS answer, however long that takes."""
    ports, secure = Ports(), free_port()
    folder.write("gateway.yaml", gateway(listener(port=edge.port), https("secure", "missing", port=secure)))
    folder.write("tenant.yaml", *tenant("first", backend_port))
    with ExitStack() as stack:
        gatehouse = stack.enter_context(serve(folder, ports))
        name_server = stack.enter_context(silent_name_server())
        stack.enter_context(running(asking(ports, name_server, patience)))
        gatehouse.wait_until(lambda: edge.status("tenant.example.com") == 200, "the tenant's first 200")
        with requests(edge, "tenant.example.com") as load:
            folder.write("dead.yaml", service("dead"), http_route("dead", rule("dead")))
            move_to_new_services(folder, gatehouse, edge, backend_port)
            folder.write("dead-too.yaml", service("dead-too"), http_route("dead-too", rule("dead-too")))
            move_to_new_services(folder, gatehouse, edge, backend_port)
        assert load.failures == []
        assert edge.status("dead.example.com") in (404, 503)


def test_a_new_envoy_serves_although_a_name_never_resolves(folder: Folder, edge: Edge, backend_port: int) -> None:
    """It starts with the dead name in its first clusters."""
    ports = Ports()
    folder.write("gateway.yaml", gateway(listener(port=edge.port)))
    folder.write("dead.yaml", service("dead"), http_route("dead", rule("dead")))
    folder.write("tenant.yaml", *tenant("first", backend_port))
    with ExitStack() as stack:
        gatehouse = stack.enter_context(serve(folder, ports))
        name_server = stack.enter_context(silent_name_server())
        began = time.monotonic()
        stack.enter_context(running(asking(ports, name_server, 1), wait=False))
        gatehouse.wait_until(lambda: edge.status("tenant.example.com") == 200, "the tenant's first 200")
        print(f"serving after {time.monotonic() - began:.1f} s")
        move_to_new_services(folder, gatehouse, edge, backend_port)


def refused(ports: Ports) -> dict[str, str]:
    """Names of what Envoys have refused, with their words, as CSDS tells."""
    answer = fetch(f"{LOOPBACK}:{ports.debug}")
    return {
        entry.name: entry.error_state.details
        for config in answer.config
        for entry in config.generic_xds_configs
        if entry.HasField("error_state")
    }


def test_routes_of_a_cluster_that_envoy_refuses_answer_500_and_no_other_notices(
    folder: Folder, edge: Edge, backend_port: int
) -> None:
    """Forced by an Envoy that cannot speak TLS with backends."""
    ports = Ports()
    folder.write("gateway.yaml", gateway(listener(port=edge.port)))
    folder.write("tenant.yaml", *tenant("first", backend_port))
    with ExitStack() as stack:
        gatehouse = stack.enter_context(serve(folder, ports))
        with without_tls(ports):
            gatehouse.wait_until(lambda: edge.status("tenant.example.com") == 200, "the tenant's first 200")
            secure = (service("secure", appProtocol="https"), *served("secure", backend_port)[1:])
            folder.write("secure.yaml", *secure, http_route("secure", rule("secure")))
            gatehouse.wait_until(lambda: edge.status("secure.example.com") == 500, "the refused route's 500", SOON)
        stack.enter_context(without_tls(ports))
        gatehouse.wait_until(lambda: edge.status("tenant.example.com") == 200, "the tenant after a restart", SOON)
        with requests(edge, "tenant.example.com") as load:
            move_to_new_services(folder, gatehouse, edge, backend_port)
            gatehouse.wait_until_said("nack", "shop/secure/80/https1", "transport_sockets.tls")
            assert "transport_sockets.tls" in refused(ports)["shop/secure/80/https1"]
            assert edge.status("secure.example.com") == 500
            folder.write("secure.yaml", *served("secure", backend_port), http_route("secure", rule("secure")))
            gatehouse.wait_until(lambda: edge.status("secure.example.com") == 200, "the repair", SOON)
            assert refused(ports) == {}
        assert load.failures == []


@contextmanager
def without_tls(ports: Ports) -> Iterator[Envoy]:
    """Run an Envoy that knows no TLS towards backends."""
    without = ("--disable-extensions", "envoy.transport_sockets.upstream/envoy.transport_sockets.tls")
    with running(bootstrap_of(ports), *without) as envoy:
        yield envoy


def bad_files() -> dict[str, bytes]:
    """Fifty files, each bad in one of ten ways, that name themselves."""
    dice = random.Random(50)
    ways: tuple[Callable[[str], bytes], ...] = (
        lambda name: dice.randbytes(300),
        lambda name: written(http_route(name, rule("echo")))[:-30] + b"\n  : [",
        lambda name: b"{" + written(http_route(name)),
        lambda name: written({**http_route(name), "spec": "a string"}),
        lambda name: written(http_route(name, rule("echo"), hostnames=["Not_A_Host"])),
        lambda name: written(http_route(name, rule({"name": "echo", "port": 70000}))),
        lambda name: written(http_route(name, rule("echo", matches=[path("/[", "RegularExpression")]))),
        lambda name: written(http_route(name, rule("echo", matches=[path("a" * 9000, "RegularExpression")]))),
        lambda name: written({**service(name), "apiVersion": "v2"}, {"kind": "Service"}),
        lambda name: written(
            tls_secret(name, certificate(ec_key()), b"no key"), gateway(https("web", name), name=name)
        ),
    )
    return {f"bad-{number}.yaml": ways[number % len(ways)](f"bad-{number}") for number in range(50)}


def written(*documents: Document) -> bytes:
    return yaml.safe_dump_all(documents).encode()


def test_fifty_bad_files_disturb_nobody_and_each_is_reported(folder: Folder, backend_port: int) -> None:
    folder.write("tenant.yaml", *tenant("first", backend_port))
    with up(folder.path) as gatehouse, requests(gatehouse.edge(), "tenant.example.com") as load:
        files = bad_files()
        numbers = iter(range(len(files)))
        for number, (name, content) in zip(numbers, files.items(), strict=True):
            folder.write_bytes(name, content)
            if number % 5 == 0:
                mark = f"among-{number}"
                folder.write("tenant.yaml", *tenant(mark, backend_port))
                gatehouse.wait_until(
                    lambda mark=mark: gatehouse.edge().get("tenant.example.com").sent("X-Backend") == [mark],
                    f"the tenant's change {mark}",
                    SOON,
                )
        for name in files:
            gatehouse.wait_until_said(name.removesuffix(".yaml"))
        move_to_new_services(folder, gatehouse, gatehouse.edge(), backend_port)
        for name in files:
            folder.remove(name)
        move_to_new_services(folder, gatehouse, gatehouse.edge(), backend_port)
    assert load.failures == []
