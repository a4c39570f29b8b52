"""`gatehouse explain`: which way a request would go, from files or from a running control plane."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from xds_server.cli import offline
from xds_server.cli.asking import AMISS, CANNOT_ASK, Server, asked, document, write
from xds_server.cli.options import Target
from xds_server.cli.translate import gateway_key, no_gateway
from xds_server.debug.explained import World, explained
from xds_server.debug.v1 import debug_pb2 as pb


def run(request: Any, *, paths: Sequence[Path], server: Target, output: str, channel: str, controller_name: str) -> int:
    """Explain a pb.ExplainRequest and print; return 0 where a Gateway serves it, 1 where none does, 2 where nobody
    can tell.
    """
    if paths:
        return _of_files(request, paths, output, channel, controller_name)

    def question(it: Server) -> int:
        return _show(it.ask("Explain", request, pb.ExplainResponse).explanations, request, output)

    return asked(server, question)


def _of_files(request: Any, paths: Sequence[Path], output: str, channel: str, controller_name: str) -> int:
    only = gateway_key(request.gateway or None)
    world = offline.read(paths, channel, controller_name)
    if only not in (None, *world.snapshots) or not list(world.snapshots):
        print(no_gateway(only) if only else "there is no Gateway of ours", file=sys.stderr)
        return AMISS
    try:
        found = explained(request, world.snapshots, World(world.translator, world.statuses)).explanations
    except ValueError as error:
        print(error, file=sys.stderr)
        return CANNOT_ASK
    return _show(found, request, output)


def _show(explanations: Sequence[Any], request: Any, output: str) -> int:
    if output == "text":
        sys.stdout.write("\n".join(text(it, request) for it in explanations))
    else:
        write(map(document, explanations), output)
    return 0 if any(it.won for it in explanations) else AMISS


def text(found: Any, request: Any) -> str:
    """Write an explanation for people."""
    lines = [f"{request.method.upper()} {request.url}"]
    lines += [f"  Gateway       {found.gateway}"]
    lines += (
        [f"  listener      {found.listener}" + (f", {found.chain}" if found.chain else "")] if found.listener else []
    )
    lines += [f"  route table   {found.table}"] if found.table else []
    lines += [f"  virtual host  {found.host}"] if found.host else []
    for it in found.considered:
        mark = f"no   {it.object}: {it.lost}" if it.lost else f"yes  {it.object}" + _share(it.percent)
        lines.append(f"  {mark}")
    for won in found.won:
        lines += _of_winner(won)
    lines += [f"  {found.words}"] if found.words else []
    lines += [f"  policy {_policy(it)}" for it in found.policies]
    lines += [f"  Envoy {it.envoy} {_trouble(it)}" for it in found.troubles]
    lines += [f"  hint: {hint}" for hint in found.hints]
    return "\n".join(lines) + "\n"


def _policy(it: Any) -> str:
    return f"{it.object.kind} {it.object.namespace}/{it.object.name}, for {it.target}: {it.words}"


def _trouble(it: Any) -> str:
    """Say what an Envoy refused, or does not answer for, of what is on the way."""
    what = f"{it.type} {it.name}{f', host {it.host}' if it.host else ''}"
    still = f"it still serves version {it.serves[:12]}" if it.serves else "it serves nothing in its place"
    if it.kind == "refused":
        return f"refused version {it.version[:12]} of {what}; {still}: {it.words}"
    return f"{it.words} for {what}; {still}"


def _of_winner(won: Any) -> Iterable[str]:
    yield f"  {won.words}{_share(won.percent)}"
    if won.kind == "forward" and won.path:
        yield f"    asked for {won.path} at {won.host}"
    for it in won.filters:
        yield f"    {it}"
    for it in won.mirrors:
        yield f"    mirrored to {it}"
    for destination in won.destinations:
        reached = ", ".join(f"{it.address} ({it.health})" for it in destination.endpoints) or "no endpoint"
        yield f"    {destination.cluster}: {destination.words or reached}"


def _share(percent: float) -> str:
    return "" if percent == 100 else f" ({percent:g} %)"
