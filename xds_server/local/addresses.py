"""A loopback address of its own for each Gateway, so that two of them may use one port, and so may two stacks."""

import errno
import socket
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address

from translator.value import Key

FIRST = IPv4Address("127.20.0.1")
LAST = IPv4Address("127.20.255.254")

WILDCARDS = {"0.0.0.0": ("127.0.0.1",), "::": ("::1", "127.0.0.1")}  # noqa: S104
"""Every IPv4 address; every address."""


class OutOfAddresses(Exception):
    """More Gateways than loopback addresses set aside for them."""


def assign(taken: Mapping[Key, str], gateways: Iterable[Key], claim: Callable[[str], bool]) -> dict[Key, str]:
    """Give each Gateway an address: one that has one keeps it, new ones get the next free, in order of their names.

    `claim` says whether an address could be had: another stack on this machine may have it.
    """
    wanted = sorted(gateways)
    assigned = {gateway: taken[gateway] for gateway in wanted if gateway in taken}
    used = set(assigned.values())
    address = FIRST
    for gateway in wanted:
        if gateway in assigned:
            continue
        while str(address) in used or not claim(str(address)):
            address += 1
            if address > LAST:
                raise OutOfAddresses(f"no loopback address is left for Gateway {gateway}: {FIRST} to {LAST} are in use")
        assigned[gateway] = str(address)
        used.add(str(address))
    return assigned


def reached(bind: str) -> tuple[str, ...]:
    """Return the addresses by which this machine reaches who listens at an address, or at all of them."""
    return WILDCARDS.get(bind, (bind,))


class Claims:
    """The addresses that this process has for itself, until it gives them up or ends, in whatever way.

    What is held is a UDP port without traffic, another one for each port offset: stacks with different ones may meet.
    """

    def __init__(self, port_offset: int) -> None:
        self._port = 20_000 + port_offset % 40_000
        self._sockets: dict[str, socket.socket] = {}

    def claim(self, address: str) -> bool:
        """Have an address from now on, or say that somebody else has it; other faults of it are Envoy's to report."""
        if address in self._sockets:
            return True
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((address, self._port))
        except OSError as error:
            holder.close()
            return error.errno != errno.EADDRINUSE
        self._sockets[address] = holder
        return True

    def keep(self, addresses: Iterable[str]) -> None:
        """Give up all addresses but these."""
        for address in self._sockets.keys() - set(addresses):
            self._sockets.pop(address).close()
