"""How long changes take to reach Envoys."""

from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.propagation import LATEST, MOST_NAMES, Heard, Propagation

EDGE = Key("shop", "edge")
ROUTE = ResourceType.ROUTE


def connected(*nodes: str) -> Propagation:
    propagation = Propagation()
    for node in nodes:
        propagation.connected(EDGE, node)
    return propagation


def test_an_ack_tells_when_there_was_news_of_the_change() -> None:
    propagation = connected("a")
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(1.0, 2.0))
    assert propagation.answered(EDGE, "a", ROUTE, ["table", "other"], sent=3.0) == [1.0]
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=4.0) == []


def test_each_envoy_answers_for_itself() -> None:
    propagation = connected("a", "b")
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(1.0, 2.0))
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=3.0) == [1.0]
    assert propagation.answered(EDGE, "b", ROUTE, ["table"], sent=3.0) == [1.0]


def test_of_changes_that_went_out_together_the_first_counts() -> None:
    propagation = connected("a")
    for at in (1.0, 2.0, 3.0):
        propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(at, at))
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=4.0) == [1.0]


def test_a_change_after_the_response_was_sent_waits_for_the_next_ack() -> None:
    propagation = connected("a")
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(1.0, 1.0))
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(5.0, 5.0))
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=2.0) == [1.0]
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=6.0) == [5.0]


def test_what_was_not_sent_for_long_was_not_asked_for_and_does_not_count() -> None:
    propagation = connected("a")
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(1.0, 1.0))
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(90.0, 90.0))
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=91.0) == [90.0]
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(100.0, 100.0))
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=101.0 + LATEST) == []


def test_no_more_names_are_remembered_than_are_needed() -> None:
    propagation = connected("a")
    names = [f"cluster-{n}" for n in range(MOST_NAMES + 1)]
    propagation.changed(EDGE, {ResourceType.CLUSTER: names}, Heard(1.0, 1.0))
    assert len(propagation.answered(EDGE, "a", ResourceType.CLUSTER, names, sent=2.0)) == MOST_NAMES


def test_an_envoy_that_is_gone_answers_for_nothing() -> None:
    propagation = connected("a", "a")
    assert propagation.streams(EDGE) == 2
    propagation.disconnected(EDGE, "a")
    propagation.changed(EDGE, {ROUTE: ["table"]}, Heard(1.0, 1.0))
    propagation.disconnected(EDGE, "a")
    assert propagation.streams(EDGE) == 0
    assert propagation.answered(EDGE, "a", ROUTE, ["table"], sent=2.0) == []
