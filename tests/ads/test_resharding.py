"""A listener's hosts are spread over one table, four, sixteen and one again, and nobody who calls notices."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.ads.callers import Calls, calling, echoing
from tests.ads.control_plane import serving
from tests.ads.envoy_config import (
    SCOPE_HEADER,
    assignment,
    bootstrap,
    cluster,
    host,
    listener,
    scope,
    scoped_listener,
    table,
)
from tests.ads.test_real_envoy import get
from tests.envoy.running import Envoy, free_port, running, wait_until
from xds_server.ads.conversation import Patience
from xds_server.ads.events import Nacked
from xds_server.snapshot import Change

pytestmark = pytest.mark.live

KEYS = 16


def domain(number: int) -> str:
    return f"h{number}.example.com"


REQUESTS = [{"host": domain(number), SCOPE_HEADER: f"web-{number}"} for number in range(KEYS)]


def of_shards(shards: int) -> dict[tuple[Any, ...], Change]:
    """Scopes, tables and hosts of a listener `web` whose hosts are spread over some tables."""
    names = [f"web/{shards}/{number}" for number in range(shards)]
    changes: list[Change] = [scope(f"web/{number}", f"web-{number}", names[number % shards]) for number in range(KEYS)]
    changes += [scope(f"hold/{name}", f"hold/{name}", name) for name in names]
    changes += [table(name) for name in names]
    changes += [host(names[number % shards], domain(number), "echo") for number in range(KEYS)]
    return {change[:-1]: change for change in changes}


def resharded(before: int, after: int) -> list[Change]:
    """What a commit says when the number of shards changes."""
    old, new = of_shards(before), of_shards(after)
    return [
        *(old[place]._replace(**{old[place]._fields[-1]: None}) for place in old.keys() - new.keys()),
        *new.values(),
    ]


@pytest.fixture
def backend() -> Iterator[int]:
    with echoing() as port:
        yield port


def scoped(port: int) -> Change:
    return scoped_listener("web", port, [f"web/{number}" for number in range(KEYS)])


def tables_of(envoy: Envoy) -> set[str]:
    """Names of the route tables that an Envoy holds."""
    dumps = envoy.config_dump("?resource=dynamic_route_configs").values()
    return {it["route_config"]["name"] for dump in dumps for it in dump}


def serves_from(envoy: Envoy, shards: int) -> bool:
    """Whether an Envoy holds the tables of a number of shards and no other."""
    return tables_of(envoy) == {f"web/{shards}/{number}" for number in range(shards)}


def go_on(calls: Calls, count: int = 100) -> None:
    """Let every caller be answered some more times."""
    enough = {it: answered + count for it, answered in calls.answers.items()}
    wait_until(lambda: bool(calls.faults) or all(calls.answers[it] >= many for it, many in enough.items()), "calls")


@pytest.mark.parametrize("api", ["DELTA_GRPC", "GRPC"])
def test_nobody_notices_how_many_tables_there_are(backend: int, api: str) -> None:
    port = free_port()
    with serving() as served:
        served.apply(cluster("echo"), assignment("echo", backend), scoped(port), *of_shards(1).values())
        with running(bootstrap(served.port, api=api)) as envoy:
            wait_until(lambda: serves_from(envoy, 1), "the first table")
            listeners = envoy.config_dump("?resource=dynamic_listeners")
            with calling(port, REQUESTS) as calls:
                wait_until(lambda: len(calls.answers) == 4 or bool(calls.faults), "first answers")
                for before, after in pairwise((1, 4, 16, 1)):
                    served.apply(*resharded(before, after))
                    wait_until(lambda after=after: serves_from(envoy, after), f"{after} tables")
                    go_on(calls)
                for before, after in pairwise((1, 16, 4, 1, 4, 1)):  # faster than an Envoy can follow
                    served.apply(*resharded(before, after))
                wait_until(lambda: serves_from(envoy, 1), "one table at the end")
                go_on(calls)
            assert not calls.faults
            assert set(calls.answers) == {("HTTP/1", 200), ("HTTP/2", 200), ("stream", 200), ("WebSocket", 101)}
            assert envoy.config_dump("?resource=dynamic_listeners") == listeners
            assert not served.heard(Nacked)


def test_an_envoy_that_was_away_while_tables_changed_fails_no_request(backend: int) -> None:
    port = free_port()
    with serving() as served:
        served.apply(cluster("echo"), assignment("echo", backend), scoped(port), *of_shards(4).values())
        with running(bootstrap(served.port)) as envoy:
            wait_until(lambda: serves_from(envoy, 4), "the first tables")
            with calling(port, REQUESTS) as calls:
                wait_until(lambda: len(calls.answers) == 4 or bool(calls.faults), "first answers")
                served.stop()
                served.cache.apply(resharded(4, 16))
                with serving(served.cache, served.port, Patience(drain=1.0)) as back:
                    wait_until(lambda: serves_from(envoy, 16), "16 tables")
                    go_on(calls)
                    assert not back.heard(Nacked)
            assert not calls.faults
            assert {status for _, status in calls.answers} == {200, 101}


def test_a_listener_that_finds_its_table_by_scopes_now_has_them_when_it_begins(backend: int) -> None:
    """Envoy lets it not wait for scopes, since another listener brought them; connections that drain keep theirs."""
    port, other = free_port(), free_port()
    plain = [listener("api", other, "api"), table("api"), host("api", domain(0), "echo")]
    by_scope = [
        *(scope("api/0", "api-0", "api/1/0"), scope("hold/api/1/0", "hold/api/1/0", "api/1/0")),
        *(table("api/1/0"), host("api/1/0", domain(0), "echo")),
    ]
    statuses: list[int] = []

    def ask() -> int:
        statuses.append(get(other, domain(0), {SCOPE_HEADER: "api-0"}))
        return statuses[-1]

    with serving(patience=Patience(drain=3.0)) as served:
        served.apply(cluster("echo"), assignment("echo", backend), scoped(port), *of_shards(1).values(), *plain)
        with running(bootstrap(served.port), "--drain-time-s", "1") as envoy:
            wait_until(lambda: get(other, domain(0)) == 200, "both listeners")
            for changes, tables in (
                ([scoped_listener("api", other, ["api/0"]), *by_scope, *gone(plain[1:])], {"web/1/0", "api/1/0"}),
                ([*plain, *gone(by_scope)], {"web/1/0", "api"}),
            ):
                served.apply(*changes)
                wait_until(lambda tables=tables: bool(ask()) and tables_of(envoy) == tables, f"{tables} alone")
            assert set(statuses) == {200}


def gone(changes: list[Change]) -> Iterator[Change]:
    """What a commit says when these are there no more."""
    return (change._replace(**{change._fields[-1]: None}) for change in changes)
