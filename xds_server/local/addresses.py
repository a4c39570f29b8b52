"""A loopback address of its own for each Gateway, so that two of them may use one port."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from translator.value import Key

FIRST = IPv4Address("127.20.0.1")
LAST = IPv4Address("127.20.255.254")


class OutOfAddresses(Exception):
    """More Gateways than loopback addresses set aside for them."""


def assign(taken: Mapping[Key, str], gateways: Iterable[Key]) -> dict[Key, str]:
    """Give each Gateway an address: one that has one keeps it, new ones get the next free, in order of their names."""
    wanted = sorted(gateways)
    assigned = {gateway: taken[gateway] for gateway in wanted if gateway in taken}
    used = set(assigned.values())
    address = FIRST
    for gateway in wanted:
        if gateway in assigned:
            continue
        while str(address) in used:
            address += 1
        if address > LAST:
            raise OutOfAddresses(f"no loopback address is left for Gateway {gateway}: {FIRST} to {LAST} are in use")
        assigned[gateway] = str(address)
        used.add(str(address))
    return assigned
