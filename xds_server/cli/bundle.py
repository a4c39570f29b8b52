"""`gatehouse bundle`: an archive of all that a running control plane knows, with secrets removed, for who helps."""

import io
import tarfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from xds_server.cli.asking import Server, asked, document
from xds_server.cli.options import Target
from xds_server.cli.resources import assembled
from xds_server.cli.status import merged
from xds_server.debug.v1 import debug_pb2 as pb

CHANGES = 256


def run(server: Target, *, path: Path | None) -> int:
    """Ask for everything and write it into one archive; return 0, or 2 where nobody can be asked."""
    now = datetime.now(UTC)
    target = path or Path(f"gatehouse-{now:%Y%m%d-%H%M%S}.tar.gz")

    def question(it: Server) -> int:
        with tarfile.open(target, "w:gz") as archive:
            for name, documents in _files(it):
                text = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120).encode()
                entry = tarfile.TarInfo(f"{target.name.split('.')[0]}/{name}.yaml")
                entry.size, entry.mtime = len(text), int(now.timestamp())
                archive.addfile(entry, io.BytesIO(text))
        print(target)
        return 0

    return asked(server, question)


def _files(it: Server) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Yield what is in the archive, file by file: names without their ending, and documents."""
    gateways = merged(it.ask_each("ListGateways", pb.ListGatewaysRequest(), pb.ListGatewaysResponse))
    objects = it.ask("ListObjects", pb.ListObjectsRequest(), pb.ListObjectsResponse).objects
    request = pb.ListChangesRequest(limit=CHANGES, contents=True)
    changes = it.ask("ListChanges", request, pb.ListChangesResponse).changes
    yield "version", [{"gatehouse": version("gatehouse")}]
    yield "gateways", map(document, gateways)
    yield "objects", map(document, objects)
    yield "changes", map(document, changes)
    for gateway in gateways:
        resources = it.every("GetSnapshot", pb.GetSnapshotRequest(gateway=gateway.name), pb.Resource)
        yield f"snapshots/{gateway.name.replace('/', '.')}", assembled(resources)
