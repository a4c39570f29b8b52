"""The functions of listeners run over plain dicts, in the order in which the tables of the wiring run them."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from translator import ir
from translator.api.gateway import Gateway, ListenerSet
from translator.attach import claims, holders
from translator.attach.classes import Owned
from translator.attach.holders import Holder, ParentGateway
from translator.attach.listeners import GatewayListeners, Listeners, of_gateway, of_listener_set
from translator.value import Key, Ref

CLASS = Key("", "gatehouse")


class Found(NamedTuple):
    """What became of Gateways and their ListenerSets."""

    gateways: dict[Key, GatewayListeners]
    sets: dict[Key, Listeners]


def resolve(
    gateways: Iterable[Gateway],
    sets: Iterable[ListenerSet] = (),
    owned: Mapping[Key, Owned] | None = None,
    parameters: Mapping[Key, Any] | None = None,
    namespaces: Mapping[Key, Any] | None = None,
    checked: Mapping[Key, Any] | None = None,
    granted: Mapping[str, Any] | None = None,
    placements: Mapping[Key, ir.Placement] | None = None,
    shown: Mapping[Key, Any] | None = None,
    frontends: Mapping[Key, Any] | None = None,
) -> Found:
    """Resolve the listeners of Gateways and ListenerSets; unless `owned` says otherwise class `gatehouse` is ours."""
    classes = {CLASS: Owned()} if owned is None else owned
    written = {it.metadata.key: it for it in gateways}
    ours: dict[Key, ParentGateway] = _some(
        {key: holders.parent_gateway(key, it, classes, parameters or {}) for key, it in written.items()}
    )
    held: dict[Key, Holder] = _some(
        {it.metadata.key: holders.of_listener_set(it.metadata.key, it, ours, namespaces or {}) for it in sets}
    )
    ports = _grouped((written, claims.ports_of_gateway), (held, claims.ports_of_holder))
    addresses = _grouped((written, claims.addresses_of_gateway), (held, claims.addresses_of_holder))
    below = _grouped((written, claims.below_gateway), (held, claims.below_holder))
    speeches: dict[claims.Place, claims.Speech] = _some(
        {place: claims.speech(place, rows) for place, rows in ports.items()}
    )
    owners: dict[claims.Address, claims.Owner] = _some(
        {address: claims.owner(address, rows, speeches) for address, rows in addresses.items()}
    )
    covering: dict[claims.Address, frozenset[Ref]] = _some(
        {address: claims.covered(address, rows) for address, rows in below.items()}
    )
    lookups = (checked or {}, granted or {}, frontends or {}, placements or {}, speeches, owners, covering)
    return Found(
        gateways=_some({key: of_gateway(key, it, ours, shown or {}, *lookups) for key, it in written.items()}),
        sets={key: of_listener_set(key, it, *lookups) for key, it in held.items()},
    )


def _grouped(*inputs: tuple[Mapping[Key, Any], Callable[[Key, Any], Iterable[tuple[Any, Any, Any]]]]) -> dict[Any, Any]:
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for rows, spread in inputs:
        for key, row in rows.items():
            for group, order, value in spread(key, row):
                found.setdefault(group, []).append((order, value))
    return {group: tuple(sorted(pairs, key=itemgetter(0))) for group, pairs in found.items()}


def _some(rows: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: row for key, row in rows.items() if row is not None}
