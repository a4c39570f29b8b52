"""When an Envoy that is to end may end."""

from typing import NamedTuple

from translator.value import Value

FILTER = "downstream_.._"
"""Of Envoy's statistics: those of clients' connections and requests."""
OWN = frozenset({"admin", "probes"})
"""Listeners, and their HTTP, whose connections are not those of clients."""
IDLE_SECONDS = 10.0
"""A client that has asked nothing for so long is not about to ask: its connection may be closed."""


class Limits(Value):
    """Seconds: until load balancers have turned away from a pod, and until connections are cut."""

    minimum: float
    maximum: float


class Traffic(NamedTuple):
    """What clients do with an Envoy; connections that are not of HTTP are always busy."""

    connections: int = 0
    busy: bool = False
    requests: int = 0


class Drain(NamedTuple):
    """An Envoy that has been told to end: since when, what its clients do, None if it does not say, and since when
    they have been doing nothing.
    """

    since: float
    idle_since: float
    traffic: Traffic | None = None

    def saw(self, traffic: Traffic | None, now: float) -> "Drain":
        """Take note of what clients do now."""
        before = self.traffic
        idle = before is not None and traffic is not None and not traffic.busy and traffic.requests == before.requests
        return Drain(self.since, self.idle_since if idle else now, traffic)

    def over(self, now: float, limits: Limits) -> bool:
        """Say whether it may end: once the minimum has passed without connections or with idle ones alone, and after
        the maximum in any case.
        """
        passed = now - self.since
        if passed >= limits.maximum:
            return True
        if passed < limits.minimum or self.traffic is None:
            return False
        return self.traffic.connections == 0 or now - self.idle_since >= IDLE_SECONDS


def traffic(stats: str) -> Traffic:
    """Sum up Envoy's statistics of clients, as `/stats` prints them."""
    listeners = http = active = total = 0
    for line in stats.splitlines():
        name, _, value = line.partition(": ")
        kind, _, rest = name.partition(".")
        owner, _, counter = rest.rpartition(".")
        if owner.partition(".")[0] in OWN or ".worker_" in name or not value.isdecimal():
            continue
        match kind, counter:
            case "listener", "downstream_cx_active":
                listeners += int(value)
            case "http", "downstream_cx_active":
                http += int(value)
            case "http", "downstream_rq_active":
                active += int(value)
            case "http", "downstream_rq_total":
                total += int(value)
    return Traffic(listeners, active > 0 or http < listeners, total)
