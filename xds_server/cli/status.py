"""`gatehouse status` and `gatehouse envoys`: how objects and Envoys are, asked of a running control plane."""

import sys
from collections.abc import Iterable
from typing import Any

from xds_server.cli.asking import AMISS, Server, asked, document, table, write
from xds_server.cli.options import Target
from xds_server.debug.v1 import debug_pb2 as pb

SHOWN = 4
"""Edits of a change that are named."""


def status(server: Target, *, kind: str, namespace: str, amiss: bool, output: str) -> int:
    """Print objects, what they are told and what Envoys make of them; return 0, or 1 where something is amiss."""

    def question(it: Server) -> int:
        request = pb.ListObjectsRequest(kind=kind, namespace=namespace, amiss=amiss)
        objects = _together(it.ask_each("ListObjects", request, pb.ListObjectsResponse))
        if output == "text":
            table(("KIND", "OBJECT", "STATE"), (row for each in objects for row in _rows(each)))
        else:
            write(map(document, objects), output)
        return AMISS if any(map(_is_amiss, objects)) else 0

    return asked(server, question)


def details(server: Target, *, kind: str, key: str, output: str) -> int:
    """Print all that is known of one object; return 0, or 1 where something is amiss about it, or nothing known."""
    namespace, _, name = key.rpartition("/")

    def question(it: Server) -> int:
        request = pb.GetObjectRequest(object=pb.Object(kind=kind, namespace=namespace, name=name))
        answers = it.ask_each("GetObject", request, pb.GetObjectResponse)
        found = _of_replicas(answers)
        if output == "text":
            sys.stdout.writelines(f"{line}\n" for line in _described(found))
        else:
            write([document(found)], output)
        return AMISS if _is_amiss(found.status) else 0

    return asked(server, question)


def envoys(server: Target, *, gateway: str, output: str) -> int:
    """Print Gateways and their Envoys; return 0, or 1 where an Envoy has refused something."""

    def question(it: Server) -> int:
        request = pb.ListGatewaysRequest(gateway=gateway)
        gateways = merged(it.ask_each("ListGateways", request, pb.ListGatewaysResponse))
        if output == "text":
            columns = ("GATEWAY", "ENVOY", "PROTOCOL", "SYNCED", "PENDING", "LAG", "TROUBLE")
            table(columns, (row for each in gateways for row in _of_gateway(each)))
        else:
            write(map(document, gateways), output)
        return AMISS if any(envoy.troubles for each in gateways for envoy in each.envoys) else 0

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


def _together(answers: Iterable[Any]) -> list[Any]:
    """Put together what the replicas say of objects: the same conditions, and the troubles of each one's own Envoys."""
    first, *others = answers
    found = {_name(it): it for it in first.objects}
    for answer in others:
        for it in answer.objects:
            known = found.setdefault(_name(it), it)
            if known is not it:
                known.troubles.extend(it.troubles)
    return [found[name] for name in sorted(found)]


def _of_replicas(answers: Iterable[Any]) -> Any:
    """Put together what the replicas say of one object."""
    first, *others = answers
    for answer in others:
        first.status.troubles.extend(answer.status.troubles)
        counts = {(it.gateway, it.type, it.name, it.host): it for it in answer.places}
        for place in first.places:
            more = counts.get((place.gateway, place.type, place.name, place.host))
            if more is not None:
                place.synced, place.envoys = place.synced + more.synced, place.envoys + more.envoys
    return first


def _name(found: Any) -> tuple[str, str, str]:
    return found.object.kind, found.object.namespace, found.object.name


def _is_amiss(found: Any) -> bool:
    return bool(found.troubles) or any(it.amiss for it in found.conditions)


def _rows(found: Any) -> Iterable[tuple[str, str, str]]:
    """One row where all is well, and one for each condition that is not and each trouble that an Envoy makes."""
    name = f"{found.object.namespace}/{found.object.name}".lstrip("/")
    wrong = [_condition(it) for it in found.conditions if it.amiss]
    wrong += [_trouble(it) for it in found.troubles]
    for words in dict.fromkeys(wrong) or ("as it should be",):
        yield found.object.kind, name, words


def _condition(found: Any) -> str:
    part = f"{found.part}: " if found.part else ""
    return f"{part}{found.type} {found.status}, {found.reason}: {found.message}"


def _trouble(found: Any) -> str:
    """Say what an Envoy makes of a resource."""
    what = f"{found.type} {found.name}" + (f", host {found.host}" if found.host else "")
    still = f"; it still serves version {found.serves[:12]}" if found.serves else "; it serves nothing in its place"
    verb = f"refuses {what}: {found.words}" if found.kind == "refused" else f"{found.words} for {what}"
    return f"Envoy {found.envoy} of Gateway {found.gateway} {verb}{still}"


def _described(found: Any) -> Iterable[str]:
    """Write all that is known of an object, section by section."""
    it = found.status.object
    yield f"{it.kind} {f'{it.namespace}/{it.name}'.lstrip('/')}"
    for condition in found.status.conditions:
        yield f"  {'!' if condition.amiss else ' '} {_condition(condition)}"
    for trouble in found.status.troubles:
        yield f"  ! {_trouble(trouble)}"
    if found.places:
        yield "Became, or has a part in:"
    for place in found.places:
        what = f"{place.type} {place.name}" + (f", host {place.host}" if place.host else "")
        yield f"    {place.gateway}  {what}  {place.version[:12]}  held by {place.synced} of {place.envoys} Envoys"
    if found.changes:
        yield "Last changes that it caused:"
    for change in found.changes:
        edits = [f"{each.type} {each.name}{f' {each.host}' if each.host else ''}" for each in change.edits]
        more = len(edits[SHOWN:]) + change.edits_left_out
        when = change.time.ToDatetime().isoformat(timespec="milliseconds")
        yield f"    #{change.number} {when}Z {', '.join(edits[:SHOWN])}{f' and {more} more' if more else ''}"


def _of_gateway(gateway: Any) -> Iterable[tuple[str, ...]]:
    if not gateway.envoys:
        yield gateway.name, "none is connected", "", "", "", "", ""
    for envoy in gateway.envoys:
        synced = sum(it.synced for it in envoy.standings)
        pending = sum(it.pending for it in envoy.standings)
        lag = f"{envoy.lag_seconds:.1f} s" if envoy.lag_seconds else ""
        wrong = "; ".join(_short(it) for it in envoy.troubles)
        yield gateway.name, envoy.node, envoy.protocol, str(synced), str(pending), lag, wrong


def _short(found: Any) -> str:
    return f"{found.name}{f' {found.host}' if found.host else ''}: {found.words}"
