"""Claims: which listener of a Gateway and its ListenerSets has a port and a hostname (ListenerSetSpec.listeners).

Where listeners of several objects are not distinct, the Gateway's own come first, then those of the oldest ListenerSet,
then those of the first by `namespace/name`. What is left of an object's listeners then has to be distinct by itself:
of those that are not none is served, and what they wanted is left to the next object. What another tenant is called is
not told: only that somebody was before.

HTTP/3 is spoken on the UDP port of the same number, which belongs to whoever wants it first like any other. An object
that has a UDP listener there too has said what it wants more.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple, TypeAlias

from translator import ir
from translator.api.gateway import Gateway, Listener
from translator.attach import distinct, http3
from translator.attach.conditions import Reason
from translator.attach.holders import Holder
from translator.attach.hostnames import wildcards_above
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref

QUIC = "QUIC"
"""What a UDP port speaks that HTTP/3 is served on."""


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


class Turn(NamedTuple):
    """When it is an object's turn to be given what it claims."""

    rank: int
    """0 for a Gateway, 1 for ListenerSets."""
    created: str
    place: str


class Claim(NamedTuple):
    """What a listener wants of its port."""

    listener: ir.ListenerKey
    spoken: str


class Speech(NamedTuple):
    """What a port speaks, and since whose turn."""

    spoken: str
    """Empty where the Gateway's own listeners contradict each other: nobody has the port then."""
    since: Turn

    @property
    def by_gateway(self) -> bool:
        """Whether the Gateway itself says so."""
        return self.since.rank == 0


class Owner(NamedTuple):
    """Whose a hostname is, and since whose turn."""

    listener: ir.ListenerKey
    since: Turn


Order: TypeAlias = tuple[Turn, str]
"""A turn and, for an order of its own, the listener's name."""

Claims: TypeAlias = tuple[tuple[Order, Claim], ...]
"""The first one before all others."""

Spread: TypeAlias = Iterator[tuple[Listener, Order, Claim]]


def ports_of_gateway(key: Key, gateway: Gateway) -> Iterator[tuple[Place, Order, Claim]]:
    """Claim the ports of a Gateway's own listeners."""
    return _ports(key, gateway.spec.listeners, _of_gateway(key, gateway))


def ports_of_holder(key: Key, holder: Holder) -> Iterator[tuple[Place, Order, Claim]]:
    """Claim the ports of a ListenerSet's listeners."""
    return _ports(holder.gateway, holder.listeners, _of_holder(holder))


def addresses_of_gateway(key: Key, gateway: Gateway) -> Iterator[tuple[Address, Order, Claim]]:
    """Claim the hostnames of a Gateway's own listeners."""
    return ((_address(key, it), order, claim) for it, order, claim in _of_gateway(key, gateway))


def addresses_of_holder(key: Key, holder: Holder) -> Iterator[tuple[Address, Order, Claim]]:
    """Claim the hostnames of a ListenerSet's listeners."""
    return ((_address(holder.gateway, it), order, claim) for it, order, claim in _of_holder(holder))


def speech(_: Place, claims: Claims) -> Speech | None:
    """Say what a port speaks: what the first object does that does not contradict itself about it."""
    for turn, members in groupby(claims, _turn):
        spoken = {claim.spoken for _, claim in members}
        if len(spoken) == 1:
            return Speech(spoken.pop(), turn)
        if turn.rank == 0:
            return Speech("", turn)
    return None


def owner(address: Address, claims: Claims, speeches: Lookup[Place, Speech]) -> Owner | None:
    """Say whose a hostname is: that of the first object that wants it once and speaks what the port does."""
    speech = speeches.get(address.place)
    if speech is None:
        return None
    for turn, members in groupby(claims, _turn):
        those = [claim.listener for _, claim in members if claim.spoken == speech.spoken]
        if those and turn >= speech.since and (len(those) == 1 or turn.rank == 0):
            return Owner(those[0], turn)
    return None


def conflicts(holder: Holder, speeches: Lookup[Place, Speech], owners: Lookup[Address, Owner]) -> dict[str, Refusal]:
    """Name the listeners of a ListenerSet that are not distinct: from what was before, or else among themselves."""
    lost = {it.name: why for it in holder.listeners if (why := _lost(holder, it, speeches, owners)) is not None}
    return lost | distinct.conflicts([it for it in holder.listeners if it.name not in lost])


def _lost(
    holder: Holder, listener: Listener, speeches: Lookup[Place, Speech], owners: Lookup[Address, Owner]
) -> Refusal | None:
    if listener.protocol not in distinct.SPOKEN:
        return None
    turn = turn_of(holder)
    speech = speeches.get(_place(holder.gateway, listener))
    if speech is not None and speech.since < turn and speech.spoken != distinct.SPOKEN[listener.protocol]:
        before = _before(holder, speech.by_gateway)
        message = (
            f"port {listener.port} does not speak {listener.protocol} but what {before} speaks on it; take another"
        )
        return Refusal(Reason.PROTOCOL_CONFLICT, message)
    has = owners.get(_address(holder.gateway, listener))
    if has is None or has.since >= turn:
        return None
    before = _before(holder, has.since.rank == 0)
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
    return _below(key, _of_gateway(key, gateway))


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
    holder: Holder, owners: Lookup[Address, Owner], covering: Lookup[Address, frozenset[Ref]]
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
    owners: Lookup[Address, Owner],
    covering: Lookup[Address, frozenset[Ref]],
) -> bool:
    address = _address(holder.gateway, listener)
    if (covering.get(address) or frozenset()) - {holder.ref}:
        return True
    above = (owners.get(address._replace(hostname=it)) for it in wildcards_above(address.hostname))
    return any(it is not None and it.listener.parent != holder.ref for it in above)


def _below(gateway: Key, claims: Spread) -> Iterator[tuple[Address, ir.ListenerKey, bool]]:
    for listener, _, claim in claims:
        if listener.protocol == "HTTPS":
            address = _address(gateway, listener)
            for wildcard in wildcards_above(address.hostname):
                yield address._replace(hostname=wildcard), claim.listener, True


# ---- in common ------------------------------------------------------------------------------------------------------


def turn_of(holder: Holder) -> Turn:
    """Return a ListenerSet's turn."""
    return Turn(1, holder.created, str(holder.ref.key))


def _of_gateway(key: Key, gateway: Gateway) -> Spread:
    return _claims(Ref("Gateway", *key), gateway.spec.listeners, Turn(0, "", ""))


def _of_holder(holder: Holder) -> Spread:
    return _claims(holder.ref, holder.listeners if holder.attached else (), turn_of(holder))


def _claims(ref: Ref, listeners: tuple[Listener, ...], turn: Turn) -> Spread:
    for it in listeners:
        if it.protocol in distinct.SPOKEN:
            yield it, (turn, it.name), Claim(ir.ListenerKey(ref, it.name), distinct.SPOKEN[it.protocol])


def _ports(gateway: Key, listeners: tuple[Listener, ...], spread: Spread) -> Iterator[tuple[Place, Order, Claim]]:
    datagrams = {it.port for it in listeners if it.protocol == "UDP"}
    for it, order, claim in spread:
        yield _place(gateway, it), order, claim
        if http3.asked(it) and it.port not in datagrams:
            yield Place(gateway, it.port, "UDP"), order, claim._replace(spoken=QUIC)


def _turn(claim: tuple[Order, Claim]) -> Turn:
    return claim[0][0]


def _place(gateway: Key, listener: Listener) -> Place:
    return Place(gateway, *distinct.place(listener))


def _address(gateway: Key, listener: Listener) -> Address:
    return Address(_place(gateway, listener), distinct.hostname(listener))
