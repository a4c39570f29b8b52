"""Numbers of what is attached are news that can wait."""

from tests.kube.statuses import gateway, route
from translator.status import StatusChange
from translator.value import Ref
from xds_server.kube.counts import Counts

EDGE, CART = Ref("Gateway", "shop", "edge"), Ref("HTTPRoute", "shop", "cart")


def test_what_was_never_said_is_no_number() -> None:
    counts = Counts()
    assert not counts.note(StatusChange(EDGE, gateway()), waits=False)
    assert not counts.note(StatusChange(CART, route()), waits=False)
    assert not counts.note(StatusChange(CART, route()), waits=False)


def test_another_number_of_routes_is_a_number() -> None:
    counts = Counts()
    counts.note(StatusChange(EDGE, gateway()), waits=False)
    assert counts.note(StatusChange(EDGE, gateway(attached=1)), waits=False)
    assert counts.note(StatusChange(EDGE, gateway(attached=2)), waits=True)
    assert EDGE in counts


def test_a_condition_is_more_than_a_number() -> None:
    counts = Counts()
    counts.note(StatusChange(EDGE, gateway()), waits=False)
    counts.note(StatusChange(EDGE, gateway(attached=1)), waits=False)
    assert not counts.note(StatusChange(EDGE, gateway(seen=2, attached=2)), waits=True)
    assert EDGE not in counts


def test_a_number_does_not_hold_back_a_condition_that_is_not_written_yet() -> None:
    counts = Counts()
    counts.note(StatusChange(EDGE, gateway()), waits=False)
    assert not counts.note(StatusChange(EDGE, gateway(attached=1)), waits=True)


def test_what_has_no_status_any_more_begins_anew() -> None:
    counts = Counts()
    counts.note(StatusChange(EDGE, gateway()), waits=False)
    counts.note(StatusChange(EDGE, None), waits=False)
    assert not counts.note(StatusChange(EDGE, gateway(attached=1)), waits=False)
