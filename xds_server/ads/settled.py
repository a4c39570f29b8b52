"""Whether an Envoy has what its Gateway was translated to: its listeners, their secrets and scopes, each table once.

What comes of routes and backends is not part of it: that is never done for long.
"""

from collections.abc import Mapping

from translator.xds.resource import ResourceType
from xds_server.ads.channel import Channel, Routes
from xds_server.snapshot import Changed, Item, Snapshot


def unsettles(changed: Changed) -> bool:
    """Whether a change of the snapshot is one that an Envoy has to acknowledge before it is settled again."""
    if any(changed.get(kind) for kind in (ResourceType.LISTENER, ResourceType.SECRET, ResourceType.SCOPE)):
        return True
    return any(not item.host for item in changed.get(ResourceType.ROUTE, ()))


def is_settled(snapshot: Snapshot, channels: Mapping[ResourceType, Channel]) -> bool:
    """Whether an Envoy has answered for all of it, be it with a refusal."""
    return (
        snapshot.known
        and ResourceType.LISTENER in channels
        and _answered(snapshot, channels, ResourceType.LISTENER)
        and _answered(snapshot, channels, ResourceType.SECRET)
        and _answered(snapshot, channels, ResourceType.SCOPE)
        and _has_tables(snapshot, channels.get(ResourceType.ROUTE))
    )


def _answered(snapshot: Snapshot, channels: Mapping[ResourceType, Channel], kind: ResourceType) -> bool:
    place = channels.get(kind)
    if place is None:
        return not any(True for _ in snapshot.names(kind))
    if place.flights or place.suspects or place.dirty or place.waiting:
        return False
    items = map(Item, snapshot.names(kind))
    return all(place.get(item) is not None or item in place.refused for item in items)


def _has_tables(snapshot: Snapshot, routes: Channel | None) -> bool:
    names = list(snapshot.names(ResourceType.ROUTE))
    if not isinstance(routes, Routes):
        return not names
    first = {item.name for it in routes.flights for item, entry in it.before.items() if entry is None and not item.host}
    return not any(name in first or (routes.is_new(name) and Item(name) not in routes.refused) for name in names)
