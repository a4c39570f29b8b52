"""Limits of clusters: none that somebody did not ask for, but on what would hurt."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3

from translator.xds import wire

CONNECT_TIMEOUT = timedelta(seconds=5)
BUFFER_LIMIT = 32 * 1024
"""Bytes held per connection before the sender is slowed down."""
UNLIMITED = 2**32 - 1
"""Envoy's own limits of 1,024 connections and requests would answer 503 under loads that a backend stands; there is
no limit that somebody did not ask for."""
MAX_RETRIES = 1024
"""Retries in flight: enough to be no limit by itself, little enough to be no storm."""


def circuit_breakers() -> cluster_v3.CircuitBreakers:
    """Return the limits of every cluster."""
    thresholds = wire.new(
        cluster_v3.CircuitBreakersThresholds,
        max_connections=UNLIMITED,
        max_pending_requests=UNLIMITED,
        max_requests=UNLIMITED,
        max_retries=MAX_RETRIES,
    )
    return wire.new(cluster_v3.CircuitBreakers, thresholds=[thresholds])
