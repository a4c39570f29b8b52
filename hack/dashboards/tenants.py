"""What clients ask of Gateways, and Gateways of Services, as Envoys count it."""

from hack.dashboards.panels import Dashboard, Panel, Variable, both, failing, quantile, rate

REQUESTS = 'gateway=~"$gateway",envoy_http_conn_manager_prefix=~"https?/.+"'
"""Not those of Envoy's admin interface and of probes."""
ROUTES = 'gateway=~"$gateway",route_namespace=~"$namespace"'
BACKENDS = 'gateway=~"$gateway",backend_namespace=~"$namespace"'

TENANTS = Dashboard(
    uid="gatehouse-tenants",
    title="Gatehouse / Tenants",
    about="What clients ask of Gateways and Gateways of Services, as Envoys count it.",
    variables=(
        Variable("gateway", "envoy_http_downstream_rq_total", "gateway"),
        Variable("namespace", 'envoy_cluster_upstream_rq_total{gateway=~"$gateway"}', "backend_namespace"),
    ),
    rows=(
        (
            "By Gateway, as clients see it",
            (
                Panel(
                    "Requests", "reqps", ((rate("envoy_http_downstream_rq_total", "gateway", REQUESTS), "{{gateway}}"),)
                ),
                Panel(
                    "Answered with 5xx",
                    "percentunit",
                    ((failing("envoy_http_downstream_rq_xx", "gateway", REQUESTS), "{{gateway}}"),),
                ),
                both("Latency", "envoy_http_downstream_rq_time", "gateway", REQUESTS, "ms"),
                Panel(
                    "Requests by listener",
                    "reqps",
                    (
                        (
                            rate("envoy_http_downstream_rq_total", "gateway, envoy_http_conn_manager_prefix", REQUESTS),
                            "{{gateway}} {{envoy_http_conn_manager_prefix}}",
                        ),
                    ),
                ),
                Panel(
                    "Requests by status",
                    "reqps",
                    (
                        (
                            rate("envoy_http_downstream_rq_xx", "envoy_response_code_class", REQUESTS),
                            "{{envoy_response_code_class}}xx",
                        ),
                    ),
                ),
                Panel(
                    "Requests without a route",
                    "reqps",
                    ((rate("envoy_http_no_route", "gateway", REQUESTS), "{{gateway}}"),),
                    about="Answered with 404: `gatehouse explain` says why.",
                ),
                Panel(
                    "Connections",
                    "none",
                    ((f"sum by (gateway) (envoy_http_downstream_cx_active{{{REQUESTS}}})", "{{gateway}}"),),
                ),
                Panel(
                    "Connections refused",
                    "ops",
                    (
                        (
                            rate("envoy_listener_downstream_cx_overflow", "gateway", 'gateway=~"$gateway"'),
                            "{{gateway}} too many",
                        ),
                        (
                            rate("envoy_listener_no_filter_chain_match", "gateway", 'gateway=~"$gateway"'),
                            "{{gateway}} no such server name",
                        ),
                    ),
                ),
                Panel(
                    "Requests under way",
                    "none",
                    ((f"sum by (gateway) (envoy_http_downstream_rq_active{{{REQUESTS}}})", "{{gateway}}"),),
                ),
            ),
        ),
        (
            "By namespace of the backends",
            (
                Panel(
                    "Requests",
                    "reqps",
                    (
                        (
                            rate("envoy_cluster_upstream_rq_total", "backend_namespace", BACKENDS),
                            "{{backend_namespace}}",
                        ),
                    ),
                ),
                Panel(
                    "Answered with 5xx",
                    "percentunit",
                    (
                        (
                            failing("envoy_cluster_upstream_rq_xx", "backend_namespace", BACKENDS),
                            "{{backend_namespace}}",
                        ),
                    ),
                ),
                both("Latency", "envoy_cluster_upstream_rq_time", "backend_namespace", BACKENDS, "ms"),
            ),
        ),
        (
            "By Service",
            (
                Panel(
                    "Requests, the ten most",
                    "reqps",
                    (
                        (
                            "topk(10, "
                            + rate("envoy_cluster_upstream_rq_total", "backend_namespace, backend", BACKENDS)
                            + ")",
                            "{{backend_namespace}}/{{backend}}",
                        ),
                    ),
                ),
                Panel(
                    "Answered with 5xx, the ten worst",
                    "percentunit",
                    (
                        (
                            "topk(10, "
                            + failing("envoy_cluster_upstream_rq_xx", "backend_namespace, backend", BACKENDS)
                            + ")",
                            "{{backend_namespace}}/{{backend}}",
                        ),
                    ),
                ),
                Panel(
                    "Latency p99, the ten slowest",
                    "ms",
                    (
                        (
                            "topk(10, "
                            + quantile(0.99, "envoy_cluster_upstream_rq_time", "backend_namespace, backend", BACKENDS)
                            + ")",
                            "{{backend_namespace}}/{{backend}}",
                        ),
                    ),
                ),
                Panel(
                    "Connections that failed",
                    "ops",
                    (
                        (
                            rate("envoy_cluster_upstream_cx_connect_fail", "backend_namespace, backend", BACKENDS)
                            + " > 0",
                            "{{backend_namespace}}/{{backend}}",
                        ),
                    ),
                ),
                Panel(
                    "Timeouts and retries",
                    "reqps",
                    (
                        (
                            rate("envoy_cluster_upstream_rq_timeout", "backend_namespace, backend", BACKENDS) + " > 0",
                            "{{backend_namespace}}/{{backend}} timeouts",
                        ),
                        (
                            rate("envoy_cluster_upstream_rq_retry", "backend_namespace, backend", BACKENDS) + " > 0",
                            "{{backend_namespace}}/{{backend}} retries",
                        ),
                    ),
                ),
                Panel(
                    "Endpoints",
                    "none",
                    (
                        (
                            f"min by (backend_namespace, backend) (envoy_cluster_membership_healthy{{{BACKENDS}}})",
                            "{{backend_namespace}}/{{backend}}",
                        ),
                    ),
                ),
            ),
        ),
        (
            "By route, of Gateways whose EnvoyParameters have stats.routes",
            (
                Panel(
                    "Requests, the ten most",
                    "reqps",
                    (("topk(10, " + rate("envoy_vhost_route_upstream_rq_total", "route", ROUTES) + ")", "{{route}}"),),
                ),
                Panel(
                    "Answered with 5xx, the ten worst",
                    "percentunit",
                    (("topk(10, " + failing("envoy_vhost_route_upstream_rq_xx", "route", ROUTES) + ")", "{{route}}"),),
                ),
                Panel(
                    "Latency p99, the ten slowest",
                    "ms",
                    (
                        (
                            "topk(10, " + quantile(0.99, "envoy_vhost_route_upstream_rq_time", "route", ROUTES) + ")",
                            "{{route}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
