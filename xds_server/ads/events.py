"""What a session found out about its Envoy, as values: to log, to count, and to tell the translator."""

import re
from typing import TypeAlias

from translator.value import Key, Value
from translator.xds.resource import ResourceType

LONGEST_WORDS = 600


class Connected(Value):
    """An Envoy opened a stream."""

    gateway: Key
    node: str


class Disconnected(Value):
    """An Envoy's stream ended."""

    gateway: Key
    node: str


class Acked(Value):
    """An Envoy accepted a response."""

    gateway: Key
    node: str
    type: ResourceType
    names: tuple[str, ...]
    removed: tuple[str, ...]
    seconds: float
    """From sending to the ACK."""


class Nacked(Value):
    """An Envoy refused one version of one resource, or of one virtual host of it; it keeps the last good one."""

    gateway: Key
    node: str
    type: ResourceType
    name: str
    host: str
    """The virtual host of a RouteConfiguration that is at fault; empty where it is the resource itself."""
    version: str
    """The version of the resource that was refused; of a virtual host or table head, the hash of it."""
    words: str
    """Envoy's own, without the configuration that it quotes."""
    held: bytes = b""
    """What the Envoy has in place of what it refused, a virtual host framed; empty if it has nothing."""


class Settled(Value):
    """An Envoy has answered for all that its Gateway was translated to."""

    gateway: Key
    node: str


Event: TypeAlias = Connected | Disconnected | Acked | Nacked | Settled

_QUOTED = re.compile(r"goo\.gle/debugproto.*?\n(?=: |$)|goo\.gle/debugproto.*\Z", re.DOTALL)


def spoken(words: str) -> str:
    """Return Envoy's words without the messages quoted in them (a whole route table, at times), in one line."""
    plain = " ".join(_QUOTED.sub("", words).split()).replace(": : ", ": ").lstrip(": ")
    return plain if len(plain) <= LONGEST_WORDS else plain[: LONGEST_WORDS - 1] + "…"
