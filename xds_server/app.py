"""The composition root: one TaskGroup in which files, control plane, servers and local Envoys live and end together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

import structlog

from translator.pipeline import SYSTEM_AUTHORITIES
from translator.pipeline import Settings as TranslatorSettings
from translator.status import Status
from translator.value import Key, Ref, Value
from xds_server import bootstrap, garbage, metrics
from xds_server.ads.service import Server
from xds_server.control_plane import ControlPlane
from xds_server.debug.access import Unprotected
from xds_server.debug.doors import Doors
from xds_server.debug.known import Known
from xds_server.files import Batch, FileSource
from xds_server.health import Health
from xds_server.listening import CannotListen, address, bound
from xds_server.local.envoys import Envoys, find_envoy
from xds_server.local.laptop import Laptop
from xds_server.page.site import Page
from xds_server.schema import Channel

log = structlog.get_logger()

Statuses = Mapping[Ref, Status]


class Settings(Value):
    """What a control plane on files is started with; addresses are host:port, port 0 picks one, nothing is off."""

    paths: tuple[str, ...]
    channel: str
    controller_name: str
    xds_address: str
    debug_address: str
    metrics_address: str = ""
    system_authorities: str = SYSTEM_AUTHORITIES
    """Where Envoys find the CA certificates that come with their system."""
    debug_certificate: str = ""
    """The folder with the debug endpoint's certificate, and the CA's whose clients may ask from elsewhere."""


class Running:
    """A control plane that has its ports, and serves from `listen` on."""

    def __init__(self, settings: Settings, group: asyncio.TaskGroup) -> None:
        self.group = group
        self.source = FileSource(settings.paths, Channel(settings.channel))
        self.plane = ControlPlane(
            TranslatorSettings(
                controller_name=settings.controller_name,
                dns_services=True,
                system_authorities=settings.system_authorities,
            ),
        )
        self._settings = settings
        self._xds = Server(self.plane.snapshots, self.plane.hear)
        self.plane.standing.ask(self._xds.unanswered)
        self.xds_port = bound(self._xds.bind, settings.xds_address)
        self._renewal: asyncio.Task[None] | None = None
        """Of the debug endpoint's certificate."""
        self._known = Known(self.plane, self._xds.streams, self._xds.troubles)
        self._debug = Doors(self._known, settings.debug_address)
        near = self._debug.open(bound)
        far = self._open_to_clients(settings.debug_certificate) if self._debug.far else 0
        self.debug_ports = (near, far)
        """On loopback, and elsewhere; 0 is none."""
        self.page_port = 0
        """0 is none, or not yet."""
        self._listening = False

    def _open_to_clients(self, folder: str) -> int:
        """Let in from elsewhere who shows a certificate of the folder's authority; return the port."""
        if not folder:
            advice = "give --debug-certificate a folder with tls.crt, tls.key and the ca.crt of those who may ask"
            raise Unprotected(self._debug.far[0], advice)
        from xds_server.kube.identity import MountedCertificate, ServingCertificate, in_folder

        serving = ServingCertificate()
        mounted = MountedCertificate(in_folder(folder), serving)
        try:
            mounted.look()
        except (ValueError, OSError) as error:
            raise CannotListen(self._debug.far[0], f"{folder}: {error}") from error
        self._renewal = self.group.create_task(mounted.run())
        return self._debug.open_to_others(bound, serving.credentials(ask_clients=True))

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield the files' content as one batch, then every change to them; the findings are those that stand."""
        batch = self.source.read()
        findings = batch.findings
        metrics.FINDINGS.set(len(findings))
        yield batch
        async with aclosing(self.source.watch()) as looks:
            async for changed in looks:
                batch = self.source.read(changed)
                if not (batch.changes or batch.others_changed) and batch.findings == findings:
                    continue
                findings = batch.findings
                metrics.FINDINGS.set(len(findings))
                yield batch

    async def listen(self) -> None:
        """Serve Envoys and debuggers from now on: not before the first commit, or they would be told of nothing."""
        if self._listening:
            return
        self._listening = True
        garbage.settle()
        if self._settings.metrics_address:
            page = Page(self.plane, self._known, asyncio.get_running_loop())
            health = Health(lambda: self._listening, page)
            self.page_port = bound(lambda at: health.listen(*address(at)), self._settings.metrics_address)
        await self._xds.start()
        await self._debug.start()
        log.info("serving", xds=self.xds_port, debug=self.debug_ports[0] or self.debug_ports[1])

    async def close(self) -> None:
        """End the streams."""
        if self._renewal is not None:
            self._renewal.cancel()
        await self._debug.stop()
        await self._xds.stop()

    @asynccontextmanager
    async def laptop(self, envoy: str | None, port_offset: int, at: str = "") -> AsyncIterator[Laptop]:
        """Run Envoys, all at one address if given, and echo pods on this machine for as long as the block lasts."""

        def render(gateway: Key) -> str:
            return bootstrap.render(gateway, node=f"local-{gateway.name}", xds_host="127.0.0.1", xds_port=self.xds_port)

        envoys = Envoys(find_envoy(envoy), render)
        try:
            yield Laptop(self.plane, envoys, self.group, port_offset, at)
        finally:
            await envoys.close()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Make a control plane; all of its tasks end with the block.

    Garbage is not collected before it listens: the first batch only builds, and what it built is then left alone.
    """
    garbage.hold_back()
    async with asyncio.TaskGroup() as group:
        plane = Running(settings, group)
        try:
            yield plane
        finally:
            await plane.close()
