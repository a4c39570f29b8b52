"""The state-of-the-world protocol: DiscoveryRequest in; all clusters, listeners or scopes out, else what changed."""

from collections.abc import Iterable

from translator.xds.resource import ResourceType, version
from xds_server.ads.channel import Batch, Channel, names_of
from xds_server.ads.conversation import Conversation
from xds_server.ads.messages import WILDCARD, Request, Response
from xds_server.snapshot import Item

FULL_STATE = frozenset({ResourceType.CLUSTER, ResourceType.LISTENER, ResourceType.SCOPE})
"""Types of which a response lists everything: what is left out is removed."""


def state_version(versions: Iterable[str]) -> str:
    """Return the version of a state: the same resources have the same one, in whatever order they came."""
    return version(sum(int(each or "0", 16) for each in versions))


class SotwSession(Conversation):
    """One stream of StreamAggregatedResources."""

    protocol = "state of the world"
    lists_all = FULL_STATE

    def _ask(self, place: Channel, request: Request, first: bool) -> None:
        added, gone = place.subscription.replace(request.subscribe)
        if WILDCARD in gone:
            gone |= set(place.names())
        for name in gone:
            if not place.subscription.wants(name):
                self._forget(place, name)
        if first:
            place.greet = place.subscription.wildcard and (self._snapshot.known or not request.version)
            if request.version and request.version == self._version_of(place):
                self._take_over(place)
        for name in added:
            self._want(place, name, anew=first and self._warms(place))

    def _take_over(self, place: Channel) -> None:
        """Learn from version_info that the Envoy holds all that it asks for."""
        place.greet = False
        for name in self._wanted(place):
            self._inherit(place, name)
            if place.type is ResourceType.CLUSTER:
                self._gate.inherit(name)
            elif place.type is ResourceType.SCOPE:
                place.owed.add(Item(name))

    def _wanted(self, place: Channel) -> list[str]:
        return [name for name in self._snapshot.names(place.type) if place.subscription.wants(name)]

    def _version_of(self, place: Channel) -> str:
        return state_version(self._snapshot.version(place.type, name) for name in self._wanted(place))

    def _respond(self, place: Channel, batch: Batch, nonce: str) -> Response:
        everything = tuple(sorted(set(place.names())))
        versions = [place.version(name) for name in everything]
        names = everything if place.type in FULL_STATE else names_of(batch)
        sent = [resource for name in names if (resource := place.sendable(name)) is not None]
        return Response(
            place.type,
            nonce,
            version=state_version(versions),
            resources=tuple(sent),
        )
