"""Distinct listeners: which listeners of one set cannot be told apart (GatewaySpec.listeners, "Distinct Listeners").

The set is a Gateway's own listeners and those of the ListenerSets that are attached to it. Only protocols that are
served take part: where TCP is not supported, its listeners conflict with nobody.
"""

from collections.abc import Iterable, Mapping, Sequence

from translator.api.gateway import Listener
from translator.attach.conditions import Reason
from translator.attach.hostnames import covers
from translator.ir import ANY_HOST, Refusal

SPOKEN: Mapping[str, str] = {"HTTP": "HTTP", "HTTPS": "TLS", "TLS": "TLS", "TCP": "TCP", "UDP": "UDP"}
"""What the port of a listener speaks, by protocol: listeners share a port where they speak the same on it."""

WITHOUT_HOSTNAME = ("TCP", "UDP")
"""Protocols that know no hostname: such a listener has its port for itself."""


def hostname(listener: Listener) -> str:
    """Return the hostname in lower case, `*` where the listener names none or its protocol knows none."""
    return ANY_HOST if listener.protocol in WITHOUT_HOSTNAME else (listener.hostname or ANY_HOST).lower()


def transport(protocol: str) -> str:
    """Return what a port of the protocol is a port of: TCP or UDP."""
    return "UDP" if protocol == "UDP" else "TCP"


def place(listener: Listener) -> tuple[int, str]:
    """Return the port and its transport: listeners of two places have nothing to do with each other."""
    return listener.port, transport(listener.protocol)


def conflicts(listeners: Sequence[Listener]) -> dict[str, Refusal]:
    """Name the listeners of one object that are not distinct: all of them, for none may be picked as the winner."""
    found = {}
    by_place: dict[tuple[int, str], list[Listener]] = {}
    for listener in listeners:
        if listener.protocol in SPOKEN:
            by_place.setdefault(place(listener), []).append(listener)
    for sharing in by_place.values():
        if len(sharing) > 1:
            found.update({it.name: why for it in sharing if (why := _conflict(it, sharing)) is not None})
    return found


def overlaps(listeners: Sequence[Listener]) -> dict[str, Refusal]:
    """Name the HTTPS listeners of one port whose hostnames overlap, for clients may share connections between them."""
    found = {}
    secure = [it for it in listeners if it.protocol == "HTTPS"]
    for one in secure:
        others = [
            it
            for it in secure
            if it.port == one.port and hostname(it) != hostname(one) and _overlap(hostname(it), hostname(one))
        ]
        if others:
            found[one.name] = overlapping(one, _names(others))
    return found


def overlapping(listener: Listener, others: str) -> Refusal:
    """Say whose hostnames overlap with that of a listener."""
    message = (
        f"hostname {hostname(listener)} overlaps with {others} on port {listener.port}: a client may send "
        "requests for either over a connection that it opened for the other"
    )
    return Refusal(Reason.OVERLAPPING_HOSTNAMES, message)


def _conflict(one: Listener, sharing: Sequence[Listener]) -> Refusal | None:
    other_protocol = [it for it in sharing if SPOKEN[it.protocol] != SPOKEN[one.protocol]]
    if other_protocol:
        message = (
            f"port {one.port} speaks {one.protocol} here but {other_protocol[0].protocol} for "
            f"{_names(other_protocol)}; give each protocol a port of its own"
        )
        return Refusal(Reason.PROTOCOL_CONFLICT, message)
    same_hostname = [it for it in sharing if it is not one and hostname(it) == hostname(one)]
    if same_hostname and one.protocol in WITHOUT_HOSTNAME:
        message = (
            f"{_names(same_hostname)} has port {one.port} too: give each {one.protocol} listener a port of its own"
        )
        return Refusal(Reason.PROTOCOL_CONFLICT, message)
    if same_hostname:
        message = (
            f"{_names(same_hostname)} on port {one.port} has the same hostname {hostname(one)}: "
            "give each listener a hostname or port of its own"
        )
        return Refusal(Reason.HOSTNAME_CONFLICT, message)
    return None


def _overlap(one: str, other: str) -> bool:
    """Say whether a host matches both; `*.example.com` matches `a.b.example.com` and not `example.com`."""
    return covers(one, other) or covers(other, one)


def _names(listeners: Iterable[Listener]) -> str:
    return "listener " + ", ".join(it.name for it in listeners)
