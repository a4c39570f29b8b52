"""Addresses: which of those that a Gateway asks for it has, and from where they are reached (GEP-5093)."""

from collections.abc import Iterator

from translator import ir
from translator.api.gateway import GatewaySpecAddress
from translator.attach.conditions import Reason, Type, condition
from translator.status import Condition
from translator.value import Value

CLUSTER = "Cluster"
"""The routability of a Service's cluster IP, which is reached from within the cluster."""


class Assigned(Value):
    """What became of the addresses that a Gateway asks for, one for each that could be had."""

    addresses: tuple[tuple[str, str], ...]
    """(type, value) pairs."""
    routabilities: tuple[str, ...]
    """Of each; empty where nothing is known."""
    lacking: tuple[str, ...]
    """Those that could not be had, in words."""


def with_routability(asked: tuple[GatewaySpecAddress, ...]) -> tuple[GatewaySpecAddress, ...]:
    """Return what is asked for where it says from where some of it is to be reached; else nothing."""
    return asked if any(it.routability for it in asked) else ()


def of_load_balancer(asked: tuple[GatewaySpecAddress, ...]) -> tuple[str, ...]:
    """Return the IP addresses that are asked for by value, those within the cluster left out."""
    return tuple(it.value for it in asked if it.type == "IPAddress" and it.value and it.routability != CLUSTER)


def within_cluster(asked: tuple[GatewaySpecAddress, ...]) -> ir.ClusterAddress:
    """Say what is asked of the address within the cluster, and whether there is to be no other."""
    values = (it.value for it in asked if it.routability == CLUSTER and it.value)
    return ir.ClusterAddress(next(values, ""), alone=bool(asked) and all(it.routability == CLUSTER for it in asked))


def assign(asked: tuple[GatewaySpecAddress, ...], placement: ir.Placement) -> Assigned:
    """Give each entry an address of its own that is as it asks for; what cannot be had is left out, not replaced."""
    free = list(_available(placement))
    found: dict[int, tuple[tuple[str, str], str]] = {}
    for index in sorted(range(len(asked)), key=lambda it: (not asked[it].value, asked[it].routability != CLUSTER)):
        match = next((it for it in free if _suits(asked[index], *it)), None)
        if match is not None:
            free.remove(match)
            found[index] = match
    given = [found[index] for index in sorted(found)]
    lacking = tuple(_words(it) for index, it in enumerate(asked) if index not in found)
    return Assigned(tuple(it for it, _ in given), tuple(routability for _, routability in given), lacking)


def assigned_condition(assigned: Assigned, generation: int) -> Condition:
    """Say whether all, some or none of the addresses could be had."""
    type_ = Type.ADDRESSES_ASSIGNED
    if not assigned.lacking:
        return condition(
            type_, True, Reason.ADDRESSES_ASSIGNED, "every address that was asked for is assigned", generation
        )
    reason = Reason.PARTIALLY_ASSIGNED if assigned.addresses else Reason.NOT_ASSIGNED
    return condition(type_, False, reason, f"not assigned: {', '.join(assigned.lacking)}", generation)


def _available(placement: ir.Placement) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield addresses with their routability, those of the cluster last: who asks for nothing gets another first."""
    ours = [(address, CLUSTER if address[1] in placement.cluster else "") for address in placement.addresses]
    yield from (it for it in ours if it[1] != CLUSTER)
    yield from ((("IPAddress", value), CLUSTER) for value in placement.cluster)


def _suits(asked: GatewaySpecAddress, address: tuple[str, str], routability: str) -> bool:
    if asked.type != address[0] or asked.value not in ("", address[1]):
        return False
    return asked.routability in ("", routability)


def _words(asked: GatewaySpecAddress) -> str:
    kind = f" of routability {asked.routability}" if asked.routability else ""
    return f"{asked.type} {asked.value or 'without a value'}{kind}"
