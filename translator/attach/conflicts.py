"""HTTPRoutes and GRPCRoutes that want the same hostnames of one listener: exactly one of the two is accepted.

Source: gateway-api v1.7.0, apis/v1/grpcroute_types.go (Hostnames): the older one, then the first by `namespace/name`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from translator import ir
from translator.attach import hostnames
from translator.attach.conditions import Reason
from translator.pieces import made
from translator.value import Lookup, Ref

Row: TypeAlias = tuple[tuple[ir.Age, Ref], tuple[str, ...]]
"""A route with its domains."""

Rows: TypeAlias = Sequence[Row]
"""Routes of one kind on a listener, the oldest first."""

Spread: TypeAlias = Iterable[tuple[ir.ListenerKey, tuple[ir.Age, Ref], tuple[str, ...]]]


def grpc_by_listener(ref: Ref, bound: ir.Bound) -> Spread:
    """Put a GRPCRoute under each listener that it is bound to."""
    return _by_listener(ref, bound) if ref.kind == "GRPCRoute" else ()


def http_by_listener(ref: Ref, bound: ir.Bound) -> Spread:
    """Put an HTTPRoute under each listener that it is bound to."""
    return _by_listener(ref, bound) if ref.kind == "HTTPRoute" else ()


def _by_listener(ref: Ref, bound: ir.Bound) -> Spread:
    for bond in bound.bonds:
        for attachment in bond.attachments:
            yield attachment.listener.key, (bound.age, ref), tuple(domain for _, domain in attachment.hosts)


def losers(
    listener: ir.ListenerKey, grpc: Rows, http: Lookup[ir.ListenerKey, Rows], rejected: Lookup[Ref, ir.Refusal]
) -> Mapping[Ref, Ref] | None:
    """Return the rejected routes of a listener, each with the one it lost to; None where there are none.

    Routes are taken in order of age, those that are not Accepted anyway after all others: one loses if a route of the
    other kind has a hostname of it already.
    """
    rivals = _rivals(grpc, http.get(listener) or ())
    if not rivals:
        return None
    given = {"GRPCRoute": _Hostnames(), "HTTPRoute": _Hostnames()}
    lost: dict[Ref, Ref] = {}
    for (_, ref), domains in sorted((*grpc, *rivals), key=lambda row: (rejected.get(row[0][1]) is not None, row)):
        winner = given["HTTPRoute" if ref.kind == "GRPCRoute" else "GRPCRoute"].meeting(domains)
        if winner is not None:
            lost[ref] = winner
        else:
            given[ref.kind].add(domains, ref)
    return lost or None


class _Index(NamedTuple):
    """Routes by what their hostnames may have in common with others; made once of a piece of thousands."""

    at: dict[str, list[Row]]
    """By their domains."""
    below: dict[str, list[Row]]
    """By their domains and the wildcards above them."""


def _index(rows: Rows) -> _Index:
    index = _Index({}, {})
    for row in rows:
        for domain in row[1]:
            index.at.setdefault(domain, []).append(row)
            for covering in (domain, *hostnames.wildcards_above(domain)):
                index.below.setdefault(covering, []).append(row)
    return index


def _rivals(grpc: Rows, http: Rows) -> Rows:
    """Return the HTTPRoutes that have a hostname in common with some GRPCRoute."""
    at = {domain for _, domains in grpc for domain in domains}
    above = {wildcard for domain in at for wildcard in hostnames.wildcards_above(domain)}
    found: dict[object, Row] = {}
    for index in made(http, _index):
        for rows, wanted in ((index.below, at), (index.at, above)):
            found.update((row[0], row) for name in rows.keys() & wanted for row in rows[name])
    return tuple(found.values())


def settle(ref: Ref, bound: ir.Bound, losers: Lookup[ir.ListenerKey, Mapping[Ref, Ref]]) -> ir.Bound:
    """Take away the attachments at which the route lost; a bond that has none left is refused."""
    bonds = tuple(_settled(ref, bond, losers) for bond in bound.bonds)
    return bound if bonds == bound.bonds else ir.Bound(bound.generation, bound.age, bonds)


def _settled(ref: Ref, bond: ir.Bond, losers: Lookup[ir.ListenerKey, Mapping[Ref, Ref]]) -> ir.Bond:
    lost = {it.listener.key: (losers.get(it.listener.key) or {}).get(ref) for it in bond.attachments}
    if not any(lost.values()):
        return bond
    left = tuple(it for it in bond.attachments if lost[it.listener.key] is None)
    if left:
        return ir.Bond(bond.parent_ref, left)
    places = "; ".join(f"on listener {key.name} to {winner}" for key, winner in lost.items())
    message = f"a hostname belongs to HTTPRoutes or to GRPCRoutes, and here to the older route: {places}"
    return ir.Bond(bond.parent_ref, refusal=ir.Refusal(Reason.NOT_ALLOWED_BY_LISTENERS, message))


class _Hostnames:
    """Hostnames of accepted routes; lives for one decision."""

    def __init__(self) -> None:
        self._at: dict[str, Ref] = {}
        self._below: dict[str, Ref] = {}

    def add(self, domains: tuple[str, ...], ref: Ref) -> None:
        for domain in domains:
            self._at.setdefault(domain, ref)
            for wildcard in hostnames.wildcards_above(domain):
                self._below.setdefault(wildcard, ref)

    def meeting(self, domains: tuple[str, ...]) -> Ref | None:
        """Return a route that has a hostname in common with the domains."""
        for domain in domains:
            for covering in (domain, *hostnames.wildcards_above(domain)):
                if covering in self._at:
                    return self._at[covering]
            if domain in self._below:
                return self._below[domain]
        return None
