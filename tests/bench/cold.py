"""Where the time of a cold start goes: `python -m tests.bench.cold FOLDER` prints seconds of CPU by phase as JSON.

A process of its own, so that nothing is warm. Reading is done twice: once alone, to know what it takes.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

BEGAN = time.process_time()

from translator.pipeline import Settings, Translator  # noqa: E402 - imports are what is measured
from xds_server import app  # noqa: E402, F401
from xds_server.files import FileSource, Put  # noqa: E402
from xds_server.files.text import content, parts  # noqa: E402
from xds_server.files.tree import walk  # noqa: E402
from xds_server.snapshot import SnapshotCache  # noqa: E402

T = TypeVar("T")


def seconds(work: Callable[[], T]) -> tuple[float, T]:
    """Do some work; return how much CPU it took and what came of it."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def parse(folder: str) -> int:
    """Find and parse all files and do no more; return how many documents there are."""
    texts = (part.text for name in walk([folder]).files for part in parts(Path(name).read_bytes()))
    return sum(len(content(text, False).documents) for text in texts)


def phases(folder: str) -> dict[str, float]:
    """Go through a cold start as `gatehouse serve` does, step by step."""
    gc.disable()
    imports = time.process_time() - BEGAN
    reading, _ = seconds(lambda: parse(folder))
    files, batch = seconds(FileSource([folder]).read)
    assert not batch.findings, batch.findings[:3]
    translator = Translator(Settings(dns_services=True))
    for change in batch.changes:
        assert isinstance(change, Put)
        translator.put(change.ref.kind, change.value)
    translation, commit = seconds(translator.commit)
    snapshots = SnapshotCache()
    publishing, _ = seconds(lambda: snapshots.apply((*commit.resources, *commit.tables, *commit.hosts)))
    return {
        "imports": imports,
        "reading": reading,
        "validation": files - reading,
        "translation": translation,
        "first snapshot": publishing,
    }


if __name__ == "__main__":
    print(json.dumps(phases(sys.argv[1])))
