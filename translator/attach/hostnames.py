"""Hostnames of listeners and routes: what they have in common, and which listener a domain belongs to.

A hostname is exact (`shop.example.com`), a wildcard (`*.example.com`: any number of labels more, but not
`example.com` itself) or `*`. Two of them are nested or have nothing in common. Source: gateway-api v1.7.0,
apis/v1/gateway_types.go ("Listeners that are distinct only by Hostname") and httproute_types.go (Hostnames).
"""

import re
from collections.abc import Collection, Iterable, Iterator

from translator.ir import ANY_HOST

_PRECISE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST = 253


def normal(hostname: str | None) -> str:
    """Return the hostname in lower case; none at all means any host."""
    if not hostname:
        return ANY_HOST
    lower = hostname.lower()
    return hostname if hostname == lower else lower  # one string for all who keep it


def precise(hostname: str) -> bool:
    """Say whether a hostname, in any case, is a well-formed one without a wildcard."""
    return len(hostname) <= _LONGEST and _PRECISE.fullmatch(hostname.lower()) is not None


def is_wildcard(hostname: str) -> bool:
    """Say whether the hostname stands for more than one host."""
    return hostname.startswith("*")


def covers(pattern: str, hostname: str) -> bool:
    """Say whether every host that `hostname` stands for is one that `pattern` stands for."""
    if pattern in (ANY_HOST, hostname):
        return True
    return pattern.startswith("*.") and hostname.endswith(pattern[1:]) and hostname != pattern[1:]


def intersection(one: str, other: str) -> str | None:
    """Return the hostname that stands for what both stand for, or None where they have nothing in common."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


def wildcards_above(hostname: str) -> Iterator[str]:
    """Yield the wildcards that cover the hostname, itself left out, from the most specific one to `*`."""
    if hostname == ANY_HOST:
        return
    labels = hostname.removeprefix("*.")
    while "." in labels:
        _, labels = labels.split(".", 1)
        yield f"*.{labels}"
    yield ANY_HOST


def specificity(hostname: str) -> tuple[bool, int]:
    """Return what the most specific hostname has the largest of: exact before wildcard, then more labels."""
    return not is_wildcard(hostname), 0 if hostname == ANY_HOST else hostname.count(".") + 1


def most_specific(hostnames: Iterable[str], domain: str) -> str | None:
    """Return the most specific of the hostnames that cover the domain."""
    return max((hostname for hostname in hostnames if covers(hostname, domain)), key=specificity, default=None)


def nested(hostnames: Collection[str]) -> dict[str, str | None]:
    """Return, by hostname, the most specific other one of them that covers it; None for the outermost."""
    known = frozenset(hostnames)
    return {it: next((wider for wider in wildcards_above(it) if wider in known), None) for it in sorted(known)}
