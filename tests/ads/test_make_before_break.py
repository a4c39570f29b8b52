"""Whatever happens, in whatever order: no request fails, and in the end the Envoy holds what it shall."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.ads.envoy_listeners import SCOPED, scope_of
from tests.ads.envoy_model import NODE, Broken, ModelEnvoy, StateOfTheWorldModel
from tests.ads.world import (
    CLUSTER,
    ENDPOINT,
    GATEWAY,
    LISTENER,
    ROUTE,
    SCOPE,
    Cluster,
    Host,
    Listener,
    Rendered,
    World,
    changes,
    number_of,
    scope_name,
    table_of,
)
from translator.xds.resource import VirtualHost
from xds_server.ads.channel import Batch, Channel
from xds_server.ads.conversation import Conversation, Patience
from xds_server.ads.session import DeltaSession
from xds_server.ads.sotw import SotwSession
from xds_server.snapshot import Changed, SnapshotCache

PATIENCE = Patience()
CLUSTERS = st.sampled_from(["c0", "c1", "c2", "c3", "c4"])
NAMED = st.sets(CLUSTERS, max_size=2).map(lambda names: tuple(sorted(names)))
HOSTS = st.tuples(st.sampled_from(["t0", "t1"]), st.sampled_from(["h0", "h1", "h2", "h3"]))
LISTENERS = st.sampled_from(["l0", "l1"])
VERDICTS = st.sampled_from(["good", "good", "good", "bad"])
REVISIONS = st.integers(0, 3)
KINDS = st.sampled_from(["eds", "eds", "dns", "dead"])
SHARDS = st.sampled_from([0, 1, 2, 4])
SCOPES = st.builds(scope_name, st.sampled_from(["t0", "t1"]), st.integers(0, 3)) | st.builds(
    lambda *place: f"hold {table_of(*place)}",
    st.sampled_from(["t0", "t1"]),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 3),
)


class Deployment(RuleBasedStateMachine):
    """One Envoy, one control plane, a network that delivers in order and when it likes, and a world that changes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.world, self.written = World(), {}
        self.cache = SnapshotCache()
        self.envoy = self.make_envoy()
        self.session: Conversation | None = None
        self.there: set[tuple[str, str]] = set()
        """Families and hosts in the snapshot."""
        self.families: dict[str, int] = {}
        """Of how many shards each is."""
        self.bad: set[tuple[str, str]] = set()
        """Hosts that Envoy refuses, or whose scope it does."""
        self.scoped: set[str] = set()
        """Listeners in the snapshot that find their tables by scopes."""
        self.promised: set[tuple[str, str]] = set()
        """Families and hosts that requests must find once they have found them."""
        self.found: set[tuple[str, str]] = set()
        """Listeners as they are, and hosts, that requests have found."""
        self.brought: set[str] = set()
        """Route tables that the Envoy brought along to this stream."""

    written: Rendered

    def make_envoy(self) -> ModelEnvoy:
        return ModelEnvoy(PATIENCE.gate)

    def make_session(self) -> Conversation:
        return DeltaSession(GATEWAY, NODE, self.cache[GATEWAY], self.now, PATIENCE)

    # ---- the world ------------------------------------------------------------------------------------------------

    @initialize(
        hosts=st.dictionaries(HOSTS, st.builds(Host, NAMED, st.just(0), st.just("good")), max_size=4), shards=SHARDS
    )
    def begin(self, hosts: dict[tuple[str, str], Host], shards: int) -> None:
        self.world.listeners["l0"] = Listener("t0", shards=shards)
        self.world.hosts.update(hosts)
        self.commit()
        self.reconnect()

    @rule(place=HOSTS, clusters=NAMED, revision=REVISIONS, verdict=VERDICTS)
    def put_host(self, place: tuple[str, str], clusters: tuple[str, ...], revision: int, verdict: str) -> None:
        self.world.hosts[place] = Host(clusters, revision, verdict)

    @rule(place=HOSTS)
    def delete_host(self, place: tuple[str, str]) -> None:
        self.world.hosts.pop(place, None)

    @rule(name=CLUSTERS, kind=KINDS, revision=REVISIONS, verdict=VERDICTS)
    def put_cluster(self, name: str, kind: str, revision: int, verdict: str) -> None:
        self.world.clusters[name] = Cluster(kind, revision, verdict)

    @rule(name=CLUSTERS, revision=REVISIONS)
    def put_endpoints(self, name: str, revision: int) -> None:
        self.world.endpoints[name] = revision

    @rule(name=LISTENERS, revision=REVISIONS, verdict=VERDICTS, clusters=NAMED, shards=SHARDS)
    def put_listener(self, name: str, revision: int, verdict: str, clusters: tuple[str, ...], shards: int) -> None:
        self.world.listeners[name] = Listener(name.replace("l", "t"), revision, verdict, clusters, shards)

    @rule(name=LISTENERS, shards=SHARDS)
    def reshard(self, name: str, shards: int) -> None:
        listener = self.world.listeners.get(name, Listener(name.replace("l", "t")))
        self.world.listeners[name] = listener._replace(shards=shards)

    @rule(name=SCOPES, is_bad=st.booleans())
    def judge_scope(self, name: str, is_bad: bool) -> None:
        (self.world.bad_scopes.add if is_bad else self.world.bad_scopes.discard)(name)

    @rule(name=LISTENERS)
    def delete_listener(self, name: str) -> None:
        self.world.listeners.pop(name, None)

    @rule(pushed=st.booleans())
    def commit(self, pushed: bool = False) -> None:
        before, self.written = self.written, self.world.render()
        scopeless = {place for place in self.world.hosts if scope_of_host(*place) in self.world.bad_scopes}
        self.bad = scopeless | {place for place, it in self.world.hosts.items() if it.verdict == "bad"}
        self.there = self.find()
        self.promised &= self.there
        if self.session is not None and not self.is_quiet:
            self.forget_bad_ones()
        self.scoped = {name for name, it in self.world.listeners.items() if it.shards}
        self.cache.apply(changes(before, self.written))
        if pushed:
            self.push()

    def forget_bad_ones(self) -> None:
        """What one was before it was bad is forgotten with a stream, unless it was sent on the next one again.

        So is what was beside two, and an Envoy that names neither of them is given the table in parts.
        """
        self.promised -= self.bad
        if not self.envoy.talks:
            counted = Counter(self.table(*place) for place in self.bad if place[0] in self.families)
            in_parts = {table for table, bad in counted.items() if bad > 1 and table in self.brought}
            self.promised = {place for place in self.promised if self.table(*place) not in in_parts}

    def forget_the_empty_handed(self) -> None:
        """An Envoy that refuses the first scopes or tables of a listener answers 404 until those at fault are found."""
        families = {family_of(body) for body in self.envoy.empty_handed}
        self.promised = {place for place in self.promised if place[0] not in families}
        self.envoy.empty_handed.clear()

    def table(self, family: str, host: str) -> str:
        return table_of(family, self.families[family], number_of(host))

    def find(self) -> set[tuple[str, str]]:
        """Families and hosts that are there, and that Envoy can have, be it as they were."""
        before, families = self.families, {it.table: it.shards for it in self.world.listeners.values()}
        self.families = families
        turned = {it for it, shards in families.items() if bool(shards) != bool(before.get(it, 0))}
        return {
            (family, host)
            for family, host in self.world.hosts
            if family in families
            and (family not in turned or scope_of_host(family, host) not in self.world.bad_scopes)
            and f"hold {table_of(family, families[family], number_of(host))}" not in self.world.bad_scopes
        }

    # ---- the network and the clock --------------------------------------------------------------------------------

    @rule()
    def reconnect(self) -> None:
        snapshot = self.cache[GATEWAY]
        if self.session is not None:
            snapshot.unwatch(self.session.mark)
        self.session = self.make_session()
        snapshot.watch(self.session.mark)
        self.brought = set(self.envoy.held[ROUTE])
        self.envoy.connect()
        self.forget_bad_ones()

    @rule()
    def push(self) -> None:
        assert self.session is not None
        self.deliver(self.session.push(self.now))

    @rule(count=st.integers(1, 5))
    def envoy_takes(self, count: int) -> None:
        for _ in range(min(count, len(self.envoy.inbox))):
            self.envoy.take(self.now)
            self.forget_the_empty_handed()
            self.finds()

    @rule(count=st.integers(1, 5))
    def session_takes(self, count: int) -> None:
        assert self.session is not None
        for _ in range(min(count, len(self.envoy.outbox))):
            self.deliver(self.session.receive(self.envoy.outbox.popleft(), self.now))

    @rule()
    def all_is_delivered(self) -> None:
        self.push()
        for _ in range(1000):
            if not (self.envoy.inbox or self.envoy.outbox):
                return
            self.envoy_takes(1)
            self.session_takes(1)
        pytest.fail("question and answer never end")

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 2.0]))
    def time_passes(self, seconds: float) -> None:
        assert self.session is not None
        end = self.now + seconds
        while self.session.next_deadline <= end:
            self.now = max(self.now, self.session.next_deadline)
            due = self.session.next_deadline
            self.deliver(self.session.tick(self.now))
            assert self.session.next_deadline > due, "a deadline that stays makes a busy loop"
        self.now = end
        self.envoy.go_on(end)

    @rule(seconds=st.sampled_from([6, 22]))
    def little_happens(self, seconds: int) -> None:
        """So long that an Envoy that asks for nothing is not waited for, or that listeners have drained."""
        for _ in range(seconds):
            self.all_is_delivered()
            self.time_passes(1.0)

    @rule()
    def dns_answers(self) -> None:
        self.envoy.dns_answers()

    @rule(wholly=st.booleans(), talks=st.booleans())
    def envoy_has_manners(self, wholly: bool, talks: bool) -> None:
        self.envoy.wholly, self.envoy.talks = wholly, talks
        if not self.is_quiet:
            self.forget_bad_ones()

    def deliver(self, responses: list[Any]) -> None:
        self.envoy.inbox.extend((self.now, response) for response in responses)

    @invariant()
    def serves(self) -> None:
        self.envoy.check(self.now)
        self.finds()

    def finds(self) -> None:
        """While its host is there a request that found it finds it from now on, whatever its listener becomes."""
        found, serving = self.envoy.found(), set(self.envoy.listeners.serving.values())
        lost = {(body, host) for body, host in self.found - found if body in self.envoy.in_service()}
        lost |= {
            (body, host) for body in serving for family, host in self.promised if family == family_of(body)
        } - found
        broken = {(body, host) for body, host in lost if (family_of(body), host) in self.promised}
        if broken:
            raise Broken(f"no route any more for {sorted(broken)}")
        self.found = found
        if self.is_quiet:
            self.promised |= {(family_of(body), host) for body, host in found if body in serving} & self.there

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way that was sent when the world was another one."""
        assert self.session is not None
        return not (self.envoy.inbox or self.envoy.outbox) and all(
            not (place.dirty or place.waiting or place.flights) for place in self.session._channels.values()
        )

    # ---- the end --------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if self.session is None:
            return
        self.settle()
        self.compare()

    def settle(self) -> None:
        end = self.now + 60
        for _ in range(200):
            self.all_is_delivered()
            self.envoy.dns_answers()
            there = {name for kind, name, _ in self.written if kind is ENDPOINT}
            self.envoy.fetch_times_out(self.envoy.warming - there)
            self.time_passes(1.0)
            if self.now > end and not (self.envoy.inbox or self.envoy.outbox):
                break
        else:
            pytest.fail("the conversation does not end")

    def compare(self) -> None:
        held, named = self.envoy.held, self.envoy.named()
        good = {place: row for place, row in self.written.items() if not self.is_bad(row)}
        for (kind, name, domain), row in self.written.items():
            if kind is SCOPE or (kind is ROUTE and not isinstance(row, VirtualHost)):
                continue
            if isinstance(row, VirtualHost):
                if ROUTE in held and name in self.envoy._watched[ROUTE]:
                    line = self.envoy.hosts(name).get(domain, "")
                    assert (line + "\n" == row.frame.decode()) == ((kind, name, domain) in good), (name, domain, line)
            elif (kind, name, domain) in good:
                if kind is not ENDPOINT or name in self.envoy._watched[ENDPOINT]:
                    assert name in held[kind], f"{kind} {name} is missing"
                    assert held[kind][name].version == row.version, f"{kind} {name} is stale"
            else:
                assert name not in held[kind] or held[kind][name].version != row.version
        for kind in (CLUSTER, LISTENER):
            wanted = {name for each, name, _ in self.written if each is kind}
            if kind is LISTENER or not self.is_obscure(good):
                assert set(held[kind]) - wanted <= (named if kind is CLUSTER else set()), f"{kind} is left over"
        for table in held[ROUTE]:
            if any(kind is ROUTE and name == table for kind, name, _ in self.written):
                wanted = {domain for kind, name, domain in self.written if kind is ROUTE and name == table and domain}
                assert set(self.envoy.hosts(table)) <= wanted, "a host is left over"
        assert not self.envoy.warming, "a cluster never got its endpoints"
        self.compare_scopes(good)

    def is_obscure(self, good: Rendered) -> bool:
        """Whether the Envoy may still have something from before it reconnected, which may name any cluster.

        That is a listener whose successor is refused, or a table that left and is named by a scope whose successor is.
        """
        if not set(self.envoy.held[LISTENER]) <= {name for kind, name, _ in good if kind is LISTENER}:
            return True
        kept = {
            table
            for name, (_, table) in self.envoy.listeners.scopes.items()
            if (SCOPE, name, "") in self.written and (SCOPE, name, "") not in good
        }
        return any((ROUTE, table, "") not in self.written for table in kept & self.brought)

    def compare_scopes(self, good: Rendered) -> None:
        listeners = self.envoy.listeners
        if all((kind, name, domain) in good for kind, name, domain in self.written if kind is LISTENER):
            rows = {name: scope_of(row.body) for (kind, name, _), row in self.written.items() if kind is SCOPE}
            if self.scoped and all(not self.is_bad(row) for (kind, _, _), row in self.written.items() if kind is SCOPE):
                assert not listeners.warming, "a listener never opens its port"
                assert {name: listeners.scopes.get(name) for name in rows} == rows, "a scope is missing or stale"
                assert set(listeners.scopes) <= set(rows), "a scope is left over"

    def is_bad(self, row: Any) -> bool:
        return (row.frame if isinstance(row, VirtualHost) else getattr(row, "body", b"")).strip().endswith(b"bad")


def scope_of_host(family: str, host: str) -> str:
    return scope_name(family, number_of(host))


def family_of(body: str) -> str:
    """The family of tables of a listener of the model."""
    return body.split()[0].removeprefix(SCOPED)


class StateOfTheWorldDeployment(Deployment):
    """The other protocol; it does not tell what an Envoy brings along, so reconnects happen in a quiet world only."""

    def make_envoy(self) -> ModelEnvoy:
        return StateOfTheWorldModel(PATIENCE.gate)

    def make_session(self) -> Conversation:
        return SotwSession(GATEWAY, NODE, self.cache[GATEWAY], self.now, PATIENCE)

    @precondition(lambda self: self.session is None)
    @rule()
    def reconnect(self) -> None:
        super().reconnect()

    @rule(talks=st.booleans())
    def envoy_has_manners(self, talks: bool) -> None:
        self.envoy.talks = talks


class Forgetful(DeltaSession):
    """Of what changed in a route table, one name is lost."""

    def mark(self, changed: Changed) -> None:
        super().mark({kind: set(sorted(items)[1:]) if kind is ROUTE else items for kind, items in changed.items()})


class Hasty(DeltaSession):
    """Routes do not wait for their clusters."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._gate.opens_at = lambda cluster: 0.0  # type: ignore[method-assign]


class Careless(DeltaSession):
    """Clusters are removed while routes name them."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._gate.is_named = lambda cluster: False  # type: ignore[method-assign]


class Taciturn(DeltaSession):
    """A changed cluster is sent without its endpoints."""

    def _echo(self, clusters: Iterable[str]) -> None:
        pass


class Presumptuous(DeltaSession):
    """What an Envoy brings along is removed before its routes are known."""

    def _inherited_go_at(self) -> float:
        return 0.0


class Abrupt(DeltaSession):
    """Scopes do not wait for the tables that they are pointed at."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._scopes.opens_at = lambda item, entry, now: 0.0  # type: ignore[method-assign]


class Fickle(DeltaSession):
    """Scopes leave before the listener that needs them."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._scopes.removal_opens_at = lambda scope, now: 0.0  # type: ignore[method-assign]


class Premature(DeltaSession):
    """Listeners do not wait for the scopes that they share with others."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._scopes.listener_opens_at = lambda item, entry, begins, now: 0.0  # type: ignore[method-assign]


class Laconic(DeltaSession):
    """Scopes that were sent before are not sent again to a listener that begins anew."""

    def _echo_scopes(self, listeners: Channel, batch: Batch) -> None:
        pass


RUNS = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Deployment.TestCase.settings = RUNS
StateOfTheWorldDeployment.TestCase.settings = RUNS
TestDelta = Deployment.TestCase
TestStateOfTheWorld = StateOfTheWorldDeployment.TestCase

FINDS = settings(RUNS, max_examples=8000, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)


@pytest.mark.parametrize(
    "faulty", [Forgetful, Hasty, Careless, Taciturn, Presumptuous, Abrupt, Fickle, Premature, Laconic]
)
def test_the_property_catches_a_planted_fault(faulty: type[DeltaSession]) -> None:
    """A session with one of the faults that such sessions have in the field does not pass."""

    class Faulty(Deployment):
        def make_session(self) -> Conversation:
            return faulty(GATEWAY, NODE, self.cache[GATEWAY], self.now, PATIENCE)

    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Faulty, settings=FINDS)  # type: ignore[no-untyped-call]
