"""Our words in an object's status, and nobody else's."""

from typing import Any

import msgspec
import pytest

from translator.api.routes import ParentReference
from translator.status import (
    Condition,
    GatewayClassStatus,
    GatewayStatus,
    ListenerSetStatus,
    ListenerStatus,
    ParentStatus,
    PolicyStatus,
    RouteStatus,
    Status,
)
from xds_server.kube.own_status import edits, is_touched, programmed_at

US, THEM = "gatehouse.dev/gateway-controller", "example.com/other"
EARLIER, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"

Document = dict[str, Any]


def condition(type_: str = "Accepted", state: str = "True", seen: int = 1, since: str = EARLIER) -> Document:
    return {
        "type": type_,
        "status": state,
        "reason": type_,
        "message": "",
        "observedGeneration": seen,
        "lastTransitionTime": since,
    }


def own(type_: str = "Accepted", state: bool | None = True, seen: int = 1) -> Condition:
    return Condition(type_, state, type_, "", seen)


def entry(name: str, *conditions: Document, owner: str = US) -> Document:
    reference = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name}
    return {"parentRef": reference, "controllerName": owner, "conditions": list(conditions)}


def route(*parents: str, state: bool = True, seen: int = 1) -> RouteStatus:
    return RouteStatus(tuple(ParentStatus(ParentReference(name), (own(state=state, seen=seen),)) for name in parents))


def edit(current: Document, status: Status | None, generation: int = 1) -> Document:
    return edits(current, status, US, generation, NOW)


# ---- entries --------------------------------------------------------------------------------------------------------


def test_a_route_without_status_is_given_our_entry() -> None:
    assert edit({}, route("edge")) == {"parents": [entry("edge", condition(since=NOW))]}


def test_a_status_that_says_ours_is_left_alone() -> None:
    assert edit({"parents": [entry("edge", condition())]}, route("edge")) == {}


def test_entries_of_others_stay_as_and_where_they_are() -> None:
    theirs = entry("edge", condition("Custom", seen=7), owner=THEM)
    found = edit({"parents": [theirs, entry("edge", condition())]}, route("edge", state=False))
    assert found == {"parents": [theirs, entry("edge", condition(state="False", since=NOW))]}


def test_an_entry_of_a_parent_that_the_route_has_no_more_is_taken_out() -> None:
    theirs = entry("old", owner=THEM)
    current = {"parents": [entry("old", condition()), theirs, entry("edge", condition())]}
    assert edit(current, route("edge")) == {"parents": [theirs, entry("edge", condition())]}


def test_a_route_that_is_ours_no_more_loses_our_entries_only() -> None:
    theirs = entry("old", owner=THEM)
    assert edit({"parents": [entry("old", condition()), theirs]}, None) == {"parents": [theirs]}
    assert edit({"parents": [theirs]}, None) == {}
    assert edit({}, None) == {}


def test_two_entries_for_sections_of_one_gateway_are_told_apart() -> None:
    sections = RouteStatus(
        tuple(ParentStatus(ParentReference("edge", section_name=it), (own(),)) for it in ("http", "https"))
    )
    found = edit({}, sections)
    assert [it["parentRef"].get("sectionName") for it in found["parents"]] == ["http", "https"]
    assert edit(found, sections) == {}


def test_a_reference_is_known_with_its_defaults_filled_in() -> None:
    policy = PolicyStatus((ParentStatus(ParentReference("edge"), (own(),)),))
    found = edit({"ancestors": [{"ancestorRef": {"name": "edge"}, "controllerName": US, "conditions": []}]}, policy)
    assert len(found["ancestors"]) == 1


def test_ancestors_of_others_stay_and_there_are_sixteen_in_all() -> None:
    theirs = [
        {"ancestorRef": {"name": f"their-{n}"}, "controllerName": THEM, "conditions": [condition()]} for n in range(14)
    ]
    policy = PolicyStatus(tuple(ParentStatus(ParentReference(f"our-{n}"), (own(),)) for n in range(3)))
    found = edit({"ancestors": theirs}, policy)["ancestors"]
    assert found[:14] == theirs
    assert [it["ancestorRef"]["name"] for it in found[14:]] == ["our-0", "our-1"]
    assert edit({"ancestors": found}, policy) == {}
    assert edit({"ancestors": found}, None) == {"ancestors": theirs}


def test_entries_of_others_leave_us_the_room_that_the_schema_has() -> None:
    theirs = [entry(f"their-{nth}", owner=THEM) for nth in range(31)]
    found = edit({"parents": theirs}, route("one", "two"))
    assert [it["parentRef"]["name"] for it in found["parents"][31:]] == ["one"]
    assert edit(found, route("one", "two")) == {}
    full = [entry(f"their-{nth}", owner=THEM) for nth in range(32)]
    assert edit({"parents": full}, route("one")) == {}


def test_our_entries_are_recognised_by_controller_name() -> None:
    assert is_touched({"parents": [entry("edge", owner=THEM), entry("edge")]}, US)
    assert is_touched({"ancestors": [{"controllerName": US}]}, US)
    assert not is_touched({"parents": [entry("edge", owner=THEM)]}, US)
    assert not is_touched({}, US)


# ---- conditions -----------------------------------------------------------------------------------------------------


def gateway(*conditions: Condition, listeners: tuple[ListenerStatus, ...] = ()) -> GatewayStatus:
    return GatewayStatus(conditions, listeners, (("IPAddress", "172.31.254.10"),))


ADDRESSES = [{"type": "IPAddress", "value": "172.31.254.10"}]


def test_last_transition_time_is_when_the_status_changed() -> None:
    """A new message, reason or generation is written with the time of before."""
    current = {"addresses": ADDRESSES, "conditions": [condition(), condition("Programmed")]}
    found = edit(current, gateway(own(seen=2), own("Programmed", False, seen=2)), generation=2)
    assert found == {"conditions": [condition(seen=2), condition("Programmed", "False", 2, NOW)]}


def test_conditions_of_types_that_are_not_ours_stay() -> None:
    theirs = condition("example.com/Scanned", seen=1)
    current = {"addresses": ADDRESSES, "conditions": [theirs, condition("Accepted", "Unknown")]}
    assert edit(current, gateway(own())) == {"conditions": [theirs, condition(since=NOW)]}


def test_a_condition_of_ours_that_we_have_no_words_for_now_goes() -> None:
    current = {"addresses": ADDRESSES, "conditions": [condition(), condition("PartiallyInvalid")]}
    assert edit(current, gateway(own())) == {"conditions": [condition()]}


def test_foreign_conditions_of_a_listener_stay_with_it() -> None:
    def listener(*conditions: Document, routes: int = 0) -> Document:
        return {"name": "http", "supportedKinds": [], "attachedRoutes": routes, "conditions": list(conditions)}

    theirs = condition("example.com/Scanned")
    gone = {**listener(condition()), "name": "gone"}
    current = {"addresses": ADDRESSES, "conditions": [], "listeners": [gone, listener(condition(), theirs)]}
    found = edit(current, gateway(listeners=(ListenerStatus("http", (), 3, (own(),)),)))
    assert found == {"listeners": [listener(condition(), theirs, routes=3)]}


def test_what_was_seen_of_a_later_generation_is_not_overwritten() -> None:
    current = {"addresses": ADDRESSES, "conditions": [condition(state="False", seen=3)]}
    assert edit(current, gateway(own(seen=2)), generation=3) == {}


def test_a_generation_that_never_was_is_overwritten() -> None:
    current = {"addresses": ADDRESSES, "conditions": [condition(seen=9)]}
    assert edit(current, gateway(own(seen=2)), generation=2) == {"conditions": [condition(seen=2)]}


def test_unknown_is_written_as_such() -> None:
    assert edit({}, gateway(own(state=None)))["conditions"] == [condition(state="Unknown", since=NOW)]


def test_a_gateway_that_allows_no_listener_sets_any_more_has_none() -> None:
    """And one that never had any is told nothing of them."""
    accepted = gateway(own())
    counted = msgspec.structs.replace(accepted, attached_listener_sets=2)
    current = edit({}, counted)
    assert current["attachedListenerSets"] == 2
    assert edit(current, accepted) == {"attachedListenerSets": 0}
    assert "attachedListenerSets" not in edit({}, accepted)


def test_a_listener_set_is_told_of_itself_and_its_listeners() -> None:
    listener = ListenerStatus("web", (), 1, (own(),))
    pending = {"conditions": [condition(state="Unknown", seen=0), condition("Programmed", "Unknown", 0)]}
    found = edit(pending, ListenerSetStatus((own(), own("Programmed")), (listener,)))
    assert [(it["type"], it["status"]) for it in found["conditions"]] == [("Accepted", "True"), ("Programmed", "True")]
    assert [(it["name"], it["attachedRoutes"]) for it in found["listeners"]] == [("web", 1)]


def test_supported_features_are_ours() -> None:
    found = edit({"supportedFeatures": [{"name": "Old"}]}, GatewayClassStatus((own(),), ("Gateway", "HTTPRoute")))
    assert found["supportedFeatures"] == [{"name": "Gateway"}, {"name": "HTTPRoute"}]


@pytest.mark.parametrize(
    ("current", "generation"),
    [
        ({}, None),
        ({"conditions": [condition("Programmed", "Unknown", 4)]}, None),
        ({"conditions": [condition("Accepted"), condition("Programmed", seen=4)]}, 4),
    ],
)
def test_a_status_tells_what_was_programmed(current: Document, generation: int | None) -> None:
    assert programmed_at(current) == generation
