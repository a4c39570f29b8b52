"""`gatehouse translate`: the world that some files describe, as Envoy and as Kubernetes would see it."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
import yaml

from translator.api.kinds import KINDS, Object
from translator.pipeline import Settings, Translator
from translator.status import to_document
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server import rendering
from xds_server.files import Batch, FileSource, Put, Severity
from xds_server.rendering import NAMES, TYPES
from xds_server.schema import Channel

Objects = dict[Ref, Object]


def translated(batch: Batch, settings: Settings) -> tuple[Translator, Objects]:
    """Translate the objects of a first look at some files."""
    translator = Translator(settings)
    objects = {change.ref: change.value for change in batch.changes if isinstance(change, Put)}
    for ref, value in objects.items():
        translator.put(ref.kind, value)
    translator.commit()
    return translator, objects


def gateways(translator: Translator, only: Key | None, type_: str | None) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return every Gateway's resources by type, decoded, in the order of their names."""
    found: dict[tuple[Key, str], list[tuple[str, str, bytes]]] = {}
    for gateway, kind, item in translator.resources():
        found.setdefault((gateway, NAMES[kind]), []).append((item.name, kind, item.body))
    for gateway, table, hosts in translator.tables():
        body = rendering.route_configuration(table, hosts)
        found.setdefault((gateway, "routes"), []).append((table.name, ResourceType.ROUTE, body))
    shown: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for gateway in sorted({gateway for gateway, _ in found if only in (None, gateway)}):
        shown[str(gateway)] = {
            name: [rendering.decode(kind, body) for _, kind, body in sorted(found.get((gateway, name), ()))]
            for name in TYPES
            if type_ in (None, name) and (gateway, name) in found
        }
    return shown


def statuses(translator: Translator, objects: Objects, controller_name: str) -> Iterator[dict[str, Any]]:
    """Yield every object that has a status, as `apiVersion, kind, metadata, status`, in order of kind and name."""
    for ref, status in sorted(translator.statuses()):
        metadata = {"name": ref.name, "namespace": ref.namespace, "generation": objects[ref].metadata.generation}
        yield {
            "apiVersion": KINDS[ref.kind].api_version,
            "kind": ref.kind,
            "metadata": {field: value for field, value in metadata.items() if value != ""},
            "status": to_document(status, controller_name),
        }


def gateway_key(text: str | None) -> Key | None:
    """Read the NAMESPACE/NAME of an option."""
    if text is None:
        return None
    namespace, slash, name = text.rpartition("/")
    if not (slash and namespace and name):
        raise typer.BadParameter(f"{text!r} is not NAMESPACE/NAME", param_hint="--gateway")
    return Key(namespace, name)


def no_gateway(wanted: Key) -> str:
    """Say that there is no such Gateway."""
    return f"there is no Gateway {wanted} of a GatewayClass of ours"


def dump(documents: Iterable[Any], output: str) -> str:
    """Write documents as multi-document YAML, or as JSON, one a line."""
    if output == "json":
        return "".join(f"{json.dumps(document)}\n" for document in documents)
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120)


def run(
    paths: Sequence[Path], *, gateway: str | None, type_: str | None, output: str, channel: str, controller_name: str
) -> None:
    """Read, translate and print; what is wrong with the files goes to standard error."""
    only = gateway_key(gateway)
    batch = FileSource(paths, Channel(channel)).read()
    for finding in batch.findings:
        print(finding, file=sys.stderr)
    translator, objects = translated(batch, Settings(controller_name=controller_name, dns_services=True))
    if type_ == "status":
        sys.stdout.write(dump(statuses(translator, objects, controller_name), output))
    else:
        if only is not None and Ref("Gateway", *only) not in dict(translator.statuses()):
            print(no_gateway(only), file=sys.stderr)
            raise typer.Exit(1)
        sys.stdout.write(dump([gateways(translator, only, type_)], output))
    if any(finding.severity is Severity.ERROR for finding in batch.findings):
        raise typer.Exit(1)
