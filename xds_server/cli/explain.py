"""`gatehouse explain`: which way a request would go, from files or from a running control plane."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import grpc
import msgspec
import yaml

from translator.pipeline import Settings
from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.cli import snapshot
from xds_server.cli.translate import gateway_key, no_gateway, translated
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, Won, explain
from xds_server.explaining.request import NotARequest, Request, read
from xds_server.files import FileSource
from xds_server.rendering import route_configuration
from xds_server.schema import Channel

NOT_SERVED, CANNOT_RUN = 1, 2


def run(
    method: str,
    url: str,
    *,
    headers: Sequence[str],
    server_name: str | None,
    paths: Sequence[Path],
    server: str,
    gateway: str | None,
    output: str,
    channel: str,
    controller_name: str,
) -> int:
    """Explain and print; return 0 where a Gateway serves the request, 1 where none does, 2 where nobody can tell."""
    only = gateway_key(gateway)
    try:
        request = read(method, url, headers, server_name)
        found = of_files(paths, channel, controller_name) if paths else of_server(server)
    except NotARequest as error:
        print(error, file=sys.stderr)
        return CANNOT_RUN
    except grpc.RpcError as error:
        print(f"cannot ask {server}: {error.details()}; is `gatehouse serve` or `up` running there?", file=sys.stderr)
        return CANNOT_RUN
    configurations = [it for it in found if only is None or it.gateway == str(only)]
    if not configurations:
        print(no_gateway(only) if only else "there is no Gateway of ours", file=sys.stderr)
        return NOT_SERVED
    explanations = [explain(request, it) for it in configurations]
    furthest = max(it.reached for it in explanations)
    shown = [it for it in explanations if it.reached == furthest]
    sys.stdout.write(written(shown, request, output))
    return 0 if any(it.is_served for it in shown) else NOT_SERVED


def of_files(paths: Sequence[Path], channel: str, controller_name: str) -> list[Configuration]:
    """Return what the Gateways of some files would get."""
    batch = FileSource(paths, Channel(channel)).read()
    for finding in batch.findings:
        print(finding, file=sys.stderr)
    translator, _ = translated(batch, Settings(controller_name=controller_name, dns_services=True))
    found: dict[Key, list[tuple[str, str, bytes]]] = {}
    for gateway, kind, resource in translator.resources():
        found.setdefault(gateway, []).append((kind, resource.name, resource.body))
    for gateway, table, hosts in translator.tables():
        row = (ResourceType.ROUTE, table.name, route_configuration(table, hosts))
        found.setdefault(gateway, []).append(row)
    return [Configuration(str(gateway), rows) for gateway, rows in sorted(found.items())]


def of_server(server: str) -> list[Configuration]:
    """Return what a running control plane serves, once for each Gateway; raises grpc.RpcError."""
    found: dict[str, list[tuple[str, str, bytes]]] = {}
    for client in snapshot.fetch(server).config:
        rows = [(it.type_url, it.name, it.xds_config.value) for it in client.generic_xds_configs]
        found.setdefault(client.node.cluster, rows)
    return [Configuration(gateway, rows) for gateway, rows in sorted(found.items())]


def written(explanations: Iterable[Explanation], request: Request, output: str) -> str:
    """Write explanations for people, or as YAML or JSON."""
    if output == "text":
        return "\n".join(text(it, request) for it in explanations)
    documents = [msgspec.to_builtins(it) for it in explanations]
    if output == "json":
        return "".join(f"{json.dumps(it)}\n" for it in documents)
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120)


def text(found: Explanation, request: Request) -> str:
    """Write an explanation for people."""
    lines = [f"{request.method} {request.scheme}://{request.authority}{request.path}"]
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
    lines += [f"  hint: {hint}" for hint in found.hints]
    return "\n".join(lines) + "\n"


def _of_winner(won: Won) -> Iterable[str]:
    yield f"  {won.answer.words}{_share(won.percent)}"
    for it in won.answer.filters:
        yield f"    {it}"
    for it in won.answer.mirrors:
        yield f"    mirrored to {it}"
    for destination in won.answer.destinations:
        reached = ", ".join(f"{it.address} ({it.health})" for it in destination.endpoints) or "no endpoint"
        yield f"    {destination.cluster}: {destination.words or reached}"


def _share(percent: float) -> str:
    return "" if percent == 100 else f" ({percent:g} %)"
