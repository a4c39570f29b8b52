"""Where Envoy gets a resource from: the aggregated stream, with a limit on how long it waits for the first answer."""

from datetime import timedelta

from envoy_data_plane.envoy.config.core import v3 as core_v3

from translator.xds import wire

FIRST_ANSWER = timedelta(seconds=2)
"""How long a cluster waits for its endpoints and a filter chain for its certificate before it is used without them.

They are sent in the same turn as what names them, so only a fault lasts that long; and for as long as one cluster
waits, Envoy holds back its word on all of them. Envoy's own 15 s would stall every tenant for the fault of one.
"""


def over_ads(first_answer: timedelta | None = None) -> core_v3.ConfigSource:
    """Return the aggregated stream as a source; without a limit Envoy's own of 15 s is in force."""
    return wire.new(
        core_v3.ConfigSource,
        ads=wire.new(core_v3.AggregatedConfigSource),
        resource_api_version=core_v3.ApiVersion.V3,
        initial_fetch_timeout=first_answer,
    )
