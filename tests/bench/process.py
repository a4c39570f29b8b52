"""What a process costs, as the kernel counts it."""

import re
from pathlib import Path

MEBIBYTE = 1024.0
"""In the kB that the kernel counts in."""


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have had so far."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def memory(pid: int) -> tuple[float, float]:
    """Resident memory of a process in MiB, now and at its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    return _kilobytes(status, "VmRSS") / MEBIBYTE, _kilobytes(status, "VmHWM") / MEBIBYTE


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None, f"the kernel tells no {name}"
    return int(found[1])
