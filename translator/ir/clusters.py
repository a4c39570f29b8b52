"""Clusters: what backends are, how they are spoken to, and where they are."""

from typing import NamedTuple, TypeAlias

from translator.value import Key, Ref, Value


class ClusterKey(NamedTuple):
    """One Envoy cluster: a backend's port spoken to in one way, whichever routes use it."""

    namespace: str
    name: str
    port: int
    protocol: str = "http1"
    """http1, http2 (h2c), or the same over TLS: https1, https2; tcp, or the same over TLS: tls; or udp."""
    kind: str = "Service"
    """What the backend is; kinds' names are told apart from namespaces by their upper case."""

    @property
    def transport(self) -> str:
        """What its port is a port of: TCP or UDP."""
        return "UDP" if self.protocol == "udp" else "TCP"


OVER_TLS = frozenset({"https1", "https2", "tls"})
"""Protocols of clusters over TLS."""


class Verification(Value):
    """What the certificate of a backend must be (BackendTLSPolicy)."""

    hostname: str
    """What is asked for by SNI."""
    names: tuple[tuple[str, str], ...]
    """(DNS or URI, value) pairs, of which the certificate must have one."""
    authorities: tuple[Ref, ...]
    """The objects whose CA certificates are trusted, or the system's; at least one."""


class KeyPair(Value):
    """What a secret of Envoy's is made of: the certificate and key of a Secret."""

    secret: Key


class Authorities(Value):
    """What a secret of Envoy's is made of: the CA certificates of objects, or the system's."""

    refs: tuple[Ref, ...]


SecretContent: TypeAlias = KeyPair | Authorities


class RetryBudget(Value):
    """How many of the requests to a backend may be retries at a time."""

    percent: int
    """Of the requests that were begun in the interval."""
    interval: int
    """Milliseconds."""
    least: int
    """Retries that are always admitted."""


class Cluster(Value):
    """How a backend's port is reached."""

    name: str
    key: ClusterKey
    dns: tuple[tuple[str, int], ...] = ()
    """(name, port) pairs to resolve; empty means that endpoints come as a ClusterLoadAssignment."""
    server_name: str = ""
    """SNI for the protocols over TLS; empty sends none."""
    verification: Verification | None = None
    """What is verified of a backend over TLS; None for nothing."""
    budget: RetryBudget | None = None
    """None is no budget that somebody asked for."""


class Endpoints(Value):
    """The ready addresses of a Service port, sorted."""

    cluster: str
    addresses: tuple[tuple[str, int], ...]


class Share(Value):
    """A backend's part of a pool."""

    place: str
    """Its cluster's name, by which its endpoints are told from those of other backends; empty where nobody is."""
    weight: int
    addresses: tuple[tuple[str, int], ...]
    """Where nobody is, none: what is for them is dropped."""


class Pool(Value):
    """All backends of a UDPRoute as one cluster: a weight that changes, or an endpoint, changes no listener."""

    name: str
    shares: tuple[Share, ...]
    """Of those that have a weight."""
    resolves: bool = False
    """Whether there are names among the addresses."""
