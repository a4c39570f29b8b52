"""What is known of Gateways and their Envoys, and which way requests go, as messages of gatehouse.debug.v1."""

import time
from collections.abc import Iterable

from translator.value import Key
from xds_server.ads.report import ResourceReport, Standing, StreamReport, TypeReport
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.rendering import NAMES, TYPES
from xds_server.snapshot import SnapshotCache


def gateways(
    request: pb.ListGatewaysRequest,
    snapshots: SnapshotCache,
    streams: Iterable[StreamReport],
    troubles: Iterable[pb.Trouble] = (),
) -> pb.ListGatewaysResponse:
    """List Gateways with their Envoys."""
    made: dict[tuple[str, str], list[pb.Trouble]] = {}
    for trouble in troubles:
        made.setdefault((trouble.gateway, trouble.envoy), []).append(trouble)
    envoys: dict[Key, list[pb.Envoy]] = {}
    now = time.monotonic()
    for report in streams:
        envoy = _envoy(report, request.resources, now, made.get((str(report.gateway), report.node.id), ()))
        envoys.setdefault(report.gateway, []).append(envoy)
    found = [key for key in sorted({*snapshots, *envoys}) if request.gateway in ("", str(key))]
    return pb.ListGatewaysResponse(
        gateways=[
            pb.Gateway(
                name=str(key),
                envoys=sorted(envoys.get(key, ()), key=lambda it: it.node),
                resources={name: sum(1 for _ in snapshots[key].names(kind)) for name, kind in TYPES.items()},
            )
            for key in found
        ]
    )


def _envoy(report: StreamReport, resources: bool, now: float, troubles: Iterable[pb.Trouble]) -> pb.Envoy:
    standings = [_standing(it, resources, now) for it in report.types]
    return pb.Envoy(
        node=report.node.id,
        protocol=report.protocol,
        standings=standings,
        lag_seconds=max((it.lag_seconds for it in standings), default=0.0),
        troubles=troubles,
    )


def _standing(report: TypeReport, resources: bool, now: float) -> pb.Standing:
    standings = [it.standing for it in report.resources]
    return pb.Standing(
        type=NAMES[report.type],
        synced=standings.count(Standing.SYNCED),
        pending=standings.count(Standing.STALE) + standings.count(Standing.NOT_SENT),
        refusals=[
            pb.Refusal(name=it.name, version=it.refused, words=it.words) for it in report.resources if it.refused
        ],
        lag_seconds=0.0 if report.waiting_since is None else max(now - report.waiting_since, 0.0),
        resources=map(_resource, report.resources) if resources else (),
    )


def _resource(report: ResourceReport) -> pb.ResourceStanding:
    return pb.ResourceStanding(
        name=report.name,
        standing=report.standing,
        sent=report.sent,
        acked=report.acked,
        refused=report.refused,
    )
