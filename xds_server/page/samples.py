"""The numbers that are plotted: read from what Prometheus is told, and kept for a quarter of an hour."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock

from prometheus_client import REGISTRY, Metric

SECONDS, KEPT = 2.0, 450
COUNTED = {
    "commits": "gatehouse_commit_seconds_count",
    "acks": "gatehouse_xds_acks_total",
    "nacks": "gatehouse_xds_nacks_total",
    "cpu": "process_cpu_seconds_total",
}
"""What grows, shown as how much a second."""
TIMED = {
    "commit": "gatehouse_commit_seconds",
    "ack": "gatehouse_xds_ack_seconds",
    "propagation": "gatehouse_propagation_seconds",
}
"""What takes time, shown as the mean of what ended between two samples."""
MEASURED = {"envoys": "gatehouse_xds_streams", "memory": "process_resident_memory_bytes"}
"""What is, shown as it is."""

Sample = Mapping[str, float | None]


def totals(metrics: Iterable[Metric]) -> dict[str, float]:
    """Sum each series over its labels."""
    found: dict[str, float] = {}
    for metric in metrics:
        for it in metric.samples:
            if not it.name.endswith("_bucket"):
                found[it.name] = found.get(it.name, 0.0) + it.value
    return found


def sample(now: Mapping[str, float], before: Mapping[str, float], seconds: float) -> Sample:
    """Say what happened between two looks; None where nothing did that could have taken time."""
    return dict(_values(now, before, seconds))


def _values(
    now: Mapping[str, float], before: Mapping[str, float], seconds: float
) -> Iterator[tuple[str, float | None]]:
    def grown(name: str) -> float:
        return now.get(name, 0.0) - before.get(name, 0.0)

    for key, name in COUNTED.items():
        yield key, round(grown(name) / seconds, 4)
    for key, name in TIMED.items():
        count = grown(f"{name}_count")
        yield key, round(grown(f"{name}_sum") / count, 6) if count else None
    for key, name in MEASURED.items():
        yield key, now.get(name, 0.0)


class Samples:
    """The last samples, the oldest first; somebody calls `take` again and again."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Sample] = deque(maxlen=KEPT)
        self._turn = Lock()
        self._before = totals(REGISTRY.collect())
        self._at = time.monotonic()

    def take(self) -> None:
        """Look again, unless it is too early."""
        with self._turn:
            at = time.monotonic()
            if at - self._at < SECONDS:
                return
            now = totals(REGISTRY.collect())
            self._kept.append({"at": round(time.time(), 1), **sample(now, self._before, at - self._at)})
            self._before, self._at = now, at
            self.count += 1

    def since(self, count: int) -> list[Sample]:
        """Return the samples after the first `count` that were taken."""
        kept = list(self._kept)
        return kept[len(kept) - min(self.count - count, len(kept)) :]
