"""An Envoy as its xDS client behaves (seen on 1.40), strict about what it is given.

It takes responses one by one, warms new and changed clusters until their endpoints or DNS answers arrive, holds back
its CDS requests meanwhile, applies a CDS or LDS response but for its bad resources (or, as for what does not validate,
not at all), refuses a route table for one bad host, all scopes for one, and asks for endpoints and tables as clusters,
listeners and scopes name them. A route to a cluster that is not there, or not warm in time, is a broken request, and so
is one for a host that was found and is not any more.
"""

from collections import deque

from tests.ads.envoy_listeners import WATCHED, Listeners, scope_of
from tests.ads.world import CLUSTER, ENDPOINT, LISTENER, ROUTE, SCOPE
from translator.xds.resource import ResourceType
from xds_server.ads.messages import Node, Request, Response, Sendable

NODE = Node("envoy-1", "default/gw")


class Broken(AssertionError):
    """A request would have failed."""


class ModelEnvoy:
    """Its configuration outlives its streams."""

    def __init__(self, patience: float, drain: float = 20.0) -> None:
        self.held: dict[ResourceType, dict[str, Sendable]] = {kind: {} for kind in ResourceType}
        self.listeners = Listeners(drain)
        self.asks_for_scopes = False
        self.empty_handed: set[str] = set()
        """Listeners that went in service because the scopes or tables that they waited for were refused."""
        self.warm: set[str] = set()
        self.warming: set[str] = set()
        self.received_at: dict[str, float] = {}
        self.wholly = False
        """Whether a bad cluster makes it refuse the whole response."""
        self.talks = True
        """Whether it names what it dislikes."""
        self.inbox: deque[tuple[float, Response]] = deque()
        self.outbox: deque[Request] = deque()
        self._paused: deque[Request] = deque()
        self._patience = patience
        self._ever_bad: set[str] = set()
        self._watched: dict[ResourceType, set[str]] = {ENDPOINT: set(), ROUTE: set()}

    # ---- streams --------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open a stream, with what it holds."""
        self.inbox.clear()
        self.outbox.clear()
        self._paused.clear()
        for kind in WATCHED:
            watched = self._watched.get(kind)
            if (watched is None or watched) and (kind is not SCOPE or self.asks_for_scopes):
                versions = {name: held.version for name, held in self.held[kind].items()}
                self._say(self.greeting(kind, sorted(watched or ()), versions))

    def greeting(self, kind: ResourceType, names: list[str], versions: dict[str, str]) -> Request:
        return Request(kind, NODE, subscribe=tuple(names), initial_versions=tuple(sorted(versions.items())))

    def answer(self, response: Response, words: str | None) -> Request:
        return Request(response.type, NODE, nonce=response.nonce, words=words)

    def subscription(self, kind: ResourceType, added: set[str], gone: set[str]) -> Request:
        return Request(kind, NODE, subscribe=tuple(sorted(added)), unsubscribe=tuple(sorted(gone)))

    def _say(self, request: Request) -> None:
        if request.type_url == CLUSTER and self.warming:
            self._paused.append(request)
        else:
            self.outbox.append(request)

    # ---- responses ------------------------------------------------------------------------------------------------

    def take(self, now: float) -> None:
        """Process the next response."""
        sent_at, response = self.inbox.popleft()
        taken = {
            CLUSTER: self._clusters,
            ENDPOINT: self._endpoints,
            LISTENER: self._listeners,
            ROUTE: self._routes,
            SCOPE: self._scopes,
        }
        words = taken[response.type](response, sent_at)
        self.go_on(now)
        self._say(self.answer(response, words))
        self._resume()
        self.check(now)

    def removals(self, response: Response) -> set[str]:
        return set(response.removed)

    def _clusters(self, response: Response, sent_at: float) -> str | None:
        bad = {each.name for each in response.resources if each.body.endswith(b"bad")}
        self._ever_bad |= bad
        if bad and self.wholly:
            for each in response.resources:
                self.received_at.setdefault(each.name, sent_at)
            return self._words(bad)
        for each in response.resources:
            if each.name not in bad and self.held[CLUSTER].get(each.name) != each:
                self.held[CLUSTER][each.name] = each
                self.received_at.setdefault(each.name, sent_at)
                if each.body.startswith(b"dns"):
                    self.warm.add(each.name)
                    self.warming.discard(each.name)
                else:
                    self.warming.add(each.name)
        for name in self.removals(response):
            self.held[CLUSTER].pop(name, None)
            self.received_at.pop(name, None)
            self.warm.discard(name)
            self.warming.discard(name)
        self._watch(ENDPOINT, {name for name, each in self.held[CLUSTER].items() if each.body.startswith(b"eds")})
        return self._words(bad)

    def _endpoints(self, response: Response, _: float) -> str | None:
        for each in response.resources:
            if each.name in self._watched[ENDPOINT]:
                self.held[ENDPOINT][each.name] = each
                self._warmed(each.name)
        for name in response.removed:
            self._warmed(name)
        return None

    def _listeners(self, response: Response, sent_at: float) -> str | None:
        bad = {each.name for each in response.resources if each.body.endswith(b"bad")}
        for name in self.removals(response):
            self.held[LISTENER].pop(name, None)
            self.listeners.remove(name, sent_at)
        for each in response.resources:
            if each.name not in bad:
                self.held[LISTENER][each.name] = each
                self._begin_scopes(each)
        self._watch(ROUTE, self.listeners.tables())
        return self._words(bad)

    def _begin_scopes(self, listener: Sendable) -> None:
        before = self.listeners.subscribed
        self.listeners.put(listener.name, listener.body.decode())
        if self.listeners.subscribed and not before:
            self.ask_for_scopes()

    def ask_for_scopes(self) -> None:
        """A wildcard once asked for on a stream is not asked for again."""
        if not self.asks_for_scopes:
            self.asks_for_scopes = True
            self._say(Request(SCOPE, NODE))

    def _scopes(self, response: Response, _: float) -> str | None:
        bad = {each.name for each in response.resources if each.body.endswith(b"bad")}
        removed = self.removed_scopes(response)
        put = {each.name: scope_of(each.body) for each in response.resources}
        if bad or not self.listeners.take_scopes(put, removed):
            self.empty_handed |= self.listeners.refuse(SCOPE)
            return self._words(bad) or "scope key conflict"
        for name in removed:
            self.held[SCOPE].pop(name, None)
        self.held[SCOPE].update({each.name: each for each in response.resources})
        self._watch(ROUTE, self.listeners.tables())
        return None

    def removed_scopes(self, response: Response) -> set[str]:
        return set(response.removed)

    def go_on(self, now: float) -> None:
        """Let listeners warm and drain."""
        before = None
        while before != (before := set(self.held[ROUTE])):
            self.listeners.go_on(before, now)
            self._watch(ROUTE, self.listeners.tables())

    def _routes(self, response: Response, _: float) -> str | None:
        for each in response.resources:
            bad = {line.split("|")[0] for line in each.body.decode().splitlines() if line.endswith("bad")}
            if bad:
                self.empty_handed |= self.listeners.refuse(ROUTE)
                return self._words(bad)
            if each.name in self._watched[ROUTE]:
                self.held[ROUTE][each.name] = each
        return None

    def _words(self, bad: set[str]) -> str | None:
        return None if not bad else f"disliked {', '.join(sorted(bad))}: why" if self.talks else "disliked"

    def _watch(self, kind: ResourceType, names: set[str]) -> None:
        before = self._watched[kind]
        self._watched[kind] = names
        for name in before - names:
            self.held[kind].pop(name, None)
        if before != names:
            self._say(self.subscription(kind, names - before, before - names))

    def _warmed(self, name: str) -> None:
        if name in self.warming:
            self.warming.discard(name)
            self.warm.add(name)

    def _resume(self) -> None:
        if not self.warming:
            self.outbox.extend(self._paused)
            self._paused.clear()

    def dns_answers(self) -> None:
        """Let every name resolve."""
        for name in [name for name in self.warming if self.held[CLUSTER][name].body.startswith(b"dead")]:
            self._warmed(name)
        self._resume()

    def fetch_times_out(self, names: set[str]) -> None:
        """Let clusters go without endpoints (initial_fetch_timeout)."""
        for name in names & self.warming:
            self._warmed(name)
        self._resume()

    # ---- judgement ------------------------------------------------------------------------------------------------

    def hosts(self, table: str) -> dict[str, str]:
        """Lines of a table by host."""
        held = self.held[ROUTE].get(table)
        return {line.split("|")[0]: line for line in held.body.decode().splitlines()} if held else {}

    def found(self) -> set[tuple[str, str]]:
        """Listeners as they are, in service or draining, and the hosts that requests find there."""
        bodies = [*self.listeners.serving.values(), *(body for body, _ in self.listeners.draining)]
        hosts = {host for table in self.held[ROUTE] for host in self.hosts(table)}
        return {(it, host) for it in bodies for host in hosts if host in self.hosts(self.listeners.route(it, host))}

    def in_service(self) -> set[str]:
        """Listeners that serve or drain."""
        return {*self.listeners.serving.values(), *(body for body, _ in self.listeners.draining)}

    def named(self) -> set[str]:
        """Clusters that its routes and listeners name."""
        lines = [line for table in self.held[ROUTE] for line in self.hosts(table).values()]
        listed = [line.split("|")[1] for line in lines]
        listed += [each.body.decode().split()[1] for each in self.held[LISTENER].values()]
        return {name for names in listed for name in names.split(",") if name not in ("", "-")}

    def check(self, now: float) -> None:
        """Fail if a request would: what is named is not there or not ready, and had to be by now."""
        for name in self.named() - self._ever_bad:
            if name not in self.received_at:
                raise Broken(f"{name} is named and not there")
            if name not in self.warm and now - self.received_at[name] < self._patience:
                raise Broken(f"{name} is named and not warm")


class StateOfTheWorldModel(ModelEnvoy):
    """The same, speaking the other protocol."""

    def __init__(self, patience: float) -> None:
        super().__init__(patience)
        self._version: dict[ResourceType, str] = {}
        self._nonce: dict[ResourceType, str] = {}

    def connect(self) -> None:
        self._nonce.clear()
        super().connect()

    def greeting(self, kind: ResourceType, names: list[str], versions: dict[str, str]) -> Request:
        return Request(kind, NODE, subscribe=tuple(names), version=self._version.get(kind, ""))

    def answer(self, response: Response, words: str | None) -> Request:
        self._nonce[response.type] = response.nonce
        if words is None:
            self._version[response.type] = response.version
        return self._state(response.type, words)

    def subscription(self, kind: ResourceType, added: set[str], gone: set[str]) -> Request:
        return self._state(kind, None)

    def _state(self, kind: ResourceType, words: str | None) -> Request:
        names = tuple(sorted(self._watched.get(kind, ())))
        version, nonce = self._version.get(kind, ""), self._nonce.get(kind, "")
        return Request(kind, NODE, nonce=nonce, words=words, subscribe=names, version=version)

    def removals(self, response: Response) -> set[str]:
        return set(self.held[CLUSTER]) - {each.name for each in response.resources}

    def _listeners(self, response: Response, sent_at: float) -> str | None:
        for name in set(self.held[LISTENER]) - {each.name for each in response.resources}:
            del self.held[LISTENER][name]
            self.listeners.remove(name, sent_at)
        return super()._listeners(Response(response.type, response.nonce, resources=response.resources), sent_at)

    def ask_for_scopes(self) -> None:
        self.asks_for_scopes = True
        self._say(self._state(SCOPE, None))

    def removed_scopes(self, response: Response) -> set[str]:
        return set(self.held[SCOPE]) - {each.name for each in response.resources}
