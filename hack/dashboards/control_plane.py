"""What the control plane does, and how soon Envoys have it."""

from hack.dashboards.panels import RATE, Dashboard, Panel, Variable, both, rate, stat

PLANE = 'job=~"$job"'
OURS = "and on (instance, job) gatehouse_build_info"
"""Of what every program exports, that of ours."""
EXPIRY = "gatehouse_gateway_certificate_expiry_timestamp_seconds"

CONTROL_PLANE = Dashboard(
    uid="gatehouse-control-plane",
    title="Gatehouse / Control plane",
    about="What the control plane does, and how soon Envoys have it.",
    variables=(Variable("job", "gatehouse_build_info", "job"),),
    rows=(
        (
            "At a glance",
            (
                stat("Replicas", f"count(gatehouse_build_info{{{PLANE}}})"),
                stat("Leaders", f"sum(gatehouse_leader{{{PLANE}}})", about="One in a cluster; none with files."),
                stat("Envoys connected", f"sum(gatehouse_gateway_envoys{{{PLANE}}})"),
                stat(
                    "Gateways without Envoys",
                    f"count(sum by (gateway) (gatehouse_gateway_envoys{{{PLANE}}}) == 0) or vector(0)",
                ),
                stat(
                    "Objects amiss",
                    f"sum(max by (kind) (gatehouse_objects_amiss{{{PLANE}}}))",
                    about="`gatehouse status --amiss` lists them.",
                ),
                stat("Refused by Envoys in 1 h", f"sum(increase(gatehouse_xds_nacks_total{{{PLANE}}}[1h]))"),
            ),
        ),
        (
            "From a change to Envoys",
            (
                both(
                    "News to ACK",
                    "gatehouse_propagation_seconds",
                    "type",
                    PLANE,
                    "s",
                    about="From a watch's event, or an edited file, to the ACK of an Envoy.",
                ),
                both("Response to ACK", "gatehouse_xds_ack_seconds", "type", PLANE, "s"),
                both("Commit", "gatehouse_commit_seconds", "", PLANE, "s"),
                Panel("Changes", "ops", ((rate("gatehouse_snapshot_changes_total", "type", PLANE), "{{type}}"),)),
                Panel(
                    "Unanswered for",
                    "s",
                    ((f"max by (gateway) (gatehouse_gateway_unanswered_seconds{{{PLANE}}}) > 0", "{{gateway}}"),),
                    about="How long the slowest Envoy of a Gateway owes an answer.",
                ),
                Panel(
                    "Refused by Envoys",
                    "ops",
                    ((rate("gatehouse_xds_nacks_total", "gateway, type", PLANE) + " > 0", "{{gateway}} {{type}}"),),
                ),
            ),
        ),
        (
            "Gateways",
            (
                Panel("Envoys", "none", ((f"sum by (gateway) (gatehouse_gateway_envoys{{{PLANE}}})", "{{gateway}}"),)),
                Panel(
                    "Resources",
                    "none",
                    ((f"max by (gateway, type) (gatehouse_gateway_resources{{{PLANE}}}) > 0", "{{gateway}} {{type}}"),),
                ),
                Panel(
                    "Certificates expire in",
                    "s",
                    (
                        (
                            f"min by (gateway) ({EXPIRY}{{{PLANE}}}) - time()",
                            "{{gateway}}",
                        ),
                    ),
                ),
            ),
        ),
        (
            "The cluster",
            (
                Panel("Events", "ops", ((rate("gatehouse_kube_events_total", "kind", PLANE), "{{kind}}"),)),
                Panel(
                    "Lists and watches that failed",
                    "ops",
                    ((rate("gatehouse_kube_errors_total", "kind, reason", PLANE), "{{kind}} {{reason}}"),),
                ),
                Panel(
                    "Status",
                    "ops",
                    ((rate("gatehouse_status_writes_total", "kind, outcome", PLANE), "{{kind}} {{outcome}}"),),
                ),
                Panel(
                    "Queues",
                    "none",
                    tuple((f"max(gatehouse_{it}_queue{{{PLANE}}})", it) for it in ("kube", "status", "fleet")),
                ),
                Panel(
                    "Envoys' objects applied",
                    "ops",
                    ((rate("gatehouse_fleet_writes_total", "kind", PLANE), "{{kind}}"),),
                ),
                Panel(
                    "Streams refused",
                    "ops",
                    (
                        (rate("gatehouse_xds_refusals_total", "reason", PLANE), "{{reason}}"),
                        (rate("gatehouse_token_reviews_total", "outcome", PLANE), "token {{outcome}}"),
                    ),
                ),
            ),
        ),
        (
            "The process",
            (
                Panel(
                    "Memory",
                    "bytes",
                    (
                        (
                            f"process_resident_memory_bytes{{{PLANE}}} {OURS}",
                            "{{instance}}",
                        ),
                        (f"gatehouse_memory_limit_bytes{{{PLANE}}} > 0", "{{instance}} limit"),
                    ),
                ),
                Panel(
                    "CPU",
                    "none",
                    (
                        (
                            f"rate(process_cpu_seconds_total{{{PLANE}}}{RATE}) {OURS}",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    "Open files",
                    "none",
                    ((f"process_open_fds{{{PLANE}}} {OURS}", "{{instance}}"),),
                ),
            ),
        ),
    ),
)
