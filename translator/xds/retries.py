"""Which requests are tried again: those that a route says, and else those of which nothing was sent.

What is tried again goes to an endpoint that was not tried yet, as long as there is one. Envoy takes the policy of a
route, else that of its virtual host, never both (config.route.v3.RouteAction.retry_policy).
"""

from datetime import timedelta

from envoy_data_plane.envoy.config.route import v3 as route_v3
from envoy_data_plane.google import protobuf

from translator import ir
from translator.xds import wire

RETRY_ON = "connect-failure,refused-stream,reset"
"""What a route with `retry` tries again, beside the codes that it names."""
NOTHING_SENT = "connect-failure,reset-before-request"
"""No connection could be made, or it ended before the first byte of the request was written to it."""
RETRY_POLICY_FIELD = 16
"""VirtualHost.retry_policy."""
PREVIOUS_HOSTS = "envoy.retry_host_predicates.previous_hosts"
PREVIOUS_HOSTS_TYPE = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
SELECTIONS = 100
"""How often a retry looks for an endpoint that was not tried yet before it takes one that was.

Of two random endpoints Envoy prefers the one with fewer requests under way, and one that refuses has none: where
there are but two, three of four looks find that one again, and 20 looks nothing else in three of a thousand cases.
"""


def retry_policy(retry: ir.Retry, per_try: int) -> route_v3.RetryPolicy:
    """Say what a route tries again; without attempts that is nothing, whatever its virtual host says."""
    if not retry.attempts:
        return wire.new(route_v3.RetryPolicy)
    backoff = timedelta(milliseconds=retry.backoff) if retry.backoff else None
    return wire.new(
        route_v3.RetryPolicy,
        retry_on=f"{RETRY_ON},retriable-status-codes" if retry.codes else RETRY_ON,
        num_retries=retry.attempts,
        retriable_status_codes=list(retry.codes),
        per_try_timeout=timedelta(milliseconds=per_try) if per_try else None,
        retry_host_predicate=[_previous_hosts()],
        host_selection_retry_max_attempts=SELECTIONS,
        retry_back_off=wire.new(route_v3.RetryPolicyRetryBackOff, base_interval=backoff) if backoff else None,
    )


def _once() -> route_v3.RetryPolicy:
    return wire.new(
        route_v3.RetryPolicy,
        retry_on=NOTHING_SENT,
        retry_host_predicate=[_previous_hosts()],
        host_selection_retry_max_attempts=SELECTIONS,
    )


def _previous_hosts() -> route_v3.RetryPolicyRetryHostPredicate:
    """Return the predicate that rules out endpoints that were tried; its message is empty, and said by type alone."""
    return wire.new(
        route_v3.RetryPolicyRetryHostPredicate,
        name=PREVIOUS_HOSTS,
        typed_config=wire.new(protobuf.Any, type_url=f"type.googleapis.com/{PREVIOUS_HOSTS_TYPE}"),
    )


ONCE = wire.frame(RETRY_POLICY_FIELD, wire.encode(_once()))
"""The policy of a virtual host: what was not sent is tried once more."""
