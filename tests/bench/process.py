"""What a process costs, as the kernel counts it."""

import re
from pathlib import Path
from typing import NamedTuple

MEBIBYTE = 1024.0
"""In the kB that the kernel counts in."""


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have had so far."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


class Memory(NamedTuple):
    """Resident memory of a process in MiB."""

    now: float
    own: float
    """What of it is no file that other processes may map too."""
    peak: float


def memory(pid: int) -> Memory:
    """Ask for the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return Memory(*(_kilobytes(status, name) / MEBIBYTE for name in ("VmRSS", "RssAnon", "VmHWM")))


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None, f"the kernel tells no {name}"
    return int(found[1])
