"""The filter chains of HTTPS listeners, each encoded once: a port of thousands of them is joined from the bytes."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from translator import ir
from translator.value import Key, Lookup, Ref, Value
from translator.xds import filter_chain, wire
from translator.xds.names import listener_name
from translator.xds.streams import FILTER_CHAINS_FIELD


class EncodedChain(Value):
    """A listener's chain, as an element of Listener.filter_chains."""

    port: tuple[Key, str]
    """The Envoy listener that it belongs to."""
    listener: ir.ListenerKey
    frame: bytes


Chains: TypeAlias = tuple[EncodedChain, ...]


def encode(
    _: Ref,
    parent: ir.Parent,
    placements: Lookup[Key, ir.Placement],
    observations: Lookup[Key, ir.Observation],
) -> Chains | None:
    """Encode the chains of those HTTPS listeners of a Gateway or ListenerSet that take traffic."""
    secure = [it for it in parent.listeners if it.serves and it.protocol == "HTTPS"]
    if not secure:
        return None
    placement, observed = placements.get(parent.gateway) or ir.Placement(), observations.get(parent.gateway)
    return tuple(_encoded(it, placement, observed) for it in secure)


def of_port(_: Ref, chains: Chains) -> Iterator[tuple[tuple[Key, str], tuple[ir.ListenerKey, str], EncodedChain]]:
    """Put each chain to the others of its Envoy listener."""
    return ((it.port, (it.listener, "chain"), it) for it in chains)


def newcomers(chains: Iterable[EncodedChain], held: bytes) -> tuple[Ref, ...]:
    """Name whose part of a refused Envoy listener is new to an Envoy that holds `held`; a Gateway, or ListenerSets."""
    return tuple(dict.fromkeys(it.listener.parent for it in chains if it.frame not in held))


def _encoded(listener: ir.Listener, placement: ir.Placement, observed: ir.Observation | None) -> EncodedChain:
    strips_port = placement.port(listener.port) != listener.port
    chain = filter_chain.of_https(listener, strips_port, observed)
    place = (listener.gateway, listener_name(listener.protocol, listener.port))
    return EncodedChain(place, listener.key, wire.frame(FILTER_CHAINS_FIELD, wire.encode(chain)))
