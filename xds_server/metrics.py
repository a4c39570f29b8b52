"""What is counted, for Prometheus. Labels are bounded: resource types, never names of objects."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

COMMIT_SECONDS = Histogram(
    "gatehouse_commit_seconds", "Time to translate one batch of changes, the first of all included.", buckets=_FAST
)
ACKS = Counter("gatehouse_xds_acks_total", "Responses that an Envoy accepted.", ["type"])
NACKS = Counter("gatehouse_xds_nacks_total", "Resources that an Envoy refused.", ["type"])
ACK_SECONDS = Histogram(
    "gatehouse_xds_ack_seconds", "Time from sending a response to its ACK.", ["type"], buckets=_FAST
)
STREAMS = Gauge("gatehouse_xds_streams", "Envoys connected now.")
XDS_REFUSALS = Counter("gatehouse_xds_refusals_total", "Streams that were refused or ended.", ["reason"])
TOKEN_REVIEWS = Counter("gatehouse_token_reviews_total", "Questions whose token it is.", ["outcome"])
FINDINGS = Gauge("gatehouse_file_findings", "Things that are wrong with the files now.")
EXPIRED = Gauge("gatehouse_certificates_expired", "Certificates that are served although they have expired.")
STATUS_WRITES = Counter(
    "gatehouse_status_writes_total",
    "What became of objects whose status was to be changed: written, conflict (and read again) or failed.",
    ["kind", "outcome"],
)
LEADER = Gauge("gatehouse_leader", "Whether this replica writes status and keeps Envoys.")
FLEET_WRITES = Counter("gatehouse_fleet_writes_total", "Objects of Envoys that were applied or deleted.", ["kind"])
KUBE_EVENTS = Counter("gatehouse_kube_events_total", "Events of watches, bookmarks apart.", ["kind"])
KUBE_LISTS = Counter("gatehouse_kube_lists_total", "Lists that were read to their end.", ["kind"])
KUBE_ERRORS = Counter("gatehouse_kube_errors_total", "Lists and watches that failed.", ["kind", "reason"])
