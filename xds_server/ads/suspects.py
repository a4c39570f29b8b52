"""Who is to blame for a NACK: Envoy refuses responses, and names what it dislikes in many ways or not at all.

A response of several items that is refused is sent again in groups until every group is accepted or is a single item:
the one at fault. Envoy's words only decide which groups are tried first, so a name that occurs in them by chance costs
a round trip and accuses nobody.
"""

import re
from collections.abc import Callable, Sequence

from xds_server.snapshot import Item

_WORD = re.compile(r"[^\s\"'(),;=\[\]{}]+")
_VIRTUAL_HOST = re.compile(r"RouteConfigurationValidationError\.VirtualHosts\[(\d+)\]")


def groups(items: Sequence[Item], words: str, hosts: Callable[[str], Sequence[str]]) -> list[list[Item]]:
    """Split suspects into groups, the one to be tried next last; `hosts` gives a table's hosts as they were sent."""
    accused = accused_of(items, words, hosts)
    if 0 < len(accused) < len(items):
        return [[item for item in items if item in accused], [item for item in items if item not in accused]]
    half = len(items) // 2
    return [list(items[half:]), list(items[:half])]


def accused_of(items: Sequence[Item], words: str, hosts: Callable[[str], Sequence[str]]) -> set[Item]:
    """Return the suspects that Envoy's words seem to name."""
    places = [int(place) for place in _VIRTUAL_HOST.findall(words)]
    if places:
        tables = {item.name: hosts(item.name) for item in items}
        return {Item(name, names[at]) for name, names in tables.items() for at in places if at < len(names)} & set(
            items
        )
    spoken = {word.rstrip(".:") for word in _WORD.findall(words)}
    return {item for item in items if (item.host or item.name) in spoken}
