"""The pods of this machine: echo servers in this process, started and stopped as the plan wants them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import structlog

from xds_server import echo
from xds_server.local.deployments import Plan, Pod
from xds_server.local.slices import endpoint_slices

log = structlog.get_logger()

HOST = "127.0.0.1"
LEAVE_SECONDS = 1.0
"""How long a pod still accepts connections once no slice names it: Envoys may not have heard yet."""

Publish = Callable[[tuple[dict[str, Any], ...]], None]


class _Running(NamedTuple):
    ports: echo.Ports
    stop: asyncio.Event


class Pods:
    """Runs what was planned last; `publish` is given all EndpointSlices whenever one of them changes."""

    def __init__(self, group: asyncio.TaskGroup, publish: Publish) -> None:
        self._group = group
        self._publish = publish
        self._running: dict[Pod, _Running] = {}
        self._published: tuple[dict[str, Any], ...] = ()

    async def run(self, plan: Plan) -> None:
        """Run the pods of this plan and no others: new ones listen before slices name them, old ones leave after."""
        wanted = set(plan.pods)
        new = [pod for pod in plan.pods if pod not in self._running]
        started = [self._start(pod) for pod in dict.fromkeys(new)]
        for pod, running in zip(dict.fromkeys(new), await asyncio.gather(*started), strict=True):
            self._running[pod] = running
        slices = endpoint_slices(plan, HOST, {pod: running.ports for pod, running in self._running.items()})
        if slices != self._published:
            self._published = slices
            self._publish(slices)
        for pod in self._running.keys() - wanted:
            self._running.pop(pod).stop.set()

    async def _start(self, pod: Pod) -> _Running:
        stop = asyncio.Event()
        ports: asyncio.Future[echo.Ports] = asyncio.get_running_loop().create_future()
        self._group.create_task(_serve(pod, ports, stop))
        return _Running(await ports, stop)


async def _serve(pod: Pod, listening: asyncio.Future[echo.Ports], stop: asyncio.Event) -> None:
    """Serve one pod until `stop`; being cancelled ends it without a pause."""
    identity = echo.Identity(pod=pod.key.name, namespace=pod.key.namespace, service=pod.service)
    with TemporaryDirectory(prefix="echo-") as folder:
        tls = _mounted(folder, pod)
        async with echo.listen_all(HOST, _anywhere(pod.ports), identity, tls=tls) as ports:
            log.debug("pod.started", pod=str(pod.key), port=ports.http)
            listening.set_result(ports)
            await stop.wait()
            await asyncio.sleep(LEAVE_SECONDS)
    log.debug("pod.stopped", pod=str(pod.key))


def _mounted(folder: str, pod: Pod) -> echo.Tls | None:
    """Write the pod's certificate into a folder, if it has been given one."""
    for name, content in pod.tls:
        Path(folder, name).write_bytes(content)
    return echo.in_folder(folder) if pod.tls else None


def _anywhere(ports: echo.Ports) -> echo.Ports:
    """Ask for any free port in the place of each."""
    https, tcp, udp = (None if it is None else 0 for it in (ports.https, ports.tcp, ports.udp))
    return echo.Ports(0, https, tcp, udp)
