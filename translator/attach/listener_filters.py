"""Filters of listeners, which requests pass before a route is chosen for them.

Source: gateway-api v1.7.0, apis/v1/gateway_types.go (ListenerFilters), GEP-5224. What a filter adds to a request has a
part in the choice; where a service that authorizes cannot be asked nothing passes.
"""

from collections.abc import Iterator
from functools import partial
from typing import TypeAlias

import msgspec

from translator import ir
from translator.api.core import Service
from translator.api.gateway import Gateway, Listener, ListenerFilter, ListenerSet
from translator.attach import authorization, backends
from translator.attach.conditions import Reason
from translator.attach.grants import Grants
from translator.attach.policies import Targeting
from translator.attach.xbackends import Backing
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value
from translator.xds.names import cluster_name

Written: TypeAlias = tuple[tuple[str, tuple[ListenerFilter, ...]], ...]
"""The one row that there is of a listener's filters."""


class Filtering(Value):
    """What a listener's filters come to."""

    authorizations: tuple[ir.Authorization, ...] = ()
    """In the order of the filters."""
    unresolved: tuple[Refusal, ...] = ()


def invalid(listener: Listener) -> Iterator[Refusal]:
    """Refuse filters of a listener that cannot be done as they are written: none is skipped."""
    for place, it in _filters(listener):
        if it.external_auth is None:
            message = f"{place}: filter {it.type} is not supported"
            yield Refusal(Reason.UNSUPPORTED_VALUE, message)
            continue
        read = authorization.read(it.external_auth)
        if isinstance(read, Refusal):
            yield Refusal(Reason.INVALID_LISTENER_FILTER, f"{place}: {read.message}")


def written(kind: str, key: Key, owner: Gateway | ListenerSet) -> Iterator[tuple[ir.ListenerKey, str, object]]:
    """Name the filters of each listener that has any."""
    for listener in owner.spec.listeners:
        if listener.filters is not None and listener.filters.requests:
            yield ir.ListenerKey(Ref(kind, *key), listener.name), "", listener.filters.requests


def resolve(
    key: ir.ListenerKey,
    written: Written,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, Targeting],
    backings: Lookup[Key, Backing],
) -> Filtering:
    """Find the services that a listener's filters ask."""
    reads = partial(backends.resolve, services=services, granted=granted, targeted=targeted, backings=backings)
    authorizations, unresolved = [], []
    for index, it in enumerate(written[0][1]):
        read = None if it.external_auth is None else authorization.read(it.external_auth)
        if it.external_auth is None or not isinstance(read, ir.Authorization):
            continue
        spoken_as = authorization.SPOKEN_AS[it.external_auth.protocol]
        found = reads(it.external_auth.backend_ref, key.parent, spoken_as=spoken_as)
        if isinstance(found, Refusal):
            unresolved.append(_unresolved(index, found))
        cluster = None if isinstance(found, Refusal) else found
        authorizations.append(msgspec.structs.replace(read, cluster=cluster))
    return Filtering(tuple(authorizations), tuple(unresolved))


def named(key: ir.ListenerKey, filtering: Filtering) -> Iterator[tuple[str, Ref, ir.ClusterKey]]:
    """Put a listener's owner to the others that name the clusters of its services."""
    for cluster in dict.fromkeys(it.cluster for it in filtering.authorizations if it.cluster is not None):
        yield cluster_name(cluster), key.parent, cluster


def _filters(listener: Listener) -> Iterator[tuple[str, ListenerFilter]]:
    requests = () if listener.filters is None else listener.filters.requests
    return ((f"filters.requests[{index}]", it) for index, it in enumerate(requests))


def _unresolved(index: int, refusal: Refusal) -> Refusal:
    permitted = refusal.reason != Reason.REF_NOT_PERMITTED
    reason = Reason.INVALID_LISTENER_FILTER_REF if permitted else Reason.REF_NOT_PERMITTED
    return Refusal(reason, f"filters.requests[{index}]: {refusal.message}")
