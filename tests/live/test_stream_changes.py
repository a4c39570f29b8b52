"""What a change of TLSRoutes and TCPRoutes does to connections: nothing, but to those that it is about."""

import http.client
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.client import Connection, Edge
from tests.live.documents import (
    Document,
    gateway,
    http_route,
    https,
    listener,
    rule,
    service,
    slice_of,
    stream_backend,
    stream_route,
    tls_secret,
)
from tests.live.stack import PATIENCE, PROGRAM, Folder, Ports, bootstrap_of, serve
from tests.live.streams import lines, untrusting

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("stream changes")]

DRAIN_SECONDS = 1


@contextmanager
def pods(*names: str) -> Iterator[tuple[Document, ...]]:
    """Run echo backends; yields a Service and a slice for HTTPS, `<name>`, and for lines, `<name>-tcp`, of each."""
    documents: list[Document] = []
    with ExitStack() as stack:
        for name in names:
            plain, tls, tcp = free_port(), free_port(), free_port()
            options = [f"--port={plain}", f"--tls-port={tls}", f"--tcp-port={tcp}"]
            process = subprocess.Popen(
                [PROGRAM, "echo", "--host", LOOPBACK, *options], env=os.environ | {"POD_NAME": name}
            )
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.kill)
            wait_until(lambda edge=Edge(LOOPBACK, plain): edge.status("probe", "/health") == 200, "a backend")
            for each, port in ((name, tls), (f"{name}-tcp", tcp), (f"{name}-http", plain)):
                documents += [service(each), *slice_of(each, port)]
        yield tuple(documents)


@pytest.fixture(scope="module")
def backends() -> Iterator[tuple[Document, ...]]:
    with pods("one", "two") as documents:
        yield documents


@pytest.fixture
def resources(folder: Folder, backends: tuple[Document, ...]) -> Folder:
    folder.write("backends.yaml", *backends)
    return folder


def to(kind: str, name: str, backend: str, **spec: object) -> Document:
    """A route to port 80 of a Service."""
    return stream_route(kind, name, stream_backend(kind, backend, port=80), **spec)


@contextmanager
def envoy_of(folder: Folder) -> Iterator[Envoy]:
    """Serve a folder to an Envoy that drains quickly."""
    ports = Ports()
    with serve(folder, ports), running(bootstrap_of(ports), "--drain-time-s", str(DRAIN_SECONDS)) as envoy:
        yield envoy


def is_open(connection: Connection) -> bool:
    """Whether a request on an open connection is still answered."""
    try:
        return connection.request("/", "any.example.com").status in (200, 404, 421)
    except (OSError, http.client.HTTPException):
        return False


def test_a_change_of_one_route_drains_its_own_connections_alone(resources: Folder) -> None:
    """Other TLSRoutes of the port and HTTPS listeners beside them keep theirs."""
    port, key = free_port(), ec_key()
    resources.write("tls.yaml", tls_secret("web", certificate(key, host="web.example.com"), key_pem(key)))
    resources.write(
        "gateway.yaml",
        gateway(
            https("web", "web", port=port, hostname="web.example.com"),
            listener("passed", port, protocol="TLS", tls={"mode": "Passthrough"}),
        ),
    )
    resources.write(
        "web.yaml", http_route("web", rule("one-http"), parentRefs=[{"name": "edge", "sectionName": "web"}])
    )
    stays = to("TLSRoute", "stays", "one", section="passed", hostnames=["stays.example.com"])
    resources.write("stays.yaml", stays)
    resources.write("moves.yaml", to("TLSRoute", "moves", "one", section="passed", hostnames=["moves.example.com"]))
    with envoy_of(resources) as envoy, ExitStack() as stack:
        edge = Edge(LOOPBACK, port)
        wait_until(lambda: pod(edge, "moves.example.com") == "one", "the route")
        web, kept, moved = (
            stack.enter_context(edge.connect(untrusting(), f"{name}.example.com")) for name in ("web", "stays", "moves")
        )
        assert all(map(is_open, (web, kept, moved)))
        resources.write("moves.yaml", to("TLSRoute", "moves", "two", section="passed", hostnames=["moves.example.com"]))
        wait_until(lambda: pod(edge, "moves.example.com") == "two", "the new backend")
        wait_until(lambda: not is_open(moved), "the connection of the changed route to be drained")
        assert is_open(web)
        assert is_open(kept)
        assert envoy.stats("listener_manager.listener_in_place_updated")["listener_manager.listener_in_place_updated"]
        assert envoy.stats("listener_manager.lds.update_rejected") == {"listener_manager.lds.update_rejected": 0}


def pod(edge: Edge, name: str) -> str:
    """Which backend answers a request over TLS that is passed through."""
    try:
        with edge.connect(untrusting(), name) as connection:
            return str(connection.request("/", name).echo["pod"])
    except (OSError, http.client.HTTPException):
        return ""


def test_no_connection_is_refused_while_a_route_changes(resources: Folder) -> None:
    """A listener waits for the cluster that it is to name, and a cluster goes after the listener that named it."""
    port = free_port()
    resources.write("gateway.yaml", gateway(listener("tcp", port, protocol="TCP")))
    resources.write("route.yaml", to("TCPRoute", "db", "one-tcp"))
    with envoy_of(resources):
        edge, seen, stop = Edge(LOOPBACK, port), Counter[str](), threading.Event()
        wait_until(lambda: lines(edge) == "one", "the route")

        def connect() -> None:
            while not stop.wait(0.005):
                seen[lines(edge)] += 1

        client = threading.Thread(target=connect)
        client.start()
        try:
            for _ in range(6):
                for name in ("two", "one"):
                    resources.write("route.yaml", to("TCPRoute", "db", f"{name}-tcp"))
                    wait_until(lambda name=name: lines(edge) == name, "the route to lead to the other backend")
        finally:
            stop.set()
            client.join()
    assert set(seen) == {"one", "two"}, seen
