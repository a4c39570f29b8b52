"""What delta and state-of-the-world streams have in common: turns, answers, and the order of things.

A conversation knows no socket and no clock. Requests, wake-ups and the time are given to it, and it returns the
responses to be sent. At most one response per type is unanswered, but for CDS: an Envoy holds its CDS ACK while any
cluster warms, so once it is known, or likely, to have taken one in, the next may follow.
"""

from collections.abc import Iterable, Iterator

from translator.value import Key, Value
from translator.xds.resource import ResourceType, VirtualHost
from xds_server.ads.channel import Batch, Channel, Flight, Routes, channel, names_of, version_of
from xds_server.ads.events import Acked, Event, Nacked, Settled, spoken
from xds_server.ads.gate import NEVER, Gate
from xds_server.ads.messages import WILDCARD, Node, Request, Response
from xds_server.ads.plan import Plan
from xds_server.ads.report import StreamReport, report
from xds_server.ads.scopes import Scopes, begins
from xds_server.ads.settled import is_settled, unsettles
from xds_server.ads.troubles import Trouble, troubles
from xds_server.snapshot import Changed, Item, Snapshot

TYPES = {str(kind): kind for kind in ResourceType}
NAMING = frozenset({ResourceType.LISTENER, ResourceType.ROUTE})
"""Types whose resources name clusters."""
CANNOT_BIND = "cannot bind"
"""What Envoy says of a listener whose address another process has, or that the machine does not have yet."""


class Patience(Value):
    """How long, in seconds, a stream waits for what an Envoy does at its own pace."""

    gate: float = 1.5
    """For a cluster that was sent to become ready before a route names it."""
    hold: float = 1.0
    """For a CDS ACK before Envoy is taken to hold it, and more clusters are sent."""
    inherit: float = 15.0
    """For an Envoy that reconnects to ask for everything: then clusters are removed, and routes sent, regardless."""
    tables: float = 5.0
    """For an Envoy to ask for the route table of a scope; and for the tables of a listener that is new to it."""
    drain: float = 30.0
    """For connections of a listener that went or changed: requests on them find their tables by its scopes still."""
    introduction: float = 60.0
    """For a client to say who it is, which it may be too busy for at first."""
    reading: float = 60.0
    """For a client to read a response; then it is given up."""


class Conversation:
    """One stream of one Envoy, delta or state of the world."""

    protocol = ""
    tells_absence = False
    """Whether the protocol has words for a resource that was asked for and does not exist."""
    lists_all: frozenset[ResourceType] = frozenset()
    """Types of which every response lists all that the Envoy shall hold."""

    def __init__(
        self, gateway: Key, node: Node, snapshot: Snapshot, now: float, patience: Patience = Patience()
    ) -> None:
        self.gateway = gateway
        self.node = node
        self._snapshot = snapshot
        self._patience = patience
        self._asks_by = now + patience.inherit
        """When an Envoy will have asked for every type that it asks for; one whose CDS is paused asks late."""
        self._gate = Gate(patience.gate)
        self._channels: dict[ResourceType, Channel] = {}
        self._scopes = Scopes(
            snapshot,
            self._gate,
            self._channels,
            patience=patience.tables,
            drain=patience.drain,
            asks_by=self._asks_by,
        )
        self._echoes: set[str] = set()
        """Clusters whose endpoints are due because the cluster was sent, though nobody asked for them yet."""
        self._turns = 0
        self._proven = 0
        """The last response that Envoy is known to have taken in, and so all before it."""
        self._reconsider = not snapshot.known
        self.settled = False
        """Whether the Envoy has answered for all that its Gateway was translated to."""
        self._due: dict[ResourceType, float] = {}
        self._events: list[Event] = []

    # ---- in and out -----------------------------------------------------------------------------------------------

    def receive(self, request: Request, now: float) -> list[Response]:
        """Take a request; return what it causes to be sent."""
        kind = TYPES.get(request.type_url)
        if kind is None:
            return []
        first = kind not in self._channels
        if first:
            self._channels[kind] = channel(kind, self._snapshot)
        place = self._channels[kind]
        flight = place.flight(request.nonce)
        if flight is not None:
            self._answer(place, flight, request.words, now)
        self._ask(place, request, first)
        return self._act(now, True)

    def mark(self, changed: Changed) -> None:
        """Note what changed in the snapshot; `push` sends it."""
        self.settled = self.settled and not unsettles(changed)
        for kind in NAMING:
            for item in changed.get(kind, ()):
                if not item.host and self._snapshot.get(kind, item) is None:
                    self._scopes.forget(kind, item.name)
        for kind, items in changed.items():
            place = self._channels.get(kind)
            if place is None:
                continue
            if isinstance(place, Routes):
                for head in [item for item in items if not item.host and place.subscription.wants(item.name)]:
                    place.dirty.update(self._snapshot.items(kind, head.name), place.items(head.name))
            place.dirty.update(item for item in items if place.subscription.wants(item.name))

    def push(self, now: float) -> list[Response]:
        """Return what the newest snapshot causes to be sent."""
        reconsider = now >= self.next_deadline or (self._reconsider and self._snapshot.known)
        if reconsider:
            self._reconsider = False
        return self._act(now, reconsider)

    def tick(self, now: float) -> list[Response]:
        """Return what the passing of time causes to be sent."""
        return self._act(now, True)

    @property
    def next_deadline(self) -> float:
        """When to call `tick`, if nothing happens before; infinite if there is nothing to wait for."""
        retries = (place.next_retry() for place in self._channels.values())
        return min((*self._due.values(), *retries), default=NEVER)

    def take_events(self) -> list[Event]:
        """Return what was found out since the last call."""
        events, self._events = self._events, []
        return events

    def report(self) -> StreamReport:
        """Return what the Envoy was sent, ACKed and NACKed."""
        return report(self.gateway, self.node, self.protocol, self._snapshot, self._channels.values())

    def troubles(self, now: float) -> Iterator[Trouble]:
        """Yield what the Envoy refused, and what it is slow to answer for."""
        return troubles(self.gateway, self.node.id, self._channels.values(), now)

    def unanswered(self) -> list[float]:
        """When the responses were sent that are not answered. For any thread."""
        return [flight.sent_at for place in list(self._channels.values()) for flight in list(place.flights)]

    # ---- what the protocols differ in -----------------------------------------------------------------------------

    def _ask(self, place: Channel, request: Request, first: bool) -> None:
        """Apply what a request says about subscriptions."""
        raise NotImplementedError

    def _respond(self, place: Channel, batch: Batch, nonce: str) -> Response:
        """Put a batch that was noted as sent into words."""
        raise NotImplementedError

    def _forget(self, place: Channel, name: str) -> None:
        dropped = place.forget(name)
        if place.type in NAMING:
            self._gate.unname(dropped)
        elif place.type is ResourceType.CLUSTER:
            self._gate.remove(name)
        if place.type is ResourceType.ROUTE:
            self._scopes.forget(place.type, name)

    def _want(self, place: Channel, name: str, *, anew: bool) -> None:
        """Look at a resource that the stream asked for; asked for anew, it is sent even if nothing changed."""
        names = {*self._snapshot.names(place.type), *place.names()} if name == WILDCARD else (name,)
        for each in names:
            items = {*self._snapshot.items(place.type, each), *place.items(each)}
            place.dirty |= items
            if place.type is ResourceType.ENDPOINT and each in self._echoes:
                self._echoes.discard(each)
                self._echoes = self._echoes or set()  # an empty set of what once were thousands takes as much as them
                place.owed |= items
            if anew and name != WILDCARD:
                place.owed |= items

    def _warms(self, place: Channel) -> bool:
        """Whether the Envoy was cut off while clusters warmed: it asks for endpoints, and CDS is paused."""
        return place.type is ResourceType.ENDPOINT and ResourceType.CLUSTER not in self._channels

    def _inherit(self, place: Channel, name: str, lacking: frozenset[str] = frozenset()) -> None:
        """Note that the Envoy brought along a resource just as the snapshot has it, but for virtual hosts it lacks."""
        items = [item for item in self._snapshot.items(place.type, name) if item.host not in lacking]
        entries: Batch = {item: self._snapshot.get(place.type, item) for item in items}
        place.put(entries)
        if place.type in NAMING:
            self._gate.name(entries.values())

    # ---- answers --------------------------------------------------------------------------------------------------

    def _answer(self, place: Channel, flight: Flight, words: str | None, now: float) -> None:
        self._proven = max(self._proven, flight.turn)
        for earlier in [other for other in place.flights if other.turn < flight.turn]:
            self._accept(place, earlier, now)
        if words is None:
            self._accept(place, flight, now)
        else:
            self._refuse(place, flight, words, now)

    def _accept(self, place: Channel, flight: Flight, now: float) -> None:
        without_scopes = place.type is ResourceType.LISTENER and not self._scopes.are_in_use
        place.flights.remove(flight)
        if without_scopes and self._scopes.are_in_use:
            self._scopes.begin_anew()
        place.answered = True
        place.restated.clear()
        for name in names_of(flight.batch):
            place.unknown.discard(name)
        for item in flight.batch:
            place.retries.pop(item, None)
        if isinstance(place, Routes):
            place.dirty.update(place.trials.end(names_of(flight.batch)))
        put = tuple(item.name for item, entry in flight.batch.items() if entry is not None)
        match place.type:
            case ResourceType.CLUSTER:
                for name in put:
                    self._gate.accept(name, flight.turn)
            case ResourceType.ENDPOINT:
                self._gate.accept_endpoints(put, flight.turn)
            case ResourceType.LISTENER | ResourceType.ROUTE:
                self._gate.unname(flight.before.values())
            case ResourceType.SECRET | ResourceType.SCOPE:
                pass
        removed = tuple(item.name for item, entry in flight.batch.items() if entry is None and not item.host)
        if place.type is ResourceType.SCOPE:
            for name in removed:
                self._gate.forget_scope(name)
        names = tuple(sorted(set(put))) if place.type is not ResourceType.ROUTE else names_of(flight.batch)
        self._events.append(
            Acked(self.gateway, self.node.id, place.type, names, removed, max(0.0, now - flight.sent_at))
        )

    def _refuse(self, place: Channel, flight: Flight, words: str, now: float) -> None:
        items = sorted(item for item, entry in flight.batch.items() if entry is not None)
        sent = {name: place.hosts(name) for name in names_of(items)}
        if place.type is ResourceType.CLUSTER:
            items = self._acquit_clusters(place, flight, items)
        gone = [item for item in flight.batch if flight.batch[item] is None]
        if place.type in self.lists_all:
            gone = [item for item in gone if flight.before[item] is not None]  # left out twice is said often enough
            self._doubt_listed(place, flight, items, gone)
        place.revert(flight)
        if place.type in NAMING:
            place.doubtful += [entry for entry in flight.batch.values() if entry is not None]
        place.dirty.update(gone)
        place.owed.update(gone)
        if len(items) > 1 or flight.doubted:
            place.owed.update(items)
            place.suspects += [items] if flight.doubted else place.divided(items, words, sent.__getitem__)
        elif items:
            self._convict(place, items[0], flight, words, now)

    def _doubt_listed(self, place: Channel, flight: Flight, items: list[Item], gone: list[Item]) -> None:
        """Note what the NACK of a list of everything leaves open: Envoy takes what is good in it, and removals too."""
        place.restated.update(item.name for item in items if flight.before[item] is not None)
        for item in gone:
            before, flight.before[item] = flight.before[item], None
            if place.type in NAMING and before is not None:
                place.doubtful.append(before)
        for later in place.flights:
            later.doubted = later.doubted or later.turn > flight.turn

    def _acquit_clusters(self, place: Channel, flight: Flight, items: list[Item]) -> list[Item]:
        """Keep those that Envoy has, as their endpoints prove; return the suspects, which may be on their way again."""
        new = [item for item in items if flight.before[item] is None]
        known = {item for item in new if self._gate.has(item.name, flight.turn)}
        for item in known:
            del flight.batch[item], flight.before[item]
        for item in set(new) - known:
            self._gate.remove(item.name)
        suspects = [item for item in items if item not in known]
        if place.type in self.lists_all and (len(suspects) > 1 or flight.doubted):
            place.pass_on(flight, suspects)
        for later in [other for other in place.flights if other.turn > flight.turn]:
            again = {item: entry for item, entry in later.batch.items() if item in new and item not in known}
            self._gate.send(again, later.turn, later.sent_at)
        return suspects

    def _convict(self, place: Channel, item: Item, flight: Flight, words: str, now: float) -> None:
        entry = flight.batch[item]
        refused = "" if entry is None else version_of(entry)
        place.refused[item] = (refused, spoken(words))
        place.dirty.add(item)
        if place.type is ResourceType.LISTENER and CANNOT_BIND in words:
            place.retry_later(item, refused, now)
        if place.type is ResourceType.CLUSTER and place.get(item) is None:
            self._gate.remove(item.name)
            self._gate.send({item: entry}, flight.turn, flight.sent_at)  # routes wait for it no longer than for others
        before = flight.before.get(item)
        held = before.frame if isinstance(before, VirtualHost) else getattr(before, "body", b"")
        self._events.append(
            Nacked(self.gateway, self.node.id, place.type, item.name, item.host, refused, spoken(words), held)
        )

    # ---- turns ----------------------------------------------------------------------------------------------------

    def _act(self, now: float, reconsider: bool) -> list[Response]:
        for place in self._channels.values():
            place.retry(now)
        responses = self._turn(now, reconsider)
        if not self.settled and is_settled(self._snapshot, self._channels):
            self.settled = True
            self._events.append(Settled(self.gateway, self.node.id))
        return responses

    def _turn(self, now: float, reconsider: bool) -> list[Response]:
        """Send what may be sent, in the order in which things are made: clusters first, routes last."""
        if self._secrets_settled():
            self._gate.accept_secrets()
        responses: list[Response] = []
        for kind in ResourceType:
            place = self._channels.get(kind)
            if place is not None:
                responses += [self._send(place, batch, now) for batch in self._batches(place, now, reconsider)]
        # what no doubt protects any more may be clusters, and their turn is over
        return responses + self._turn(now, True) if self._dispel_doubts() else responses

    def _dispel_doubts(self) -> bool:
        """Note that refused responses whose suspects are all found were not taken; say whether there were any."""
        doubted = [place for place in self._channels.values() if place.doubtful and place.is_settled()]
        for place in doubted:
            self._gate.unname(place.doubtful)
            place.doubtful.clear()
        return bool(doubted)

    def _batches(self, place: Channel, now: float, reconsider: bool) -> Iterable[Batch]:
        free_at = self._free_at(place)
        if free_at > now:
            idle = not (place.dirty or place.suspects)
            self._due[place.type] = NEVER if idle or place.type is not ResourceType.CLUSTER else free_at
            return []
        if place.type is ResourceType.SCOPE and (place.dirty or place.greet) and self._scopes.are_overtaken:
            return []
        held = bool(place.flights)
        while place.suspects and not (held and place.type in self.lists_all):
            group = place.suspects.pop()
            if held:
                place.dirty.update(group)
            elif batch := self._plan(place, group, now):
                return [batch]
        candidates, place.dirty = place.dirty, set()
        if reconsider or place.type is ResourceType.SCOPE or isinstance(place, Routes):
            candidates |= (
                self._waiting_for_new_tables(place) if not reconsider and isinstance(place, Routes) else place.waiting
            )
            self._due[place.type] = NEVER if reconsider else self._due.get(place.type, NEVER)
        batch = self._plan(place, candidates, now) if candidates else {}
        if held:
            return [{item: entry} for item, entry in batch.items()]
        return [batch] if batch or (place.greet and not place.waiting) else []

    def _waiting_for_new_tables(self, place: Channel) -> set[Item]:
        if not isinstance(place, Routes) or not place.waiting:
            return set()
        return {item for item in place.waiting if place.is_new(item.name)}

    def _free_at(self, place: Channel) -> float:
        """Return when the next response of a type may be sent, if nothing is answered before."""
        unproven = [flight.sent_at for flight in place.flights if flight.turn > self._proven]
        if place.type is ResourceType.CLUSTER:
            return max(unproven, default=-self._patience.hold) + self._patience.hold
        return NEVER if place.flights else 0.0

    def _plan(self, place: Channel, candidates: Iterable[Item], now: float) -> Batch:
        plan = Plan(
            place,
            self._snapshot,
            self._gate,
            self._scopes,
            now=now,
            removable_at=self._inherited_go_at(),
            without_clusters_at=NEVER if ResourceType.CLUSTER in self._channels else self._asks_by,
            tells_absence=self.tells_absence,
        )
        plan.consider(candidates)
        self._due[place.type] = min(self._due.get(place.type, NEVER), plan.due)
        return plan.batch

    def _inherited_go_at(self) -> float:
        """Return when clusters from before this stream may be removed: once all that may name them is known."""
        naming = [self._channels.get(kind) for kind in NAMING]
        if any(place is not None and place.unknown for place in naming):
            return NEVER
        return 0.0 if all(naming) else self._asks_by

    def _secrets_settled(self) -> bool:
        secrets = self._channels.get(ResourceType.SECRET)
        return secrets is None or not (secrets.flights or secrets.owed)

    def _send(self, place: Channel, batch: Batch, now: float) -> Response:
        self._turns += 1
        nonce = str(self._turns)
        if place.type is ResourceType.LISTENER:
            self._echo_scopes(place, batch)
        flight = Flight(nonce, self._turns, now, batch, {item: place.get(item) for item in batch})
        place.depart(flight)
        place.greet = False
        if place.type is ResourceType.CLUSTER:
            self._gate.send(batch, self._turns, now)
            self._echo({item.name for item, entry in batch.items() if entry is not None} | place.restated)
        elif place.type in NAMING:
            self._gate.name(batch.values())
        return self._respond(place, batch, nonce)

    def _echo(self, clusters: Iterable[str]) -> None:
        """Send the endpoints of a sent cluster too: Envoy makes a changed cluster anew, and waits for them."""
        endpoints = self._channels.get(ResourceType.ENDPOINT)
        for cluster in clusters:
            item = Item(cluster)
            if endpoints is None or not endpoints.subscription.wants(cluster):
                self._echoes.add(cluster)
            elif self._snapshot.get(ResourceType.ENDPOINT, item) is not None:
                endpoints.dirty.add(item)
                endpoints.owed.add(item)

    def _echo_scopes(self, listeners: Channel, batch: Batch) -> None:
        """Send all scopes after a listener that may begin the subscription: on this stream Envoy does not ask again."""
        scopes = self._channels.get(ResourceType.SCOPE)
        new = any(begins(entry) and listeners.get(item) is None for item, entry in batch.items())
        if scopes is not None and any(map(begins, batch.values())) and (new or not self._scopes.are_in_use):
            items = [
                item
                for item in map(Item, self._snapshot.names(ResourceType.SCOPE))
                if scopes.subscription.wants(item.name)
            ]
            scopes.dirty.update(items)
            scopes.owed.update(items)
