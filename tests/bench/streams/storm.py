"""A storm in one Gateway's namespace, and how long an edit in another's takes meanwhile: from watch line to push.

The control plane's watches, translator and streams run in a process of their own, on a kube-apiserver that is played.
"""

import asyncio
import itertools
import json
import multiprocessing
import time
from collections.abc import Coroutine
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.streams.flock import Remote, flock
from tests.bench.worlds import NOBODY, SHARED
from tests.envoy.running import LOOPBACK, free_port
from tests.kube.documents import event, listing, serve
from tests.kube.loopback import Loopback, Stream, kubeconfig, loopback
from tests.live.documents import Document, gateway, gateway_class, http_route, listener, path, rule, served
from translator.api.kinds import KINDS
from translator.pipeline import Settings
from translator.value import Key
from xds_server import log
from xds_server.ads.service import Server
from xds_server.control_plane import ControlPlane
from xds_server.kube.client import Client
from xds_server.kube.paths import path_of
from xds_server.kube.watch import KubeSource

PLAYED = ("GatewayClass", "Gateway", "HTTPRoute", "Service", "EndpointSlice")
STORM, CALM = "storm", "calm"
HELD = 500
"""Routes of each Gateway to begin with."""
PER_SECOND = 1000
LOADED = 40_000
SAMPLES = 40
BREATH = 0.1
"""Seconds between two edits of the Gateway that is calm."""
Figures = dict[str, float]


def route(home: str, number: int, version: int) -> Document:
    """A version of a route; all routes of a namespace share a Service."""
    name = f"route-{number}"
    hostnames = [f"{name}.{home}.example.com"]
    match = path(f"/{home}-{number}-v{version}-")
    found = http_route(
        name, rule(SHARED, matches=[match]), namespace=home, parentRefs=[{"name": "edge"}], hostnames=hostnames
    )
    return versioned(found, version)


def versioned(document: Document, version: int) -> Document:
    """A document as a kube-apiserver hands it out."""
    return {**document, "metadata": {**document["metadata"], "resourceVersion": str(version), "generation": version}}


def world() -> list[Document]:
    """Two Gateways, each with a Service and its routes."""
    found: list[Document] = [gateway_class()]
    for home in (STORM, CALM):
        found += [gateway(listener(port=80), namespace=home), *served(SHARED, NOBODY, namespace=home)]
        found += [route(home, number, 1) for number in range(HELD)]
    return [versioned(document, 1) for document in found]


def play(server: Loopback, documents: list[Document]) -> None:
    """Answer lists with these objects, and keep the watches open."""
    groups: dict[str, list[str]] = {}
    for kind in PLAYED:
        version = KINDS[kind].api_version
        group, _, _ = version.rpartition("/")
        groups.setdefault(group, []).append(KINDS[kind].plural)
        where = path_of(version, KINDS[kind].plural, "")
        server.play(where, listing(1, *(document for document in documents if document["kind"] == kind)))
        server.play(f"watch {where}", Stream(()))
    for group, plurals in groups.items():
        if group:
            serve(server, group, "v1", plurals=tuple(plurals))


def control_plane(config: str, port: int) -> None:
    """Watch, translate and serve until ended."""
    log.configure(json=False, level="warning")

    async def run() -> None:
        plane = ControlPlane(Settings())
        server = Server(plane.snapshots, plane.hear)
        server.bind(f"{LOOPBACK}:{port}")
        async with await Client.load(config) as client, asyncio.TaskGroup() as group:
            source = KubeSource(client, {kind: KINDS[kind] for kind in PLAYED})
            group.create_task(source.run())
            plane.change(await anext(source))
            await server.start()
            async for batch in source:
                plane.change(batch)

    asyncio.run(run())


class Weather:
    """Writes watch lines, in a storm or calmly."""

    def __init__(self, server: Loopback, watcher: Remote) -> None:
        self._server = server
        self._watcher = watcher
        self._watch = f"watch {path_of(KINDS['HTTPRoute'].api_version, 'httproutes', '')}"
        self._version = itertools.count(2)

    async def send(self, kind: str, home: str, *numbers: int) -> int:
        """Send events of routes; return their version."""
        version = next(self._version)
        await self._server.send(self._watch, *(_line(kind, route(home, number, version)) for number in numbers))
        return version

    async def edits(self) -> None:
        """Edit routes of one namespace, so many a second."""
        for number in itertools.cycle(range(0, HELD, 10)):
            await self.send("MODIFIED", STORM, *range(number, number + 10))
            await asyncio.sleep(10 / PER_SECOND)

    async def load(self) -> None:
        """Add routes to one namespace as fast as they are taken."""
        for first in range(HELD, HELD + LOADED, 100):
            await self.send("ADDED", STORM, *range(first, first + 100))
        await asyncio.Event().wait()

    async def calm(self) -> list[float]:
        """Edit one route of the other namespace again and again; return how long each took to be pushed."""
        took = []
        for _ in range(SAMPLES):
            version = next(self._version)
            mark = f"/{CALM}-0-v{version}-".encode()
            await asyncio.to_thread(self._watcher.call, "announce", mark)
            began = time.perf_counter()
            await self._server.send(self._watch, _line("MODIFIED", route(CALM, 0, version)))
            (seen,) = await asyncio.to_thread(self._watcher.seen, mark, Key(CALM, "edge"))
            took.append(seen - began)
            await asyncio.sleep(BREATH)
        return took

    async def during(self, storm: Coroutine[Any, Any, None]) -> list[float]:
        """Be calm in a storm."""
        task = asyncio.create_task(storm)
        try:
            await asyncio.sleep(1)
            return await self.calm()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _line(kind: str, document: Document) -> bytes:
    return json.dumps(event(kind, document)).encode() + b"\n"


async def _measure() -> Figures:
    port = free_port()
    calm, stormy = (flock(port, [Key(home, "edge")]) for home in (CALM, STORM))
    with TemporaryDirectory(prefix="storm-") as folder, calm as watcher, stormy as other:
        async with loopback() as server:
            play(server, world())
            config = kubeconfig(Path(folder), server.url, {"token": "t"})
            process = multiprocessing.get_context("spawn").Process(target=control_plane, args=(config, port))
            process.start()
            try:
                for envoy in (watcher, other):
                    await asyncio.to_thread(envoy.call, "connect", False)
                    await asyncio.to_thread(envoy.call, "settle")
                weather = Weather(server, watcher)
                figures = _told("alone", await weather.calm())
                figures |= _told(f"{PER_SECOND:,} edits/s elsewhere", await weather.during(weather.edits()))
                figures |= _told(f"{LOADED:,} hosts loaded elsewhere", await weather.during(weather.load()))
            finally:
                process.terminate()
                process.join()
    return figures


def _told(when: str, seconds: list[float]) -> Figures:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"{when}, p50 ms": cuts[49] * 1000, f"{when}, p99 ms": cuts[98] * 1000}


def storm() -> Figures:
    """Measure how long an edit takes to be pushed: alone, and in two kinds of storm elsewhere."""
    return asyncio.run(_measure())
