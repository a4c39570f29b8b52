"""Distinct listeners: which listeners of a Gateway cannot be told apart (GatewaySpec.listeners, "Distinct Listeners").

Only protocols that are served take part: where TCP is not supported, its listeners conflict with nobody.
"""

from collections.abc import Iterable, Iterator, Sequence

from translator.api.gateway import Listener
from translator.attach.conditions import Reason
from translator.ir import ANY_HOST, HTTP_PROTOCOLS, Refusal


def hostname(listener: Listener) -> str:
    """Return the hostname in lower case, `*` where the listener names none."""
    return (listener.hostname or ANY_HOST).lower()


def conflicts(listeners: Sequence[Listener]) -> dict[str, Refusal]:
    """Name the listeners that are not distinct: all of them, for none may be picked as the winner."""
    return dict(_conflicts(listeners))


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
            message = (
                f"hostname {hostname(one)} overlaps with {_names(others)} on port {one.port}: a client may send "
                "requests for either over a connection that it opened for the other"
            )
            found[one.name] = Refusal(Reason.OVERLAPPING_HOSTNAMES, message)
    return found


def _conflicts(listeners: Sequence[Listener]) -> Iterator[tuple[str, Refusal]]:
    served = [it for it in listeners if it.protocol in HTTP_PROTOCOLS]
    for one in served:
        rivals = [it for it in served if it.port == one.port and it.name != one.name]
        other_protocol = [it for it in rivals if it.protocol != one.protocol]
        same_hostname = [it for it in rivals if it.protocol == one.protocol and hostname(it) == hostname(one)]
        if other_protocol:
            message = (
                f"port {one.port} speaks {one.protocol} here but {other_protocol[0].protocol} for "
                f"{_names(other_protocol)}; give each protocol a port of its own"
            )
            yield one.name, Refusal(Reason.PROTOCOL_CONFLICT, message)
        elif same_hostname:
            message = (
                f"{_names(same_hostname)} on port {one.port} has the same hostname {hostname(one)}: "
                "give each listener a hostname or port of its own"
            )
            yield one.name, Refusal(Reason.HOSTNAME_CONFLICT, message)


def _overlap(one: str, other: str) -> bool:
    """Say whether a host matches both; `*.example.com` matches `a.b.example.com` and not `example.com`."""
    if ANY_HOST in (one, other):
        return True
    if one.startswith("*.") and other.startswith("*."):
        return one.endswith(other[1:]) or other.endswith(one[1:])
    return (one.startswith("*.") and other.endswith(one[1:])) or (other.startswith("*.") and one.endswith(other[1:]))


def _names(listeners: Iterable[Listener]) -> str:
    return "listener " + ", ".join(it.name for it in listeners)
