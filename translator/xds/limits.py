"""Limits of clusters: none that somebody did not ask for, but on what would hurt."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.type import v3 as type_v3

from translator import ir
from translator.xds import wire

CONNECT_TIMEOUT = timedelta(seconds=5)
BUFFER_LIMIT = 32 * 1024
"""Bytes held per connection before the sender is slowed down."""
UNLIMITED = 2**32 - 1
"""Envoy's own limits of 1,024 connections and requests would answer 503 under loads that a backend stands; there is
no limit that somebody did not ask for."""
MAX_RETRIES = 1024
"""Retries in flight: enough to be no limit by itself, little enough to be no storm."""


def circuit_breakers(budget: ir.RetryBudget | None = None) -> cluster_v3.CircuitBreakers:
    """Return the limits of a cluster: those of every one, and a budget of retries where there is one."""
    thresholds = wire.new(
        cluster_v3.CircuitBreakersThresholds,
        max_connections=UNLIMITED,
        max_pending_requests=UNLIMITED,
        max_requests=UNLIMITED,
        max_retries=MAX_RETRIES,
        retry_budget=None if budget is None else _retry_budget(budget),
    )
    return wire.new(cluster_v3.CircuitBreakers, thresholds=[thresholds])


def _retry_budget(budget: ir.RetryBudget) -> cluster_v3.CircuitBreakersThresholdsRetryBudget:
    return wire.new(
        cluster_v3.CircuitBreakersThresholdsRetryBudget,
        budget_percent=wire.new(type_v3.Percent, value=budget.percent),
        budget_interval=timedelta(milliseconds=budget.interval),
        min_retry_concurrency=budget.least,
    )
