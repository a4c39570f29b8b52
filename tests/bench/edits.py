"""One world under `gatehouse serve` and a real Envoy: from an edited file to Envoy's ACK, and what that costs."""

import json
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeAlias

from tests.bench.process import cpu_seconds, memory
from tests.bench.worlds import World
from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.client import Connection
from tests.live.stack import Folder, Gatehouse, Ports, bootstrap_of, serve

EDITS = 40
CHURN = 1000
"""Edits in a row, not waited for: they show what memory does."""
PATIENCE = 60.0
POLL = 0.0005
"""Seconds between two looks at whether an edit is live."""

Figures: TypeAlias = dict[str, float]


def measure(world: World) -> Figures:
    """Measure everything about a world; figures are in seconds, milliseconds and MiB as their names say."""
    port, ports = free_port(), Ports()
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Folder(Path(name, "resources"))
        world.write(folder, port)
        figures = cold_start(folder.path)
        began = time.perf_counter()
        with serve(folder, ports) as gatehouse:
            figures["serving s"] = time.perf_counter() - began
            with running(bootstrap_of(ports)) as envoy:
                edge = Edge(world, folder, port)
                edge.wait_for(world.routes - 1, 0)
                figures["first traffic s"] = time.perf_counter() - began
                figures["memory MiB"] = memory(gatehouse.process.pid).now
                edited = random.Random(7).sample(range(world.routes), min(EDITS, world.routes))
                figures |= one_by_one("edit", edited, edge, gatehouse, envoy, ports)
                added = list(range(world.routes, world.routes + EDITS))
                figures |= one_by_one("added route", added, edge, gatehouse, envoy, ports)
                figures |= churn(edge, gatehouse)
    return figures


def cold_start(folder: Path) -> Figures:
    """Time the phases of a cold start in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.cold", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    phases: Figures = json.loads(done.stdout)
    return {f"{phase} s": seconds for phase, seconds in phases.items()}


class Edge:
    """The Envoy of a world, asked for one route after the other."""

    def __init__(self, world: World, folder: Folder, port: int) -> None:
        self.world = world
        self._folder = folder
        self._port = port
        self._connection: Connection | None = None

    def edit(self, number: int, version: int) -> None:
        """Write another version of a route."""
        self.world.edit(self._folder, number, version)

    def wait_for(self, number: int, version: int) -> None:
        """Return as soon as Envoy knows a version of a route."""
        deadline = time.monotonic() + PATIENCE
        while not self._knows(number, version):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {PATIENCE:.0f} s in vain for version {version} of route {number}")
            time.sleep(POLL)

    def _knows(self, number: int, version: int) -> bool:
        try:
            connection = self._connection or Connection(LOOPBACK, self._port)
            answer = connection.request(self.world.path(number, version), self.world.host(number))
        except OSError:
            self._connection = None
            return False
        self._connection = connection if connection.is_open else None
        return answer.status != HTTPStatus.NOT_FOUND


def one_by_one(what: str, numbers: list[int], edge: Edge, gatehouse: Gatehouse, envoy: Envoy, ports: Ports) -> Figures:
    """Edit, or add, one route after the other, each once the one before is live."""
    acked, waited = acks(ports)
    ours, theirs = cpu_seconds(gatehouse.process.pid), cpu_seconds(envoy.pid)
    took = [_seconds(lambda number=number: _edited(edge, number)) for number in numbers]  # type: ignore[misc]
    ours, theirs = cpu_seconds(gatehouse.process.pid) - ours, cpu_seconds(envoy.pid) - theirs
    wait_until(lambda: acks(ports)[0] >= acked + len(numbers), f"the ACKs of {len(numbers)} edits")
    acked, waited = (after - before for after, before in zip(acks(ports), (acked, waited), strict=True))
    return {
        f"{what} to live ms": median(took) * 1000,
        f"worst {what} ms": max(took) * 1000,
        f"{what}: push to ACK ms": waited / acked * 1000,
        f"CPU per {what} ms": ours / len(numbers) * 1000,
        f"Envoy CPU per {what} ms": theirs / len(numbers) * 1000,
    }


def churn(edge: Edge, gatehouse: Gatehouse) -> Figures:
    """Edit without waiting, and look at the memory when the last edit is live."""
    chosen = random.Random(8)
    for version in range(2, 2 + CHURN):
        edge.edit(chosen.randrange(edge.world.routes), version)
    edge.edit(0, 2 + CHURN)
    edge.wait_for(0, 2 + CHURN)
    after = memory(gatehouse.process.pid)
    return {
        "memory after churn MiB": after.now,
        "of it the process's own MiB": after.own,
        "peak memory MiB": after.peak,
    }


def acks(ports: Ports) -> tuple[float, float]:
    """Return how many route responses Envoy has accepted, and how long that took it in all."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{ports.metrics}/metrics", timeout=PATIENCE) as response:
        text = response.read().decode()
    assert not re.search(r"^gatehouse_xds_nacks_total\{.*\} [1-9]", text, re.MULTILINE), "Envoy refused something"
    return _metric(text, "gatehouse_xds_ack_seconds_count"), _metric(text, "gatehouse_xds_ack_seconds_sum")


def _metric(text: str, name: str) -> float:
    found = re.search(rf'^{name}{{type="route"}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _edited(edge: Edge, number: int) -> None:
    edge.edit(number, 1)
    edge.wait_for(number, 1)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
