"""Work on Gateways with many ListenerSets is counted: what an edit costs does not depend on how many there are."""

from typing import Any

import pytest

from tests.bench.listener_sets import EDGE, World
from tests.properties.test_work import work
from translator.api.kinds import from_document
from translator.pipeline import Commit
from translator.status import GatewayStatus, ListenerSetStatus, Status
from translator.value import Key, Ref
from translator.xds.resource import ResourceType

SETS, ROUTES_EACH = 300, 3
LATER = "2026-01-02T00:00:00Z"
GATEWAY = Ref("Gateway", "infra", "edge")


@pytest.fixture(params=[False, True], ids=["HTTP", "HTTPS"])
def world(request: pytest.FixtureRequest) -> World:
    """300 ListenerSets of one listener and three routes each; those of HTTPS share a port and have certificates."""
    found = World(SETS, SETS * ROUTES_EACH, https=request.param)
    found.translator.commit()
    return found


def told(commit: Commit) -> set[Ref]:
    return {change.ref for change in commit.statuses}


def statuses(world: World) -> dict[Ref, Status]:
    return dict(world.translator.statuses())


def test_an_added_listener_set_is_itself_its_port_and_the_gateways_count(world: World) -> None:
    world.tenant(SETS)
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 4, counted
    assert told(commit) == {GATEWAY, Ref("ListenerSet", f"t{SETS}", "web")}
    assert {change.name for change in commit.hosts} <= {f"t{SETS}.example.com", "*"}
    assert len(commit.hosts) <= 3
    listeners = [change.name for change in commit.resources if change.type is ResourceType.LISTENER]
    assert listeners == (["tcp/443"] if world.https else [])


def test_an_edited_listener_set_is_itself_and_its_own_routes(world: World) -> None:
    world.listener_set(7, hostname="other.example.com")
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 2 * (ROUTES_EACH + 1), counted
    assert counted["bound"] == counted["encoded routes"] == ROUTES_EACH
    assert told(commit) <= {
        Ref("ListenerSet", "t7", "web"),
        *(Ref("HTTPRoute", "t7", f"r{7 + n * SETS}") for n in (0, 1, 2)),
    }


def test_a_deleted_listener_set_is_itself_and_its_own_routes(world: World) -> None:
    world.translator.delete("ListenerSet", Key("t7", "web"))
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 2 * (ROUTES_EACH + 1), counted
    assert GATEWAY in told(commit)
    assert len(told(commit)) == 2 + ROUTES_EACH


def test_an_added_route_is_one_binding_one_host_and_the_count_of_its_listener(world: World) -> None:
    world.route(SETS * ROUTES_EACH)
    commit, counted = work(world.translator)
    assert max(counted.values()) == 1, counted
    assert told(commit) == {Ref("ListenerSet", "t0", "web"), Ref("HTTPRoute", "t0", f"r{SETS * ROUTES_EACH}")}
    assert len(commit.hosts) == 1
    assert commit.resources == ()


def test_a_listener_set_that_wants_anothers_hostname_disturbs_nobody(world: World) -> None:
    before = statuses(world)
    world.tenant(SETS)
    world.listener_set(SETS, hostname="t7.example.com", created=LATER)
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 4, counted
    assert commit.hosts == ()
    assert [change.type for change in commit.resources if change.type is not ResourceType.SECRET] == []
    assert told(commit) == {Ref("ListenerSet", f"t{SETS}", "web")}
    assert statuses(world)[GATEWAY] == before[GATEWAY]


def test_who_comes_first_hands_a_hostname_on_when_it_goes(world: World) -> None:
    """Of two that want a hostname the older has it; the younger, with its routes, as soon as that one is gone."""
    world.tenant(SETS)
    world.listener_set(SETS, hostname="t7.example.com", created=LATER)
    world.translator.commit()
    world.translator.delete("ListenerSet", Key("t7", "web"))
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 3 * (ROUTES_EACH + 1), counted
    found = statuses(world)[Ref("ListenerSet", f"t{SETS}", "web")]
    assert isinstance(found, ListenerSetStatus)
    assert found.conditions[0].status is True
    assert Ref("ListenerSet", f"t{SETS}", "web") in told(commit)


def test_listeners_of_the_gateway_itself_do_not_wake_its_listener_sets(world: World) -> None:
    own = [{"name": "own", "port": 8080, "protocol": "HTTP"}, {"name": "more", "port": 9090, "protocol": "HTTP"}]
    spec: dict[str, Any] = {
        "gatewayClassName": "c",
        "listeners": own,
        "allowedListeners": {"namespaces": {"from": "All"}},
    }
    world.translator.put("Gateway", from_document("Gateway", {"metadata": EDGE, "spec": spec}))
    commit, counted = work(world.translator)
    assert max(counted.values()) <= 2, counted
    assert told(commit) == {GATEWAY}


def test_a_gateway_of_64_listeners_serves_all_of_them_and_what_its_listener_sets_add(world: World) -> None:
    own = [{"name": f"own{n}", "port": 8080, "protocol": "HTTP", "hostname": f"own{n}.example.com"} for n in range(64)]
    spec: dict[str, Any] = {
        "gatewayClassName": "c",
        "listeners": own,
        "allowedListeners": {"namespaces": {"from": "All"}},
    }
    world.translator.put("Gateway", from_document("Gateway", {"metadata": EDGE, "spec": spec}))
    world.translator.commit()
    found = statuses(world)[GATEWAY]
    assert isinstance(found, GatewayStatus)
    assert {it.status for it in found.conditions} == {True}
    assert len(found.listeners) == 64
    assert found.attached_listener_sets == SETS
    tables = {table.name: [host.name for host in hosts] for gateway, table, hosts in world.translator.tables()}
    assert len(tables["http/8080/0"]) == 64
