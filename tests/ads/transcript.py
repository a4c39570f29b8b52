"""Protocol transcripts: what a client says, what changes in the snapshot, and what must be sent, step by step."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.ads.envoy_model import NODE
from tests.ads.world import GATEWAY, changed
from translator.xds.resource import (
    Resource,
    ResourceType,
    RouteTable,
    VirtualHost,
)
from xds_server.ads.conversation import Conversation, Patience
from xds_server.ads.events import Event
from xds_server.ads.messages import Request, Response
from xds_server.snapshot import Change, SnapshotCache

Step = Callable[["Transcript"], None]


class Transcript:
    """One session, played step by step; at the end nothing may be left unsaid."""

    def __init__(self, session: type[Conversation]) -> None:
        self._session_type = session
        self.cache = SnapshotCache()
        self.now = 0.0
        self.nonces: dict[ResourceType, str] = {}
        self.said: list[Response] = []
        self.events: list[Event] = []
        self.reconnect()

    def reconnect(self) -> None:
        snapshot = self.cache[GATEWAY]
        if hasattr(self, "session"):
            snapshot.unwatch(self.session.mark)
        self.session = self._session_type(GATEWAY, NODE, snapshot, self.now, Patience(gate=1.5, hold=1.0, inherit=15.0))
        snapshot.watch(self.session.mark)

    def __call__(self, *steps: Step) -> "Transcript":
        for step in steps:
            step(self)
        assert not self.said, f"said more than expected: {self.said}"
        self.events += self.session.take_events()
        return self


class Sent(NamedTuple):
    """A response without its nonce and bodies."""

    type: ResourceType
    names: tuple[str, ...]
    removed: tuple[str, ...]


def recv(request: Request) -> Step:
    """The client says this; an empty nonce field `?` stands for the newest nonce of the type."""

    def step(play: Transcript) -> None:
        assert not play.said, f"said before it was asked: {play.said}"
        kind = ResourceType(request.type_url)
        nonce = play.nonces[kind] if request.nonce == "?" else request.nonce
        told = Request(
            kind,
            request.node,
            nonce,
            request.words,
            request.subscribe,
            request.unsubscribe,
            request.initial_versions,
            request.version,
        )
        play.said += play.session.receive(told, play.now)

    return step


def sent(kind: ResourceType, *resources: Resource | str, removed: Iterable[str] = ()) -> Step:
    """Next, this is sent: resources with exactly this content, or just of this name."""

    def step(play: Transcript) -> None:
        assert play.said, f"nothing was sent where {kind.name} of {resources} was expected"
        response = play.said.pop(0)
        names = tuple(each if isinstance(each, str) else each.name for each in resources)
        actual = Sent(response.type, tuple(each.name for each in response.resources), response.removed)
        assert actual == Sent(kind, names, tuple(removed))
        for expected, given in zip(resources, response.resources, strict=True):
            if isinstance(expected, Resource):
                assert (given.version, given.body) == (expected.version, expected.body)
        play.nonces[kind] = response.nonce

    return step


def quiet(play: Transcript) -> None:
    """Nothing (more) is sent."""
    assert not play.said, f"said {play.said}"


def pushed(
    *entries: Resource | RouteTable | VirtualHost | tuple[ResourceType, str], of: ResourceType | str = ""
) -> Step:
    """The snapshot changes in one commit, and the session is woken: `of` is the resources' type or the hosts' table."""

    def step(play: Transcript) -> None:
        play.cache.apply([_change(entry, of) for entry in entries])
        play.said += play.session.push(play.now)

    return step


def known(*entries: Resource | RouteTable | VirtualHost, of: ResourceType | str = "") -> Step:
    """The snapshot holds this before anybody asks."""

    def step(play: Transcript) -> None:
        play.cache.apply([_change(entry, of) for entry in entries])

    return step


def reconnected(play: Transcript) -> None:
    """The client opens another stream."""
    play.reconnect()


def after(seconds: float) -> Step:
    """Time passes; whoever waits for a deadline is woken at it."""

    def step(play: Transcript) -> None:
        play.now += seconds
        if play.session.next_deadline <= play.now:
            play.said += play.session.tick(play.now)

    return step


def _change(entry: Resource | RouteTable | VirtualHost | tuple[ResourceType, str], of: ResourceType | str) -> Change:
    match entry:
        case VirtualHost():
            return changed(ResourceType.ROUTE, of, entry.name, entry)
        case RouteTable():
            return changed(ResourceType.ROUTE, entry.name, "", entry)
        case Resource():
            return changed(ResourceType(of), entry.name, "", entry)
        case kind, name:
            return changed(kind, name, "", None)


def subscribe(kind: ResourceType, *names: str, has: dict[str, str] | None = None) -> Request:
    return Request(kind, NODE, subscribe=names, initial_versions=tuple((has or {}).items()))


def unsubscribe(kind: ResourceType, *names: str) -> Request:
    return Request(kind, NODE, unsubscribe=names)


def ack(kind: ResourceType) -> Request:
    return Request(kind, NODE, nonce="?")


def nack(kind: ResourceType, words: str = "disliked") -> Request:
    return Request(kind, NODE, nonce="?", words=words)


def state(kind: ResourceType, *names: str, version: str = "", nonce: str = "", words: str | None = None) -> Request:
    """A state-of-the-world request."""
    return Request(kind, NODE, nonce=nonce, words=words, subscribe=names, version=version)
