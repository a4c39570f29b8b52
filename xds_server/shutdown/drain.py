"""When an Envoy that is to end may end."""

from typing import NamedTuple

from translator.value import Value

CONNECTIONS = "downstream_cx_active"
OWN_LISTENERS = ("listener.admin.", "listener.probes.")
"""Listeners whose connections are not those of clients."""


class Limits(Value):
    """Seconds: until load balancers have turned away from a pod, and until connections are cut."""

    minimum: float
    maximum: float


class Drain(NamedTuple):
    """An Envoy that has been told to end: since when, and the connections it has, None if it does not say."""

    since: float
    connections: int | None = None

    def over(self, now: float, limits: Limits) -> bool:
        """Say whether it may end: without connections once the minimum has passed, with them after the maximum."""
        passed = now - self.since
        return passed >= limits.maximum or (passed >= limits.minimum and self.connections == 0)


def connections(stats: str) -> int:
    """Count the clients' connections in Envoy's statistics, as `/stats?usedonly` prints them."""
    count = 0
    for line in stats.splitlines():
        name, _, value = line.partition(": ")
        listener = name.startswith("listener.") and name.endswith(f".{CONNECTIONS}") and ".worker_" not in name
        if listener and not name.startswith(OWN_LISTENERS):
            count += int(value)
    return count
