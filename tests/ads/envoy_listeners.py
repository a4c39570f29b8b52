"""The listeners of a model Envoy: which serve, warm and drain, by which scopes they find route tables (seen on 1.40).

All scoped listeners share one subscription. The one that begins it warms until the first scopes and their tables are
there, every other one serves at once. One that warms waits no longer when what it waits for is refused. The
subscription ends, without a word, with the last listener that needs it, drained ones too.
"""

from typing import NamedTuple

from translator.xds.resource import ResourceType

SCOPED = "~"
"""Before the name of the family of tables of a listener that finds them by scopes."""


class Warming(NamedTuple):
    body: str
    begins: bool
    excused: bool = False
    """Whether it waits no longer: Envoy begins with bad configuration rather than not at all."""


class Listeners:
    """A request's key is its family and the number in its host's name: `t0:3` for h3."""

    def __init__(self, drain: float) -> None:
        self.serving: dict[str, str] = {}
        self.warming: dict[str, Warming] = {}
        self.draining: list[tuple[str, float]] = []
        self.scopes: dict[str, tuple[str, str]] = {}
        """Key and table by name."""
        self.subscribed = False
        self._answered = False
        self._drain = drain

    def put(self, name: str, body: str) -> None:
        latest = self.warming[name].body if name in self.warming else self.serving.get(name)
        if latest != body:
            begins = body.startswith(SCOPED) and not self.subscribed
            self.warming[name] = Warming(body, begins)
            self._look()

    def remove(self, name: str, now: float) -> None:
        self.warming.pop(name, None)
        if name in self.serving:
            self.draining.append((self.serving.pop(name), now))
        self._look()

    def take_scopes(self, put: dict[str, tuple[str, str]], removed: set[str]) -> bool:
        """Apply scopes; none of them if two have a key."""
        scopes = {name: scope for name, scope in self.scopes.items() if name not in removed} | put
        if len({key for key, _ in scopes.values()}) < len(scopes):
            return False
        if self.subscribed:
            self.scopes, self._answered = scopes, True
        return True

    def refuse(self, kind: ResourceType) -> set[str]:
        """Let those go in service that wait for a first answer of a type, since one was refused; return them."""
        for name, (body, begins, _) in self.warming.items():
            awaited = ResourceType.SCOPE if begins and not self._answered else ResourceType.ROUTE
            if awaited is kind:
                self.warming[name] = Warming(body, begins, excused=True)
        self._answered = self._answered or (self.subscribed and kind is ResourceType.SCOPE)
        return {it.body for it in self.warming.values() if it.excused}

    def go_on(self, tables: set[str], now: float) -> None:
        """Put in service what has all it waited for, and end what has drained."""
        for name, (body, begins, excused) in list(self.warming.items()):
            if excused or self._is_ready(body, begins, tables):
                del self.warming[name]
                if name in self.serving:
                    self.draining.append((self.serving[name], now))
                self.serving[name] = body
        self.draining = [(body, since) for body, since in self.draining if now < since + self._drain]
        self._look()

    def tables(self) -> set[str]:
        """The route tables that they need."""
        plain = {plain_table(body.split()[0]) for body in self._all() if not body.startswith(SCOPED)}
        return plain | {table for _, table in self.scopes.values()}

    def route(self, body: str, host: str) -> str:
        """The table in which a listener looks a host up; empty if there is none."""
        family = body.split()[0]
        if not family.startswith(SCOPED):
            return plain_table(family)
        key = f"{family.removeprefix(SCOPED)}:{host.removeprefix('h')}"
        return next((table for each, table in self.scopes.values() if each == key), "")

    def _is_ready(self, body: str, begins: bool, tables: set[str]) -> bool:
        if not body.startswith(SCOPED):
            return plain_table(body.split()[0]) in tables
        return not begins or (self._answered and {table for _, table in self.scopes.values()} <= tables)

    def _all(self) -> list[str]:
        return [
            *self.serving.values(),
            *(it.body for it in self.warming.values()),
            *(body for body, _ in self.draining),
        ]

    def _look(self) -> None:
        needed = any(body.startswith(SCOPED) for body in self._all())
        if not needed or not self.subscribed:
            self.scopes, self._answered = {}, False
        self.subscribed = needed


def plain_table(family: str) -> str:
    """The route table of a listener that has one."""
    return f"{family}/0"


def scope_of(body: bytes) -> tuple[str, str]:
    key, table, *_ = body.decode().split()
    return key, table


WATCHED = (ResourceType.CLUSTER, ResourceType.ENDPOINT, ResourceType.LISTENER, ResourceType.SCOPE, ResourceType.ROUTE)
"""In the order in which an Envoy asks for them when it connects."""
