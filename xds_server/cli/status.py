"""`gatehouse status` and `gatehouse envoys`: how objects and Envoys are, asked of a running control plane."""

from collections.abc import Iterable
from typing import Any

from xds_server.cli.asking import AMISS, Server, asked, document, table, write
from xds_server.cli.options import Target
from xds_server.debug.v1 import debug_pb2 as pb


def status(server: Target, *, kind: str, namespace: str, amiss: bool, output: str) -> int:
    """Print objects and their conditions; return 0, or 1 where something is amiss."""

    def question(it: Server) -> int:
        request = pb.ListObjectsRequest(kind=kind, namespace=namespace, amiss=amiss)
        objects = it.ask("ListObjects", request, pb.ListObjectsResponse).objects
        if output == "text":
            table(("KIND", "OBJECT", "STATE"), (row for each in objects for row in _rows(each)))
        else:
            write(map(document, objects), output)
        return AMISS if any(condition.amiss for each in objects for condition in each.conditions) else 0

    return asked(server, question)


def envoys(server: Target, *, gateway: str, output: str) -> int:
    """Print Gateways and their Envoys; return 0, or 1 where an Envoy has refused something."""

    def question(it: Server) -> int:
        request = pb.ListGatewaysRequest(gateway=gateway)
        gateways = merged(it.ask_each("ListGateways", request, pb.ListGatewaysResponse))
        if output == "text":
            columns = ("GATEWAY", "ENVOY", "PROTOCOL", "SYNCED", "PENDING", "REFUSED")
            table(columns, (row for each in gateways for row in _of_gateway(each)))
        else:
            write(map(document, gateways), output)
        standings = (standing for each in gateways for envoy in each.envoys for standing in envoy.standings)
        return AMISS if any(standing.refusals for standing in standings) else 0

    return asked(server, question)


def merged(answers: Iterable[Any]) -> list[Any]:
    """Put together what the replicas say: each knows the Envoys that are connected to it."""
    found: dict[str, Any] = {}
    for answer in answers:
        for gateway in answer.gateways:
            if gateway.name in found:
                found[gateway.name].envoys.extend(gateway.envoys)
            else:
                found[gateway.name] = gateway
    return [found[name] for name in sorted(found)]


def _rows(found: Any) -> Iterable[tuple[str, str, str]]:
    """One row where all is well, and one for each condition that is not."""
    name = f"{found.object.namespace}/{found.object.name}".lstrip("/")
    wrong = [it for it in found.conditions if it.amiss]
    if not wrong:
        yield found.object.kind, name, "as it should be"
    for it in wrong:
        part = f"{it.part}: " if it.part else ""
        yield found.object.kind, name, f"{part}{it.type} {it.status}, {it.reason}: {it.message}"


def _of_gateway(gateway: Any) -> Iterable[tuple[str, ...]]:
    if not gateway.envoys:
        yield gateway.name, "none is connected", "", "", "", ""
    for envoy in gateway.envoys:
        synced = sum(it.synced for it in envoy.standings)
        pending = sum(it.pending for it in envoy.standings)
        refused = [f"{it.name}: {it.words}" for standing in envoy.standings for it in standing.refusals]
        yield gateway.name, envoy.node, envoy.protocol, str(synced), str(pending), "; ".join(refused)
