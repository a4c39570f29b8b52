"""From the lines of a kube-apiserver to what is pushed, in one process: what a change costs, without a kube-apiserver.

`python -m tests.bench.inside [--routes N...] [--json FILE]`. Objects are decoded, translated and published as in a
replica, and one Envoy, simulated in a process of its own, is told over gRPC without TLS and answers. What a replica
does beyond that, as writing status and reading through TLS, is not in these figures: `make bench-cluster` has those.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from rich.console import Console

from tests.ads.control_plane import Served, serving
from tests.bench.cluster import documents
from tests.bench.cluster.documents import GATEWAY, SHARED, Document
from tests.bench.cluster.expected import SIZES
from tests.bench.cluster.report import Result, tables
from tests.bench.cluster.site import World
from tests.bench.process import memory
from tests.bench.product import until_answered
from tests.bench.streams.flock import flock
from translator.api.kinds import KINDS
from translator.pipeline import Settings
from translator.value import Key, Ref
from xds_server import garbage, log
from xds_server.change import Put
from xds_server.control_plane import ControlPlane
from xds_server.kube.decoding import of_kind

HOME = "bench"
EDGE = Key(HOME, GATEWAY)
PAGE = 500
"""Objects in a page of a list."""
EDITS = 100
BACKENDS = ("10.244.0.10", "10.244.0.11")
WORLDS = (World("one shared Service"), World("a Service each", services_of_their_own=True))

Figures: TypeAlias = dict[str, float]


class Process:
    """A control plane and, later, its ADS server; what comes to it comes as bytes."""

    def __init__(self) -> None:
        self.plane = ControlPlane(Settings())
        self._decoders = {kind.name: of_kind(kind) for kind in KINDS.values()}
        self.served: Served

    def start(self, listed: Iterable[tuple[str, Iterator[Document]]]) -> float:
        """Read all there is, a page at a time, and publish it; return its CPU seconds, without the writing of pages."""
        garbage.hold_back()
        changes: list[Put] = []
        spent = 0.0
        for kind, objects in listed:
            while items := [_placed(it) for it in islice(objects, PAGE)]:
                body = json.dumps({"metadata": {"resourceVersion": "1"}, "items": items}).encode()
                began = time.process_time()
                changes += (_put(kind, value) for value in self._decoders[kind].page(body, _complain).items)
                spent += time.process_time() - began
        began = time.process_time()
        self.plane.change(changes)
        changes.clear()
        garbage.settle()
        return spent + time.process_time() - began

    def change(self, *made: Document) -> float:
        """Take events of watches, and wait until the Envoy has answered for what they mean; return the milliseconds."""
        lines = [(it["kind"], json.dumps({"type": "ADDED", "object": _placed(it)}).encode()) for it in made]
        known, began = len(self.served.events), time.process_time()
        for kind, line in lines:
            put = _put(kind, self._decoders[kind].event(line))
            self.served.call(lambda put=put: self.plane.change([put]))  # type: ignore[misc]
        waiting = time.thread_time()
        until_answered(self.served, EDGE, known)
        return (time.process_time() - began - (time.thread_time() - waiting)) * 1000


def measured(world: World, routes: int) -> Figures:
    """Start with so many routes, and change one after the other."""
    log.configure(json=True, level="warning")
    process = Process()
    first = process.start(listed(world, routes))
    with serving(process.plane.snapshots) as process.served, flock(process.served.port, [EDGE]) as envoy:
        envoy.call("connect", False)
        envoy.call("settle")
        added = [process.change(*world.documents(number, BACKENDS)) for number in range(routes, routes + EDITS)]
        edited = [process.change(_edited(world, number)) for number in range(EDITS)]
    return {
        "CPU of the first snapshot s": first,
        "CPU per added route ms": median(added),
        "CPU per endpoint edit ms": median(edited),
        "memory after changes MiB": memory(os.getpid()).now,
    }


def listed(world: World, routes: int) -> Iterator[tuple[str, Iterator[Document]]]:
    """Name all objects of a world, kind by kind."""
    controller = {"controllerName": Settings().controller_name}
    yield "GatewayClass", iter([{"kind": "GatewayClass", "metadata": {"name": "gatehouse"}, "spec": controller}])
    yield "Gateway", iter([{"kind": "Gateway", "metadata": {"name": GATEWAY}, "spec": documents.gateway("gatehouse")}])
    if not world.services_of_their_own:
        yield "Service", iter([documents.headless(SHARED)])
        yield "EndpointSlice", iter([documents.endpoint_slice(SHARED, *BACKENDS)])
    every = [world.documents(0, BACKENDS)[nth]["kind"] for nth in range(len(world.documents(0, BACKENDS)))]
    for nth, kind in enumerate(every):
        yield kind, (world.documents(number, BACKENDS)[nth] for number in range(routes))


def _edited(world: World, number: int) -> Document:
    return documents.endpoint_slice(world.service(number), f"10.244.1.{1 + number}")


def _placed(made: Document) -> Document:
    home = {"namespace": HOME} if KINDS[made["kind"]].namespaced else {}
    return made | {"metadata": {**home, "resourceVersion": "1", "generation": 1, **made["metadata"]}}


def _put(kind: str, value: Any) -> Put:
    return Put(Ref(kind, *value.metadata.key), value)


def _complain(key: Key, error: Exception) -> None:
    raise AssertionError(f"{key} cannot be read") from error


def main() -> None:
    """Measure each world in a process of its own, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inside", description=__doc__)
    parser.add_argument("--routes", type=int, nargs="+", default=list(SIZES), help="how many")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    found: Result = {world.name: {} for world in WORLDS}
    for routes in options.routes:
        for world in WORLDS:
            print(f"measuring: {routes:,} routes, {world.name}", file=sys.stderr)
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                found[world.name][routes] = alone.submit(measured, world, routes).result()
    for table in tables(found):
        Console(width=120).print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
