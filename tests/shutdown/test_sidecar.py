"""The process beside a real Envoy: it holds up whoever wants to end Envoy until the clients are gone."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.envoy.running import LOOPBACK, PATIENCE, command, free_port, wait_until
from translator.api.parameters import EnvoyParametersSpec
from translator.value import Key
from xds_server.kube.fleet.bootstrap import ADMIN_SOCKET, bootstrap_of
from xds_server.kube.fleet.settings import PROBE_PORT, Settings
from xds_server.shutdown.admin import Silent, ask

pytestmark = pytest.mark.envoy

GATEHOUSE = str(Path(sys.executable).parent / "gatehouse")
SETTINGS = Settings("gatehouse.dev/gateway-controller", "gatehouse", 18000, "gatehouse:dev")


class Pod:
    """An Envoy with its port for probes and one for clients, and the sidecar."""

    def __init__(self, folder: Path) -> None:
        self.admin = str(folder / "admin.sock")
        self.probes, self.clients, self.shutdown = (free_port() for _ in range(3))
        self.config = folder / "envoy.yaml"
        document: dict[str, Any] = yaml.safe_load(
            bootstrap_of(Key("shop", "edge"), EnvoyParametersSpec(), SETTINGS)
            .replace(ADMIN_SOCKET, self.admin)
            .replace(str(PROBE_PORT), str(self.probes))
        )
        del document["dynamic_resources"]
        probes = document["static_resources"]["listeners"][0]
        document["static_resources"]["listeners"].append(_answering(probes, self.clients))
        self.config.write_text(yaml.safe_dump(document))

    def get(self, port: int, path: str) -> int:
        with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as client:
            return get(client, path)

    def is_ready(self) -> bool:
        try:
            return self.get(self.probes, "/ready") == 200
        except OSError:
            return False

    @contextmanager
    def sidecar(self, minimum: float, maximum: float) -> Iterator[subprocess.Popen[bytes]]:
        options = (f"--admin={self.admin}", f"--port={self.shutdown}")
        limits = (f"--min-seconds={minimum}", f"--max-seconds={maximum}")
        with subprocess.Popen([GATEHOUSE, "envoy-shutdown", *options, *limits]) as process:
            try:
                wait_until(lambda: listens(self.shutdown), "the sidecar to listen")
                yield process
            finally:
                process.kill()


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    pod = Pod(tmp_path)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command(pod.config), "--drain-time-s", "60"], stdout=log, stderr=log)
    try:
        wait_until(pod.is_ready, "Envoy to be ready")
        yield pod
    finally:
        process.kill()
        process.wait()


def _answering(probes: dict[str, Any], port: int) -> dict[str, Any]:
    """A listener that answers clients with 200."""
    found: dict[str, Any] = yaml.safe_load(yaml.safe_dump(probes))
    found |= {"name": "clients", "stat_prefix": "clients", "bypass_overload_manager": False}
    found["address"]["socket_address"]["port_value"] = port
    connection = found["filter_chains"][0]["filters"][0]["typed_config"]
    connection["stat_prefix"] = "clients"
    connection["http_filters"] = connection["http_filters"][1:]
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    connection["route_config"]["virtual_hosts"][0]["routes"] = [route]
    return found


def get(client: socket.socket, path: str) -> int:
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return int(client.recv(65536).split(b" ")[1])


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def drained(pod: Pod) -> socket.socket:
    """Ask as a kubelet does; the answer comes when it comes."""
    client = socket.create_connection((LOOPBACK, pod.shutdown), timeout=PATIENCE)
    client.sendall(b"GET /drained HTTP/1.1\r\nHost: x\r\n\r\n")
    return client


def test_an_envoy_with_a_client_is_held_until_the_client_is_gone(pod: Pod) -> None:
    with pod.sidecar(0, 60) as sidecar, socket.create_connection((LOOPBACK, pod.clients)) as client:
        assert get(client, "/") == 200
        with drained(pod) as kubelet:
            sidecar.send_signal(signal.SIGTERM)
            wait_until(lambda: pod.get(pod.probes, "/ready") == 503, "the health check to fail")
            assert get(client, "/") == 200
            client.close()
            assert kubelet.recv(4096).startswith(b"HTTP/1.1 200")
        assert sidecar.wait(PATIENCE) == 0


def test_new_connections_are_served_while_it_drains(pod: Pod) -> None:
    with pod.sidecar(0, 60) as sidecar, socket.create_connection((LOOPBACK, pod.clients)) as client:
        assert get(client, "/") == 200
        sidecar.send_signal(signal.SIGTERM)
        wait_until(lambda: pod.get(pod.probes, "/ready") == 503, "the health check to fail")
        assert pod.get(pod.clients, "/") == 200


def test_a_client_that_stays_is_cut_off_at_the_limit(pod: Pod) -> None:
    with pod.sidecar(0, 1) as sidecar, socket.create_connection((LOOPBACK, pod.clients)):
        wait_until(lambda: "clients.downstream_cx_active: 1" in stats(pod), "Envoy to count its client")
        with drained(pod) as kubelet:
            sidecar.send_signal(signal.SIGTERM)
            started = time.monotonic()
            assert kubelet.recv(4096).startswith(b"HTTP/1.1 200")
            assert time.monotonic() - started >= 0.9


def test_asking_begins_nothing(pod: Pod) -> None:
    """The port is open to everybody in the cluster."""
    with pod.sidecar(0, 60), drained(pod) as anybody:
        anybody.settimeout(0.5)
        with pytest.raises(TimeoutError):
            anybody.recv(4096)
        assert pod.is_ready()


def test_the_kubelet_is_answered_though_everybody_asks(pod: Pod) -> None:
    with pod.sidecar(0, 60) as sidecar:
        crowd = [drained(pod) for _ in range(100)]
        with drained(pod) as kubelet:
            sidecar.send_signal(signal.SIGTERM)
            assert kubelet.recv(4096).startswith(b"HTTP/1.1 200")
        for one in crowd:
            one.close()


def test_an_envoy_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    with pod.sidecar(0, 60) as sidecar:
        sidecar.send_signal(signal.SIGTERM)
        assert sidecar.wait(PATIENCE) == 0


def test_statistics_are_answered_beside_the_probes(pod: Pod) -> None:
    assert pod.get(pod.probes, "/stats/prometheus") == 200
    assert pod.get(pod.probes, "/quitquitquit") == 404


def test_an_envoy_that_does_not_know_says_so(pod: Pod) -> None:
    with pytest.raises(Silent):
        ask(pod.admin, "GET", "/no/such/thing")


def stats(pod: Pod) -> str:
    return ask(pod.admin, "GET", "/stats?filter=downstream_cx_active$")
