"""Attachment: which listeners and domains routes are reached under."""

from typing import NamedTuple

from translator.api.routes import ParentReference
from translator.ir.listeners import Listener, ListenerKey
from translator.ir.routes import Age
from translator.ir.terms import Refusal
from translator.value import Key, Ref, Value


class Attachment(Value):
    """A route on one listener, with the domains it is reached under."""

    listener: Listener
    hosts: tuple[tuple[str, str], ...]
    """(hostname as the route wrote it, or empty; domain in the route table) pairs, domains that another listener of
    the port is more specific for left out."""


class Bond(Value):
    """What became of one parentRef; without a refusal it is accepted by the attachments' listeners."""

    parent_ref: ParentReference
    attachments: tuple[Attachment, ...] = ()
    refusal: Refusal | None = None


class Bound(Value):
    """A route and those of its parents that are ours."""

    generation: int
    age: Age
    bonds: tuple[Bond, ...]


class HostKey(NamedTuple):
    """A virtual host: a domain of a route table, and the listener whose routes it serves."""

    gateway: Key
    table: str
    domain: str
    listener: ListenerKey


class Member(NamedTuple):
    """A route's place in a virtual host: longest hostname first, exact before wildcard, then older first."""

    exact: int
    """Minus the characters of the hostname where it is not a wildcard."""
    characters: int
    """Minus the characters of the hostname as the route wrote it."""
    age: Age
    route: Ref


class StreamKey(NamedTuple):
    """The connections for a domain at a listener; the domain is `*` where the protocol tells none."""

    gateway: Key
    port: str
    """The Envoy listener: `tcp/443`, `udp/53`."""
    listener: ListenerKey
    domain: str


class Served(NamedTuple):
    """A route as one Gateway's port serves it: what its encoding depends on beside the route itself."""

    route: Ref
    gateway: Key
    port: int
    secure: bool
