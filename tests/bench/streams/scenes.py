"""What is measured with many Envoys: all reconnect at once, many Gateways, and a thousand streams."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeAlias

from tests.bench.process import cpu_seconds, memory
from tests.bench.streams.flock import PATIENCE, Remote, flock
from tests.bench.streams.world import Gateways
from tests.live.stack import Folder, Ports, serve
from translator.value import Key

EDITS = 30
PAUSE = 0.5
"""Seconds between edits that are made while many Envoys connect, each of which is told to those that have connected."""
Figures: TypeAlias = dict[str, float]


class Stage(NamedTuple):
    """A world that is served."""

    world: Gateways
    folder: Folder
    pid: int
    port: int
    versions: Iterator[int]

    def edit(self, gateway: int, number: int, *watchers: Remote) -> bytes:
        """Write a new version of a route, which watchers look for; return what it is known by."""
        version = next(self.versions)
        for watcher in watchers:
            watcher.call("announce", self.world.mark(gateway, number, version))
        return self.world.edit(self.folder, gateway, number, version)

    def edited(self, gateway: int, number: int, watcher: Remote) -> tuple[float, float]:
        """Edit a route; return after how many seconds the first and the last Envoy of the Gateway knew."""
        version = next(self.versions)
        watcher.call("announce", self.world.mark(gateway, number, version))
        began = time.perf_counter()
        mark = self.world.edit(self.folder, gateway, number, version)
        seen = watcher.seen(mark, self.world.gateway(gateway))
        return min(seen) - began, max(seen) - began


@contextmanager
def staged(world: Gateways) -> Iterator[Stage]:
    """Serve a world."""
    ports = Ports()
    with TemporaryDirectory(prefix="streams-") as name:
        folder = Folder(Path(name, "resources"))
        world.write(folder)
        with serve(folder, ports) as gatehouse:
            yield Stage(world, folder, gatehouse.process.pid, ports.xds, iter(range(1, 1_000_000)))


def spent(pid: int, work: Callable[[], object]) -> tuple[float, float]:
    """Do some work; return how many seconds it took, and how many of CPU it took a process."""
    ours, began = cpu_seconds(pid), time.perf_counter()
    work()
    return time.perf_counter() - began, cpu_seconds(pid) - ours


def reconnecting(world: Gateways, envoys: int) -> Figures:
    """One Gateway whose Envoys all drop and come back, with what they hold and without; one stays and watches."""
    with staged(world) as stage, flock(stage.port, [world.gateway(0)], "watcher") as watcher:
        watcher.call("connect", False)
        watcher.call("settle")
        figures = {"memory before MiB": memory(stage.pid).now}
        with flock(stage.port, [world.gateway(0)] * envoys) as many:
            figures |= _cold(stage, many)
            figures |= _told("edit of all", _edits(stage, many, 5))
            for remembers in (True, False):
                figures |= _back(stage, many, watcher, remembers)
            figures["streams lost"] = many.call("losses")
            figures["peak memory MiB"] = memory(stage.pid).peak
    return figures


def _cold(stage: Stage, many: Remote) -> Figures:
    def all_of_it() -> None:
        many.call("connect", False)
        many.call("settle")

    took, cpu = spent(stage.pid, all_of_it)
    held = memory(stage.pid)
    return {
        "all connected s": took,
        "of it our CPU s": cpu,
        "memory with all MiB": held.now,
        "peak while they connect MiB": held.peak,
    }


def _back(stage: Stage, many: Remote, watcher: Remote, remembers: bool) -> Figures:
    """Reconnect all after an edit that they missed, while the one that stays is told of further ones."""
    many.call("drop")
    mark = stage.edit(0, 0, many, watcher)
    watcher.seen(mark, stage.world.gateway(0))
    ours, began = cpu_seconds(stage.pid), time.perf_counter()
    many.call("connect", remembers)
    many.begin("seen", mark, stage.world.gateway(0))
    meanwhile: list[float] = []
    while not many.is_done:
        assert time.perf_counter() < began + PATIENCE, f"waited {PATIENCE:.0f} s in vain for Envoys to be back"
        meanwhile.append(stage.edited(0, 1 + len(meanwhile) % (stage.world.routes - 1), watcher)[1])
        time.sleep(PAUSE)
    took = max(many.result()) - began
    many.call("settle")
    how = "with versions" if remembers else "without versions"
    return {
        f"all back {how} s": took,
        f"of it our CPU s, {how}": cpu_seconds(stage.pid) - ours,
        **_told(f"edit meanwhile, {how}", meanwhile),
        f"memory {how} MiB": memory(stage.pid).now,
    }


def many_gateways(world: Gateways) -> Figures:
    """Many Gateways with an Envoy each."""
    began = time.perf_counter()
    with staged(world) as stage, flock(stage.port, [world.gateway(nth) for nth in range(world.gateways)]) as many:
        figures = {"written and served s": time.perf_counter() - began, "memory before MiB": memory(stage.pid).now}
        figures |= _cold(stage, many)
        before, _ = many.call("traffic")
        edits = [stage.edited(nth * 7 % world.gateways, 0, many)[1] for nth in range(EDITS)]
        after, _ = many.call("traffic")
        own = Counter(world.gateway(nth * 7 % world.gateways) for nth in range(EDITS))
        figures |= _told("edit", edits)
        figures["responses to others"] = _to_others(before, after, set(own))
        figures["peak memory MiB"] = memory(stage.pid).peak
    return figures


def many_streams(world: Gateways, streams: int) -> Figures:
    """A thousand streams over a few Gateways: what a push to all of a Gateway's costs each, and nobody else."""
    gateways = [world.gateway(nth % world.gateways) for nth in range(streams)]
    each = streams // world.gateways
    with staged(world) as stage, flock(stage.port, gateways) as many:
        figures = {"memory before MiB": memory(stage.pid).now} | _cold(stage, many)
        grown = figures["memory with all MiB"] - figures["memory before MiB"]
        figures["memory per stream KiB"] = 1024 * grown / streams
        before, _ = many.call("traffic")
        cpu = cpu_seconds(stage.pid)
        edits = [stage.edited(0, nth % world.routes, many) for nth in range(EDITS)]
        figures["CPU per edit ms"] = (cpu_seconds(stage.pid) - cpu) / EDITS * 1000
        figures["of it per stream µs"] = figures["CPU per edit ms"] / each * 1000
        after, _ = many.call("traffic")
        figures |= _told("edit at the first", [first for first, _ in edits])
        figures |= _told("edit at the last", [last for _, last in edits])
        figures["responses to others"] = _to_others(before, after, {world.gateway(0)})
        figures["peak memory MiB"] = memory(stage.pid).peak
    return figures


def _edits(stage: Stage, many: Remote, number: int) -> list[float]:
    return [stage.edited(0, nth, many)[1] for nth in range(number)]


def _told(what: str, seconds: list[float]) -> Figures:
    return {f"{what} ms": median(seconds) * 1000, f"worst {what} ms": max(seconds) * 1000}


def _to_others(before: Counter[Key], after: Counter[Key], concerned: set[Key]) -> float:
    return float(sum(after[gateway] - before[gateway] for gateway in after.keys() - concerned))
