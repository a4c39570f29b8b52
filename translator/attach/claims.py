"""Claims: which listener of a Gateway and its ListenerSets has a port and a hostname (ListenerSetSpec.listeners).

Where listeners of several objects are not distinct, the Gateway's own come first, then those of the oldest ListenerSet,
then those of the first by `namespace/name`. A listener that is not distinct within its own ListenerSet claims nothing.
What another tenant is called is not told: only that somebody was before.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from translator import ir
from translator.api.gateway import Gateway, Listener
from translator.attach import distinct
from translator.attach.conditions import Reason
from translator.attach.holders import Holder
from translator.attach.hostnames import wildcards_above
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref


class Place(NamedTuple):
    """A port of a Gateway."""

    gateway: Key
    port: int
    transport: str
    """TCP or UDP."""


class Address(NamedTuple):
    """A hostname on a port of a Gateway; `*` where there is none."""

    place: Place
    hostname: str


class Order(NamedTuple):
    """Who comes first, and at last, for an order of its own, the listener's name."""

    rank: int
    """0 for the Gateway's own listeners, 1 for those of ListenerSets."""
    created: str
    place: str
    name: str


class Claim(NamedTuple):
    """What a listener wants of its port."""

    listener: ir.ListenerKey
    spoken: str


class Speech(NamedTuple):
    """What a port speaks, and whether the Gateway itself says so."""

    spoken: str
    """Empty where the Gateway's own listeners contradict each other: nobody has the port then."""
    by_gateway: bool


Claims: TypeAlias = tuple[tuple[Order, Claim], ...]
"""The first one before all others."""

Spread: TypeAlias = Iterator[tuple[Listener, Order, Claim]]


def ports_of_gateway(key: Key, gateway: Gateway) -> Iterator[tuple[Place, Order, Claim]]:
    """Claim the ports of a Gateway's own listeners."""
    return ((_place(key, it), order, claim) for it, order, claim in _of_gateway(key, gateway))


def ports_of_holder(key: Key, holder: Holder) -> Iterator[tuple[Place, Order, Claim]]:
    """Claim the ports of a ListenerSet's listeners."""
    return ((_place(holder.gateway, it), order, claim) for it, order, claim in _of_holder(holder))


def addresses_of_gateway(key: Key, gateway: Gateway) -> Iterator[tuple[Address, Order, Claim]]:
    """Claim the hostnames of a Gateway's own listeners."""
    return ((_address(key, it), order, claim) for it, order, claim in _of_gateway(key, gateway))


def addresses_of_holder(key: Key, holder: Holder) -> Iterator[tuple[Address, Order, Claim]]:
    """Claim the hostnames of a ListenerSet's listeners."""
    return ((_address(holder.gateway, it), order, claim) for it, order, claim in _of_holder(holder))


def speech(_: Place, claims: Claims) -> Speech:
    """Say what a port speaks: what the first who claims it does."""
    first_order, first = claims[0]
    own = {claim.spoken for order, claim in claims[: _leading(claims)]} or {first.spoken}
    return Speech(first.spoken if len(own) == 1 else "", first_order.rank == 0)


def owner(address: Address, claims: Claims, speeches: Lookup[Place, Speech]) -> ir.ListenerKey | None:
    """Say whose a hostname is: that of the first who claims it and speaks what the port does."""
    spoken = speeches.get(address.place)
    if spoken is None:
        return None
    return next((claim.listener for _, claim in claims if claim.spoken == spoken.spoken), None)


def conflicts(
    holder: Holder, speeches: Lookup[Place, Speech], owners: Lookup[Address, ir.ListenerKey]
) -> dict[str, Refusal]:
    """Name the listeners of a ListenerSet that are not distinct, within it or because another object was before."""
    found = distinct.conflicts(holder.listeners)
    for listener in holder.listeners:
        if listener.protocol in distinct.SPOKEN and listener.name not in found:
            lost = _lost(holder, listener, speeches, owners)
            if lost is not None:
                found[listener.name] = lost
    return found


def _lost(
    holder: Holder, listener: Listener, speeches: Lookup[Place, Speech], owners: Lookup[Address, ir.ListenerKey]
) -> Refusal | None:
    speech = speeches.get(_place(holder.gateway, listener))
    if speech is None or speech.spoken != distinct.SPOKEN[listener.protocol]:
        before = _before(holder, speech is None or speech.by_gateway)
        message = (
            f"port {listener.port} does not speak {listener.protocol} but what {before} speaks on it; take another"
        )
        return Refusal(Reason.PROTOCOL_CONFLICT, message)
    has = owners.get(_address(holder.gateway, listener))
    if has is None or has == ir.ListenerKey(holder.ref, listener.name):
        return None
    before = _before(holder, has.parent.kind == "Gateway")
    if listener.protocol in distinct.WITHOUT_HOSTNAME:
        return Refusal(Reason.PROTOCOL_CONFLICT, f"port {listener.port} belongs to {before}; take another")
    what = f"hostname {distinct.hostname(listener)}" if listener.hostname else "every hostname that nobody names"
    return Refusal(Reason.HOSTNAME_CONFLICT, f"{what} on port {listener.port} belongs to {before}; name another")


def _before(holder: Holder, gateway: bool) -> str:
    whose = f"Gateway {holder.gateway}"
    return f"a listener of {whose}" if gateway else f"a listener of another ListenerSet of {whose}, which comes first"


# ---- overlaps -------------------------------------------------------------------------------------------------------


def below_gateway(key: Key, gateway: Gateway) -> Iterator[tuple[Address, ir.ListenerKey, bool]]:
    """Put each HTTPS listener of a Gateway under the wildcards that cover its hostname."""
    return _below(key, (it for it in _of_gateway(key, gateway)))


def below_holder(key: Key, holder: Holder) -> Iterator[tuple[Address, ir.ListenerKey, bool]]:
    """Put each HTTPS listener of a ListenerSet under the wildcards that cover its hostname."""
    return _below(holder.gateway, _of_holder(holder))


def covered(address: Address, below: tuple[tuple[ir.ListenerKey, bool], ...]) -> frozenset[Ref] | None:
    """Name whose HTTPS listeners a wildcard covers: nobody more than two, for more than one is enough to know of."""
    found: dict[Ref, None] = {}
    for key, _ in below:
        found[key.parent] = None
        if len(found) > 1:
            break
    return frozenset(found) or None


def overlaps(
    holder: Holder, owners: Lookup[Address, ir.ListenerKey], covering: Lookup[Address, frozenset[Ref]]
) -> dict[str, Refusal]:
    """Name the HTTPS listeners of an object whose hostnames overlap with others on their port, whoever has these."""
    found = distinct.overlaps(holder.listeners)
    for listener in holder.listeners:
        secure = listener.protocol == "HTTPS" and listener.name not in found
        if secure and _overlaps_elsewhere(holder, listener, owners, covering):
            found[listener.name] = distinct.overlapping(listener, "listeners of other objects")
    return found


def _overlaps_elsewhere(
    holder: Holder,
    listener: Listener,
    owners: Lookup[Address, ir.ListenerKey],
    covering: Lookup[Address, frozenset[Ref]],
) -> bool:
    address = _address(holder.gateway, listener)
    if (covering.get(address) or frozenset()) - {holder.ref}:
        return True
    above = (owners.get(address._replace(hostname=it)) for it in wildcards_above(address.hostname))
    return any(it is not None and it.parent != holder.ref for it in above)


def _below(gateway: Key, claims: Spread) -> Iterator[tuple[Address, ir.ListenerKey, bool]]:
    for listener, _, claim in claims:
        if listener.protocol == "HTTPS":
            address = _address(gateway, listener)
            for wildcard in wildcards_above(address.hostname):
                yield address._replace(hostname=wildcard), claim.listener, True


# ---- in common ------------------------------------------------------------------------------------------------------


def _of_gateway(key: Key, gateway: Gateway) -> Spread:
    ref = Ref("Gateway", *key)
    for it in gateway.spec.listeners:
        if it.protocol in distinct.SPOKEN:
            yield it, Order(0, "", "", it.name), Claim(ir.ListenerKey(ref, it.name), distinct.SPOKEN[it.protocol])


def _of_holder(holder: Holder) -> Spread:
    if not holder.attached:
        return
    indistinct = distinct.conflicts(holder.listeners)
    for it in holder.listeners:
        if it.protocol in distinct.SPOKEN and it.name not in indistinct:
            order = Order(1, holder.created, str(holder.ref.key), it.name)
            yield it, order, Claim(ir.ListenerKey(holder.ref, it.name), distinct.SPOKEN[it.protocol])


def _leading(claims: Claims) -> int:
    """Count the Gateway's own claims; they come first, and are few."""
    return next((n for n, (order, _) in enumerate(claims) if order.rank), len(claims))


def _place(gateway: Key, listener: Listener) -> Place:
    return Place(gateway, *distinct.place(listener))


def _address(gateway: Key, listener: Listener) -> Address:
    return Address(_place(gateway, listener), distinct.hostname(listener))
