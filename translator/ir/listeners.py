"""Listeners, and what a Gateway runs on."""

from typing import NamedTuple

import msgspec

from translator.api.gateway import FromNamespaces
from translator.api.parameters import EnvoyParametersSpec
from translator.ir.terms import Refusal
from translator.value import Key, Ref, Value


class ListenerKey(NamedTuple):
    """A listener of a Gateway or ListenerSet."""

    parent: Ref
    name: str


SYSTEM_AUTHORITIES = Ref("System", "", "")
"""Stands for the CA certificates that come with the system that an Envoy runs on."""


class ClientValidation(Value):
    """Which certificates clients are asked for."""

    authorities: tuple[Ref, ...]
    """The objects whose CA certificates are trusted; at least one."""
    required: bool
    """False: who shows none, or one that cannot be verified, is let in nonetheless."""


class Listener(Value):
    """One listener as routes and Envoy see it; it changes only with what they read."""

    key: ListenerKey
    gateway: Key
    port: int
    protocol: str
    """HTTP, HTTPS, TLS, TCP or UDP; others never become an ir.Listener."""
    hostname: str
    """`*` where the listener names none."""
    kinds: tuple[str, ...]
    """Route kinds that it admits, all of group gateway.networking.k8s.io."""
    namespaces: FromNamespaces
    table: str
    """Its route table: one per port for HTTP, one per listener for HTTPS."""
    certificates: tuple[Key, ...] = ()
    """The Secrets that can be served; for HTTPS empty means that it cannot serve."""
    client_validation: ClientValidation | None = None
    passthrough: bool = False
    """Of protocol TLS: whether the backends terminate it."""
    http3: bool = False
    """Whether it is served over QUIC too."""
    serves: bool = True
    """False: routes attach, but it takes no traffic (conflicted, or without a usable certificate)."""
    filtered: bool = False
    """Whether requests pass filters before a route is chosen."""


class Parent(Value):
    """What a route's parentRef leads to."""

    gateway: Key
    listeners: tuple[Listener, ...]
    refusal: Refusal | None = None
    """Why it is no parent: a ListenerSet that its Gateway does not allow."""


class Placement(Value):
    """Where the Envoys of a Gateway listen and how the world reaches them."""

    bind: str = "0.0.0.0"  # noqa: S104
    addresses: tuple[tuple[str, str], ...] = ()
    """(type, value) pairs for the Gateway's status."""
    port_offset: int = 0
    """Added to listener ports below 1024."""
    exclusive: bool = False
    """Whether an Envoy shares its ports with no other: one that somebody else serves is refused, and said so."""
    cluster: tuple[str, ...] = ()
    """IP addresses that are reached from within a cluster, be they among `addresses` or not."""
    reserved: tuple[int, ...] = ()
    """Ports that the Envoys use for themselves."""
    refusal: Refusal | None = None
    """Why the Gateway has no Envoys, or not as it should; it is not Programmed then."""

    def port(self, listener_port: int) -> int:
        """Return the port to bind for a listener's port."""
        return listener_port + self.port_offset if listener_port < 1024 else listener_port


class Progress(Value):
    """What the Envoys of a Gateway have acknowledged of it."""

    generation: int
    listeners: tuple[str, ...]
    """Names of the listeners that were served at that generation."""


class ClusterAddress(Value):
    """What a Gateway asks of its address within the cluster."""

    value: str = ""
    """Empty where any will do."""
    alone: bool = False
    """Whether it is to be reached from within the cluster only."""


class Infrastructure(Value):
    """What is needed of a Gateway to run its Envoys."""

    uid: str
    class_name: str
    ports: tuple[tuple[int, str], ...]
    """Ports to be reached at, with TCP or UDP; at least one, sorted."""
    addresses: tuple[str, ...] = ()
    """IP addresses that were asked for, by preference."""
    cluster_address: ClusterAddress = ClusterAddress()
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    """For all that is made for the Gateway, pods too."""
    parameters: EnvoyParametersSpec = EnvoyParametersSpec()


class Held(Value):
    """A Gateway of ours that cannot be served as it is: what it runs on is left alone."""

    class_name: str
