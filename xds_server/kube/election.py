"""Who leads: the rules of a coordination.k8s.io Lease, without a clock or a network.

Clocks of different machines are never compared. A replica counts another's lease as expired when it has not seen the
Lease change for as long as it is good for, by its own clock; a leader counts itself out, by its own clock, some seconds
before anybody else may.
"""

from typing import Any

import msgspec

from translator.value import Value

RELEASED_SECONDS = 1


class Term(Value):
    """Seconds."""

    good_for: int = 15
    """How long a lease lasts after it was renewed, for all others."""
    renew_within: float = 10.0
    """How long it lasts for its holder."""
    retry: float = 2.0
    """Between two looks at the Lease, and two renewals."""


class LeaseSpec(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The spec of a Lease; what an API server leaves out is empty."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class LeaseMetadata(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The parts of a Lease's metadata that are read, or written."""

    name: str
    namespace: str
    resource_version: str = ""
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}


class Lease(msgspec.Struct, frozen=True):
    """A Lease, as it was read."""

    metadata: LeaseMetadata
    spec: LeaseSpec = LeaseSpec()


class Election:
    """One replica's view of a Lease."""

    def __init__(self, identity: str, term: Term) -> None:
        self.identity = identity
        self.term = term
        self.lease: Lease | None = None
        self._seen_at = 0.0
        self._leads_until = 0.0

    def observe(self, lease: Lease | None, now: float) -> None:
        """Note the Lease as it is; None where there is none."""
        if self.lease is None or lease is None or lease.spec != self.lease.spec:
            self._seen_at = now
        self.lease = lease

    @property
    def holder(self) -> str:
        """Who holds the Lease, or held it last; empty for nobody."""
        return "" if self.lease is None else self.lease.spec.holder_identity or ""

    def may_take(self, now: float) -> bool:
        """Whether nobody else holds the Lease."""
        if self.lease is None or self.holder in ("", self.identity):
            return True
        return now >= self._seen_at + (self.lease.spec.lease_duration_seconds or self.term.good_for)

    def won(self, lease: Lease, asked_at: float, now: float) -> None:
        """Note that the Lease was taken or renewed by a request that was sent at `asked_at`."""
        self.observe(lease, now)
        self._leads_until = asked_at + self.term.renew_within

    def leads_until(self) -> float:
        """Return when the lease is over for its holder, if it is not renewed before; 0 if it is somebody else's."""
        return self._leads_until if self.holder == self.identity else 0.0

    def claim(self, stamp: str) -> dict[str, Any]:
        """Return the spec that takes the Lease, or renews it; `stamp` is the time of day, for people."""
        spec = LeaseSpec() if self.lease is None else self.lease.spec
        renews = spec.holder_identity == self.identity
        transitions = spec.lease_transitions or 0
        return _document(
            LeaseSpec(
                holder_identity=self.identity,
                lease_duration_seconds=self.term.good_for,
                acquire_time=spec.acquire_time if renews else stamp,
                renew_time=stamp,
                lease_transitions=transitions if renews or self.lease is None else transitions + 1,
            )
        )

    def release(self, stamp: str) -> dict[str, Any]:
        """Return the spec that gives the Lease up, so that another need not wait."""
        spec = LeaseSpec() if self.lease is None else self.lease.spec
        return _document(
            LeaseSpec(
                holder_identity="",
                lease_duration_seconds=RELEASED_SECONDS,
                acquire_time=stamp,
                renew_time=stamp,
                lease_transitions=spec.lease_transitions or 0,
            )
        )


def _document(spec: LeaseSpec) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(spec)
    return document
