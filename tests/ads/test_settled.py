"""An Envoy is settled when it has answered for what its Gateway was translated to, whatever routes bring meanwhile."""

import pytest

from tests.ads.transcript import Step, Transcript, ack, known, nack, pushed, reconnected, recv, sent, subscribe
from tests.ads.world import CLUSTER, LISTENER, ROUTE, SECRET, a_cluster, a_host
from translator.xds.resource import resource, route_table
from xds_server.ads.events import Nacked, Settled
from xds_server.ads.session import DeltaSession

http_v1, http_v2 = resource("http", b"http 1"), resource("http", b"http 2")
web, certificate = route_table("web", b""), resource("shop/tls", b"certificate")
host_v1, host_v2 = a_host("a", revision=1), a_host("a", revision=2)


@pytest.fixture
def play() -> Transcript:
    return Transcript(DeltaSession)


def is_settled(expected: bool) -> Step:
    def step(play: Transcript) -> None:
        assert play.session.settled is expected

    return step


def settled(play: Transcript) -> None:
    """An Envoy that has the listener http and the table `web` with host a."""
    play(
        known(http_v1, of=LISTENER),
        known(web, host_v1, of="web"),
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)), is_settled(False),
        recv(subscribe(LISTENER)), sent(LISTENER, http_v1), recv(ack(LISTENER)), is_settled(False),
        recv(subscribe(ROUTE, "web")), sent(ROUTE, "web"), is_settled(False), recv(ack(ROUTE)), is_settled(True),
    )  # fmt: skip


def told(play: Transcript) -> int:
    """How often it was said."""
    return sum(isinstance(event, Settled) for event in play.events)


def test_an_envoy_settles_with_the_ack_of_its_listeners_and_tables(play: Transcript) -> None:
    settled(play)
    assert told(play) == 1


def test_an_envoy_of_an_unknown_gateway_has_nothing_to_settle_with(play: Transcript) -> None:
    play(recv(subscribe(LISTENER)), sent(LISTENER), recv(ack(LISTENER)), is_settled(False))


def test_a_changed_listener_unsettles_until_its_ack(play: Transcript) -> None:
    settled(play)
    play(
        pushed(http_v2, of=LISTENER), sent(LISTENER, http_v2), is_settled(False), recv(ack(LISTENER)), is_settled(True)
    )
    assert told(play) == 2


def test_a_change_that_is_taken_back_before_it_is_sent_settles_without_an_answer(play: Transcript) -> None:
    settled(play)
    play(known(http_v2, of=LISTENER), is_settled(False), pushed(http_v1, of=LISTENER), is_settled(True))
    assert told(play) == 2


def test_routes_and_clusters_unsettle_nothing(play: Transcript) -> None:
    settled(play)
    play(
        pushed(host_v2, of="web"), sent(ROUTE, "web"), is_settled(True), recv(ack(ROUTE)),
        pushed(a_cluster("cart"), of=CLUSTER), sent(CLUSTER, "cart"), is_settled(True),
    )  # fmt: skip
    assert told(play) == 1


def test_a_secret_is_waited_for(play: Transcript) -> None:
    settled(play)
    play(
        pushed(certificate, of=SECRET), is_settled(False),
        recv(subscribe(SECRET, "shop/tls")), sent(SECRET, certificate), is_settled(False),
        recv(ack(SECRET)), is_settled(True),
    )  # fmt: skip


def test_a_refusal_is_an_answer(play: Transcript) -> None:
    settled(play)
    play(pushed(http_v2, of=LISTENER), sent(LISTENER, http_v2), recv(nack(LISTENER)), is_settled(True))


def test_an_envoy_that_reconnects_with_all_of_it_is_settled_when_it_has_said_so(play: Transcript) -> None:
    settled(play)
    table = play.cache[play.session.gateway].tables["web"].version
    play(
        reconnected, is_settled(False),
        recv(subscribe(LISTENER, has={"http": http_v1.version})), is_settled(False),
        recv(subscribe(ROUTE, "web", has={"web": table})), is_settled(True),
    )  # fmt: skip


def test_a_refused_host_comes_with_what_the_envoy_has_in_its_place(play: Transcript) -> None:
    settled(play)
    play(pushed(host_v2, of="web"), sent(ROUTE, "web"), recv(nack(ROUTE, "a is bad")))
    assert [event.held for event in play.events if isinstance(event, Nacked)] == [host_v1.frame]
