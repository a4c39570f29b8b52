"""The composition root of a cluster: watches, translator, xDS, and what only the leader does: status and Envoys."""

import asyncio
import os
import socket
from collections.abc import Mapping

import structlog

from translator.ir import Placement
from translator.pipeline import SYSTEM_AUTHORITIES, Commit
from translator.pipeline import Settings as TranslatorSettings
from translator.value import Key, Value
from xds_server import garbage, metrics
from xds_server.ads.events import Event, Nacked
from xds_server.ads.service import Server
from xds_server.control_plane import ControlPlane
from xds_server.debug.doors import Doors
from xds_server.debug.known import Known
from xds_server.health import Health
from xds_server.kube.client import Client
from xds_server.kube.events import Recorder
from xds_server.kube.fleet.fleet import Fleet
from xds_server.kube.fleet.settings import ENVOY_IMAGE
from xds_server.kube.fleet.settings import Settings as FleetSettings
from xds_server.kube.identity import (
    AUDIENCE,
    Accounts,
    AuthorityKeeper,
    FleetAdmission,
    MountedCertificate,
    ServingCertificate,
    TokenReviews,
    Viewers,
    in_folder,
)
from xds_server.kube.lease import Leadership
from xds_server.kube.replicas import Replicas, Reporter
from xds_server.kube.scope import EVERYWHERE, Everywhere, Named
from xds_server.kube.slow import SlowEnvoys
from xds_server.kube.status import ENTRY_KINDS, FIRST_KINDS, StatusWriter
from xds_server.kube.watch import KubeSource
from xds_server.listening import address, bound
from xds_server.page.site import Page
from xds_server.progress import Progress

log = structlog.get_logger()


class Pod(Value):
    """Where this replica runs, as the chart tells it in the environment."""

    name: str
    namespace: str
    installation: str
    """The name of the release, and of the Service that Envoys connect to."""
    image: str
    envoy_image: str
    ipv6: bool
    """Whether the cluster's own addresses are of IPv6, and so those by which kubelets reach pods."""


def pod_of(environment: Mapping[str, str] = os.environ) -> Pod:
    """Read POD_NAME, POD_NAMESPACE, GATEHOUSE_NAME, GATEHOUSE_IMAGE and GATEHOUSE_ENVOY_IMAGE, and a kubelet's own."""
    return Pod(
        name=environment.get("POD_NAME") or socket.gethostname(),
        namespace=environment.get("POD_NAMESPACE", "gatehouse-system"),
        installation=environment.get("GATEHOUSE_NAME", "gatehouse"),
        image=environment.get("GATEHOUSE_IMAGE", "gatehouse:dev"),
        envoy_image=environment.get("GATEHOUSE_ENVOY_IMAGE", ENVOY_IMAGE),
        ipv6=":" in environment.get("KUBERNETES_SERVICE_HOST", ""),
    )


class Settings(Value):
    """What a control plane in a cluster is started with."""

    controller_name: str
    xds_address: str
    debug_address: str
    metrics_address: str
    namespaces: tuple[str, ...]
    """The only ones that are looked at; empty for all."""
    pod: Pod
    certificate: str = ""
    """The folder of the xDS server's certificate; empty for an authority of our own."""
    system_authorities: str = SYSTEM_AUTHORITIES
    """Where Envoys find the CA certificates that come with their system."""


class Cluster:
    """One replica: it translates and serves; while it leads it also writes status and keeps the Envoys."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._settings = settings
        pod, controller = settings.pod, settings.controller_name
        self._ready = False
        self.plane = ControlPlane(
            TranslatorSettings(
                controller_name=controller, awaits_envoys=True, system_authorities=settings.system_authorities
            )
        )
        self._accounts = Accounts()
        self._serving = ServingCertificate()
        host = f"{pod.installation}.{pod.namespace}.svc"
        self._certificate = (
            MountedCertificate(in_folder(settings.certificate), self._serving)
            if settings.certificate
            else AuthorityKeeper(
                client, Key(pod.namespace, f"{pod.installation}-xds-authority"), (host,), self._serving
            )
        )
        admission = FleetAdmission(TokenReviews(client), self._accounts)
        self._xds = Server(self.plane.snapshots, self.plane.hear, admission=admission)
        self._known = Known(self.plane, self._xds.streams, self._xds.troubles)
        self._debug = Doors(self._known, settings.debug_address, Viewers(client))
        self._debug.open(bound)
        self._progress = Progress(self.plane, self._xds.settled)
        self._writer = StatusWriter(
            client,
            controller,
            self.plane.statuses,
            exists=self.plane.translator.knows,
            api_version=lambda kind: self._source.served.get(kind),
            programmed=self._progress.learn,
            namespaces=settings.namespaces,
        )
        scope = Named(settings.namespaces) if settings.namespaces else Everywhere()
        self._source = KubeSource(client, scope=scope, seen=self._writer.saw)
        self._recorder = Recorder(client, controller, pod.name, lambda kind: self._source.served.get(kind))
        self._slow = SlowEnvoys(self._xds.troubles, self.plane.translator.owners, self._recorder)
        self._fleet = Fleet(
            client,
            FleetSettings(
                controller_name=controller,
                xds_host=host,
                xds_port=address(settings.xds_address)[1],
                image=pod.image,
                envoy_image=pod.envoy_image,
                audience=AUDIENCE,
                ipv6=pod.ipv6,
            ),
            self._placed,
            namespaces=settings.namespaces or (EVERYWHERE,),
        )
        self._leadership = Leadership(client, pod.namespace, f"{pod.installation}-leader", pod.name)
        self._reporter = Reporter(client, pod.namespace, pod.name, self._progress, lambda: self._leadership.leads)
        self._replicas = Replicas(client, pod.namespace, pod.name, self._progress)
        self._measure()
        self.plane.watch(self._committed)
        self.plane.listen(self._heard)

    async def run(self) -> None:
        """Serve until cancelled: first all of the cluster is read, then Envoys are answered, then the rest begins."""
        page = Page(self.plane, self._known, asyncio.get_running_loop())
        health = Health(lambda: self._ready, page)
        bound(lambda at: health.listen(*address(at)), self._settings.metrics_address)
        garbage.hold_back()
        async with asyncio.TaskGroup() as group:
            # the kube-apiserver makes its answers while a certificate is made here
            group.create_task(self._source.run())
            await self._certificate.start()
            bound(lambda at: self._xds.bind(at, self._serving.credentials()), self._settings.xds_address)
            self._debug.open_to_others(bound, self._serving.credentials())
            self._serving.watch(self._fleet.trust)
            group.create_task(self._certificate.run())
            group.create_task(self._recorder.run())
            group.create_task(self._slow.run())
            try:
                async for batch in self._source:
                    self.plane.change(batch, heard_at=self._source.heard_at)
                    if not self._ready:
                        await self._begin(group)
            finally:
                await self._debug.stop()
                await self._xds.stop()

    def _measure(self) -> None:
        self.plane.standing.ask(self._xds.unanswered)
        for kind in (*FIRST_KINDS, *ENTRY_KINDS):
            metrics.STATUS_WRITES.labels(kind, "failed")
        metrics.KUBE_QUEUE.set_function(lambda: self._source.queue)
        metrics.STATUS_QUEUE.set_function(lambda: self._writer.queue)
        metrics.FLEET_QUEUE.set_function(lambda: self._fleet.queue)

    async def _begin(self, group: asyncio.TaskGroup) -> None:
        garbage.settle()
        await self._xds.start()
        await self._debug.start()
        self._ready = True
        log.info("serving", xds=self._settings.xds_address)
        group.create_task(self._fleet.observe())
        group.create_task(self._reporter.run())
        group.create_task(self._leadership.run(self._lead))

    async def _lead(self) -> None:
        """Write nothing before it is known what there is: addresses would come and go."""
        await self._fleet.observed.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._writer.run())
            group.create_task(self._fleet.run())
            group.create_task(self._replicas.run())

    def _placed(self, placements: Mapping[Key, Placement | None]) -> None:
        self.plane.change((), placements)

    def _committed(self, commit: Commit) -> None:
        self._writer.change(commit.statuses)
        self._accounts.want(commit.infrastructures)
        self._fleet.want(commit.infrastructures)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Nacked):
            refusal = self.plane.refusal(event)
            blamed = refusal.routes or self.plane.translator.blamed(event.gateway, event.type, event.name, event.host)
            self._recorder.refused(refusal, blamed)


async def serve(settings: Settings) -> None:
    """Run one replica until cancelled."""
    async with await Client.load() as client:
        await Cluster(client, settings).run()
