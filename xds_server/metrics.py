"""What is counted, for Prometheus. Labels are bounded: types, kinds and Gateways, never names of routes or pods.

docs/metrics.md lists all of it; a test compares that list with what a process exports.
"""

from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

from translator.xds.resource import ResourceType

M = TypeVar("M", Counter, Histogram)

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
MEMORY_LIMIT_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
UNLIMITED = 1 << 60
"""What the kernel says where there is no limit is a number like this, or more."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # as many series again, which nobody asks for

BUILD = Info("gatehouse_build", "What runs.")
BUILD.info({"version": version("gatehouse")})
MEMORY_LIMIT = Gauge("gatehouse_memory_limit_bytes", "The memory that the process may have; 0 without a limit.")
COMMIT_SECONDS = Histogram(
    "gatehouse_commit_seconds", "Time to translate one batch of changes, the first of all included.", buckets=_FAST
)
SNAPSHOT_CHANGES = Counter(
    "gatehouse_snapshot_changes_total", "Resources and virtual hosts that were added, changed or removed.", ["type"]
)
PROPAGATION_SECONDS = Histogram(
    "gatehouse_propagation_seconds",
    "Time from the news of a change, be it a watch's event or an edited file, to an Envoy's ACK of what became of it.",
    ["type"],
    buckets=_SLOW,
)
ACKS = Counter("gatehouse_xds_acks_total", "Responses that an Envoy accepted.", ["type"])
NACKS = Counter("gatehouse_xds_nacks_total", "Resources that an Envoy refused.", ["gateway", "type"])
ACK_SECONDS = Histogram(
    "gatehouse_xds_ack_seconds", "Time from sending a response to its ACK.", ["type"], buckets=_FAST
)
STREAMS = Gauge("gatehouse_xds_streams", "Envoys connected now.")
XDS_REFUSALS = Counter("gatehouse_xds_refusals_total", "Streams that were refused or ended.", ["reason"])
TOKEN_REVIEWS = Counter("gatehouse_token_reviews_total", "Questions whose token it is.", ["outcome"])
FINDINGS = Gauge("gatehouse_file_findings", "Things that are wrong with the files now.")
STATUS_WRITES = Counter(
    "gatehouse_status_writes_total",
    "What became of objects whose status was to be changed: written, conflict (and read again) or failed.",
    ["kind", "outcome"],
)
STATUS_QUEUE = Gauge("gatehouse_status_queue", "Objects whose status waits to be written, or is being written.")
LEADER = Gauge("gatehouse_leader", "Whether this replica writes status and keeps Envoys.")
FLEET_WRITES = Counter("gatehouse_fleet_writes_total", "Objects of Envoys that were applied or deleted.", ["kind"])
FLEET_QUEUE = Gauge("gatehouse_fleet_queue", "Gateways whose Envoys' objects wait to be applied.")
KUBE_EVENTS = Counter("gatehouse_kube_events_total", "Events of watches, bookmarks apart.", ["kind"])
KUBE_LISTS = Counter("gatehouse_kube_lists_total", "Lists that were read to their end.", ["kind"])
KUBE_ERRORS = Counter("gatehouse_kube_errors_total", "Lists and watches that failed.", ["kind", "reason"])
KUBE_QUEUE = Gauge("gatehouse_kube_queue", "Objects that changed and are not translated yet.")


class ByType(dict[ResourceType, M]):
    """A metric with the label of each type: to find it by its label takes ten times as long as to count."""

    def __init__(self, metric: M) -> None:
        self._metric: M = metric

    def __missing__(self, kind: ResourceType) -> M:
        found: M = self._metric.labels(kind.name.lower())
        self[kind] = found
        return found


changes_of, acks_of = ByType(SNAPSHOT_CHANGES), ByType(ACKS)
ack_seconds_of, propagation_seconds_of = ByType(ACK_SECONDS), ByType(PROPAGATION_SECONDS)


def memory_limit(files: tuple[str, ...] = MEMORY_LIMIT_FILES) -> int:
    """Return the control group's limit in bytes; 0 where there is none."""
    for file in files:
        try:
            text = Path(file).read_text().strip()
        except OSError:
            continue
        return int(text) if text.isdecimal() and int(text) < UNLIMITED else 0
    return 0


MEMORY_LIMIT.set(memory_limit())
