"""The delta protocol: DeltaDiscoveryRequest in, what changed out."""

from collections.abc import Iterable

from translator.xds.resource import Resource, ResourceType
from xds_server.ads.channel import Batch, Channel, names_of
from xds_server.ads.conversation import Conversation
from xds_server.ads.messages import WILDCARD, Request, Response
from xds_server.snapshot import Item


class DeltaSession(Conversation):
    """One stream of DeltaAggregatedResources."""

    protocol = "delta"
    tells_absence = True

    def _ask(self, place: Channel, request: Request, first: bool) -> None:
        names = [self._snapshot.item(place.type, name).name for name in request.subscribe]
        added, gone = place.subscription.change(names, request.unsubscribe)
        if first:
            self._take_over(place, request.initial_versions)
            place.greet = place.subscription.wildcard and not request.initial_versions
        trusted = first and not self._warms(place)
        inherited = {name for name, _ in request.initial_versions} if trusted else set()
        for name in gone:
            self._give_up(place, name)
        for name in added:
            self._want(place, name, anew=name not in inherited)

    def _take_over(self, place: Channel, versions: Iterable[tuple[str, str]]) -> None:
        """Learn from initial_resource_versions what the Envoy holds; only what differs will be sent."""
        for name, version in versions:
            if not place.subscription.wants(name):
                continue
            lacking = self._lacking(place, name, version)
            if lacking is not None:
                self._inherit(place, name, lacking)
            else:
                place.unknown.add(name)
                if place.type is not ResourceType.ROUTE:
                    place.put({Item(name): Resource(name, version, b"")})
            if place.type is ResourceType.SCOPE:
                self._gate.inherit_scope(name)
                place.owed.add(Item(name))  # Envoy lists them even if it forgot them with the last listener
            if place.type in (ResourceType.CLUSTER, ResourceType.ENDPOINT):
                self._gate.inherit(name)  # endpoints too: an Envoy asks for those of the clusters that it has

    def _lacking(self, place: Channel, name: str, version: str) -> frozenset[str] | None:
        """Return which virtual hosts the Envoy lacks to hold a resource as it is now, or None if it holds another."""
        wanted = self._snapshot.version(place.type, name)
        if not wanted:
            return None
        if version == wanted:
            return frozenset()
        return self._snapshot.tables[name].lacking(version) if place.type is ResourceType.ROUTE else None

    def _give_up(self, place: Channel, name: str) -> None:
        if name == WILDCARD:
            for other in [other for other in place.names() if not place.subscription.wants(other)]:
                self._forget(place, other)
        elif place.subscription.wants(name):
            self._want(place, name, anew=True)  # the client dropped it, though the wildcard still covers it
        else:
            self._forget(place, name)

    def _respond(self, place: Channel, batch: Batch, nonce: str) -> Response:
        names = names_of(item for item, entry in batch.items() if entry is not None or item.host)
        sent = [resource for name in names if (resource := place.sendable(name)) is not None]
        return Response(
            place.type,
            nonce,
            resources=tuple(sent),
            removed=tuple(item.name for item, entry in batch.items() if entry is None and not item.host),
        )
