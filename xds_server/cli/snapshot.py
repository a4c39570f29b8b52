"""`gatehouse snapshot`: what a running control plane serves, or would serve of files, resource by resource."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from translator.value import Key, Value
from xds_server.cli import offline
from xds_server.cli.asking import AMISS, Server, asked, write
from xds_server.cli.options import Target
from xds_server.cli.resources import assembled
from xds_server.cli.status import merged
from xds_server.cli.translate import gateway_key, no_gateway
from xds_server.debug.snapshots import NotFound, snapshot
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.snapshot import SnapshotCache


class Wanted(Value):
    """What is asked for; empty is everything."""

    gateway: str
    type: str
    name: str
    host: str
    version: str
    output: str

    def of(self, gateway: str) -> Any:
        """Return the question about one Gateway."""
        return pb.GetSnapshotRequest(
            gateway=gateway, type=self.type, name=self.name, host=self.host, version=self.version
        )


def run(target: Target, wanted: Wanted) -> int:
    """Ask and print; return 0, 1 where there is no such thing, or 2 where nobody can be asked."""
    only = gateway_key(wanted.gateway or None)

    def question(it: Server) -> int:
        request = pb.ListGatewaysRequest(gateway=wanted.gateway, resources=True)
        found = merged(it.ask_each("ListGateways", request, pb.ListGatewaysResponse))
        if only is not None and not found:
            print(no_gateway(only), file=sys.stderr)
            return AMISS
        for gateway in found:
            resources = list(assembled(it.every("GetSnapshot", wanted.of(gateway.name), pb.Resource)))
            write(_of_gateway(gateway, resources), wanted.output)
        return 0

    return asked(target, question)


def of_files(paths: Sequence[Path], wanted: Wanted, *, channel: str, controller_name: str) -> int:
    """Print what Envoys would get of files; return 0, or 1 where there is no such thing."""
    only = gateway_key(wanted.gateway or None)
    snapshots = offline.read(paths, channel, controller_name).snapshots
    gateways = [it for it in sorted(snapshots) if only in (None, it)]
    if not gateways:
        print(no_gateway(only) if only else "there is no Gateway of ours", file=sys.stderr)
        return AMISS
    try:
        write(_of_files(gateways, snapshots, wanted), wanted.output)
    except NotFound as error:
        print(error, file=sys.stderr)
        return AMISS
    return 0


def _of_gateway(gateway: Any, resources: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a document for each Envoy of a Gateway; one without an Envoy's name where none is connected."""
    for envoy in gateway.envoys or (pb.Envoy(),):
        standings = {(of.type, it.name): it for of in envoy.standings for it in of.resources}
        refusals = {(it.type, it.name): it for it in envoy.troubles if it.kind == "refused"}
        shown = [_with_state(it, standings, refusals) for it in resources]
        yield {"gateway": gateway.name, "envoy": envoy.node, "resources": shown}


def _with_state(found: dict[str, Any], standings: dict[Any, Any], refusals: dict[Any, Any]) -> dict[str, Any]:
    """Say where an Envoy stands with a resource; the configuration, which is long, comes last."""
    place = (found["type"], found["name"])
    standing, refusal = standings.get(place), refusals.get(place)
    head = {key: value for key, value in found.items() if key != "config"}
    head["state"] = "NOT_SENT" if standing is None else standing.standing
    if refusal is not None:
        head["refused"] = {"details": refusal.words, "version_info": refusal.version}
    return {**head, "config": found["config"]}


def _of_files(gateways: Iterable[Key], snapshots: SnapshotCache, wanted: Wanted) -> Iterator[dict[str, Any]]:
    for gateway in gateways:
        found = assembled(snapshot(wanted.of(str(gateway)), snapshots))
        yield {"gateway": str(gateway), "envoy": "", "resources": list(found)}
