"""What the sessions are for: a real Envoy that serves while everything changes."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from tests.ads.control_plane import Served, serving
from tests.ads.envoy_config import assignment, bootstrap, cluster, dead_cluster, host, listener, table
from tests.ads.world import CLUSTER, ENDPOINT, GATEWAY, ROUTE
from tests.envoy.http_service import listening
from tests.envoy.running import LOOPBACK, free_port, running, wait_until
from translator.xds.resource import ResourceType
from xds_server.ads.events import Acked, Nacked
from xds_server.ads.report import Standing
from xds_server.snapshot import Change

pytestmark = pytest.mark.live


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with listening(Backend) as port:
        yield port


def get(port: int, domain: str, headers: Mapping[str, str] = {}) -> int:
    """Ask for a domain; return the status."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", "/", headers={"host": domain, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def asking(port: int, domain: str) -> Iterator[Counter[int]]:
    """Ask for a domain without pause while the block lasts; yields the statuses counted."""
    statuses: Counter[int] = Counter()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            statuses[get(port, domain)] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        done.set()
        thread.join()


def shop(backend: int, name: str) -> tuple[Change, ...]:
    """A tenant: a cluster, its endpoints and its host."""
    return cluster(name), assignment(name, backend), host("web", f"{name}.example.com", name)


def acks(served: Served, kind: ResourceType, name: str) -> list[float]:
    """How long each ACK of a resource took."""
    return [each.seconds for each in served.heard(Acked) if each.type is kind and name in each.names]


@contextmanager
def edge(backend: int, api: str = "DELTA_GRPC") -> Iterator[tuple[Served, int]]:
    """A control plane and an Envoy of it that serves a.example.com."""
    port = free_port()
    with serving() as served:
        served.apply(listener("l", port, "web"), table("web"), *shop(backend, "a"))
        with running(bootstrap(served.port, api=api)):
            wait_until(lambda: get(port, "a.example.com") == 200, "the first answer")
            yield served, port


@pytest.mark.parametrize("api", ["DELTA_GRPC", "GRPC"])
def test_a_changed_eds_cluster_is_acked_at_once(backend: int, api: str) -> None:
    with edge(backend, api) as (served, port):
        before = len(acks(served, CLUSTER, "a"))
        served.apply(cluster("a", connect_timeout="3s"))
        wait_until(lambda: len(acks(served, CLUSTER, "a")) > before, "the ACK")
        assert acks(served, CLUSTER, "a")[-1] < 2
        assert get(port, "a.example.com") == 200


def test_a_dead_name_stalls_no_other_tenant(backend: int) -> None:
    with edge(backend) as (served, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        dead = dead_cluster("dead", silent.getsockname()[1])
        with asking(port, "a.example.com") as statuses:
            served.apply(dead, host("web", "dead.example.com", "dead"), *shop(backend, "b"))
            began = time.monotonic()
            wait_until(lambda: get(port, "b.example.com") == 200, "b to be served")
            assert time.monotonic() - began < 1.4, "b waited for a deadline"
            assert not acks(served, CLUSTER, "b"), "Envoy is expected to hold its ACK"
            first = [get(port, "c.example.com")]
            served.apply(*shop(backend, "c"))
            wait_until(lambda: first.append(get(port, "c.example.com")) or first[-1] != 404, "c to be routed")
            assert first[-1] == 200
        assert set(statuses) == {200}


def test_a_nacked_cluster_harms_itself_alone(backend: int) -> None:
    with edge(backend) as (served, port):
        bad = cluster("bad", outlier_detection={"max_ejection_percent": 150})
        served.apply(bad, *shop(backend, "b"))
        wait_until(lambda: get(port, "b.example.com") == 200, "the one beside it to be served")
        wait_until(lambda: bool(served.heard(Nacked)), "the verdict")
        (nacked,) = served.heard(Nacked)
        assert isinstance(nacked, Nacked)
        assert (nacked.gateway, nacked.type, nacked.name) == (GATEWAY, CLUSTER, "bad")
        assert nacked.words.endswith("value must be less than or equal to 100)")
        served.apply(cluster("bad"), assignment("bad", backend), host("web", "bad.example.com", "bad"))
        wait_until(lambda: get(port, "bad.example.com") == 200, "the mended one to be served")


def test_a_bad_host_keeps_its_last_routes_and_no_other_waits(backend: int) -> None:
    with edge(backend) as (served, port):
        bad = {"safe_regex": {"regex": "(("}}
        with asking(port, "a.example.com") as statuses:
            served.apply(host("web", "a.example.com", "a", bad), *shop(backend, "b"), *shop(backend, "c"))
            wait_until(lambda: get(port, "b.example.com") == get(port, "c.example.com") == 200, "the others")
            wait_until(lambda: bool(served.heard(Nacked)), "the verdict")
        assert set(statuses) == {200}
        (nacked,) = served.heard(Nacked)
        assert isinstance(nacked, Nacked)
        assert (nacked.type, nacked.host, nacked.words) == (ROUTE, "a.example.com", "missing ): ((")


def test_a_thousand_routes_with_a_cluster_each_are_added_without_pause(backend: int) -> None:
    """And nobody ever sees a route whose cluster is not there: a request is answered 404, then 200."""
    with edge(backend) as (served, port):
        names = [f"t{n}" for n in range(1000)]
        seen: list[int] = []
        with asking(port, "a.example.com") as statuses:
            for number, name in enumerate(names):
                served.apply(*shop(backend, name))
                if number % 10 == 0:
                    wait_until(lambda name=name: seen.append(get(port, f"{name}.example.com")) or seen[-1] != 404, name)
            wait_until(lambda: get(port, f"{names[-1]}.example.com") == 200, "the last one")
        assert set(statuses) == {200}
        assert set(seen) <= {404, 200}


def test_a_control_plane_that_comes_back_sends_what_changed_alone(backend: int) -> None:
    with edge(backend) as (served, port):
        served.apply(*shop(backend, "b"))
        wait_until(lambda: get(port, "b.example.com") == 200, "b to be served")
        cache, xds_port = served.cache, served.port
        with asking(port, "a.example.com") as statuses:
            served.stop()
            changes = [
                host("web", "b.example.com", "a"),
                *[each._replace(resource=None) for each in (cluster("b"), assignment("b", backend))],
            ]
            cache.apply(changes)
            with serving(cache, xds_port) as back:
                wait_until(lambda: bool(acks(back, ROUTE, "web")), "the changed table to be taken")
                wait_until(lambda: any("b" in each.removed for each in back.heard(Acked)), "the removal", 40)
                order = [(each.type, each.names) for each in back.heard(Acked)]
                assert get(port, "b.example.com") == 200
        assert set(statuses) == {200}
        assert (CLUSTER, ("a",)) not in order
        assert (ENDPOINT, ("a",)) not in order


def test_every_stream_is_reported(backend: int) -> None:
    with edge(backend) as (served, _):
        (stream,) = served.call(served.server.streams)
        assert (stream.gateway, stream.node.id, stream.protocol) == (GATEWAY, "envoy-1", "delta")
        standings = {(each.type, one.name): one.standing for each in stream.types for one in each.resources}
        assert standings[ROUTE, "web"] is Standing.SYNCED


def test_an_envoy_that_does_not_name_its_gateway_is_told_what_to_set(backend: int) -> None:
    with serving() as served, running(bootstrap(served.port, cluster="edge"), wait=False) as envoy:
        wait_until(lambda: "set it to the Gateway that this Envoy serves" in envoy.log, "Envoy's log of the refusal")
