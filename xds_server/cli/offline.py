"""What a control plane would know of some files, without one running."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from translator.pipeline import Settings, Translator
from translator.status import Status
from translator.value import Ref
from translator.xds.resource import HostChange, ResourceChange, TableChange
from xds_server.cli.translate import translated
from xds_server.files import FileSource
from xds_server.schema import Channel
from xds_server.snapshot import Change, SnapshotCache


class Offline(NamedTuple):
    """A world of files, translated."""

    translator: Translator
    snapshots: SnapshotCache
    statuses: Mapping[Ref, Status]


def read(paths: Sequence[Path], channel: str, controller_name: str) -> Offline:
    """Translate files; what is wrong with them goes to standard error."""
    batch = FileSource(paths, Channel(channel)).read()
    for finding in batch.findings:
        print(finding, file=sys.stderr)
    translator, _ = translated(batch, Settings(controller_name=controller_name, dns_services=True))
    return of_translator(translator)


def of_translator(translator: Translator) -> Offline:
    """Put together what a translator says."""
    snapshots = SnapshotCache()
    snapshots.apply(_changes(translator))
    return Offline(translator, snapshots, dict(translator.statuses()))


def _changes(translator: Translator) -> Iterator[Change]:
    for gateway, kind, resource in translator.resources():
        yield ResourceChange(gateway, kind, resource.name, resource)
    for gateway, table, hosts in translator.tables():
        yield TableChange(gateway, table.name, table)
        for host in hosts:
            yield HostChange(gateway, table.name, host.name, host)
