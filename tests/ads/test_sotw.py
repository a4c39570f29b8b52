"""Transcripts of the state-of-the-world protocol, where it differs from delta."""

import pytest

from tests.ads.transcript import Transcript, after, known, pushed, quiet, reconnected, recv, sent, state
from tests.ads.world import CLUSTER, ENDPOINT, LISTENER, ROUTE, a_cluster, a_host
from translator.xds.resource import resource, route_table
from xds_server.ads.events import Nacked
from xds_server.ads.sotw import SotwSession, state_version

cart_v1, cart_v2, shop_v1 = a_cluster("cart", "dns", 1), a_cluster("cart", "dns", 2), a_cluster("shop", "dns", 1)
pods_v1, shop_pods = resource("cart", b"pods 1"), resource("shop", b"pods 1")
BOTH = state_version([cart_v1.version, shop_v1.version])


@pytest.fixture
def play() -> Transcript:
    return Transcript(SotwSession)


def test_every_response_lists_all_clusters(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1), recv(state(CLUSTER, nonce="?")),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, cart_v1, shop_v1), recv(state(CLUSTER, nonce="?")),
        pushed((CLUSTER, "cart")), sent(CLUSTER, shop_v1), recv(state(CLUSTER, nonce="?")), quiet,
    )  # fmt: skip


def test_of_other_types_a_response_lists_what_changed(play: Transcript) -> None:
    play(
        known(pods_v1, shop_pods, of=ENDPOINT),
        recv(state(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1),
        recv(state(ENDPOINT, "cart", "shop", nonce="?")), sent(ENDPOINT, shop_pods),
        recv(state(ENDPOINT, "cart", "shop", nonce="?")), quiet,
    )  # fmt: skip


def test_names_in_a_request_that_crosses_a_response_count(play: Transcript) -> None:
    play(
        known(pods_v1, shop_pods, of=ENDPOINT),
        recv(state(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1),
        recv(state(ENDPOINT, "cart", "shop")), quiet,
        recv(state(ENDPOINT, "cart", "shop", nonce="?")), sent(ENDPOINT, shop_pods),
    )  # fmt: skip


def test_a_reconnect_with_all_unchanged_sends_nothing(play: Transcript) -> None:
    play(
        known(cart_v1, shop_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1, shop_v1), recv(state(CLUSTER, nonce="?")),
        reconnected,
        recv(state(CLUSTER, version=BOTH)), quiet,
        pushed(cart_v2, of=CLUSTER), sent(CLUSTER, cart_v2, shop_v1),
    )  # fmt: skip


def test_a_refused_cluster_stays_at_its_last_good_version(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1), recv(state(CLUSTER, nonce="?")),
        pushed(cart_v2, of=CLUSTER), sent(CLUSTER, cart_v2), recv(state(CLUSTER, nonce="?", words="bad TTL")), quiet,
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, cart_v1, shop_v1),
    )  # fmt: skip
    assert [event.name for event in play.events if isinstance(event, Nacked)] == ["cart"]


def test_a_cluster_listed_at_its_version_from_before_a_nack_gets_its_endpoints_again(play: Transcript) -> None:
    """Envoy takes the good clusters of a response that it refuses; one that goes back is made anew and warms."""
    eds_v1, eds_v2 = a_cluster("cart", "eds", 1), a_cluster("cart", "eds", 2)
    shop_v2 = a_cluster("shop", "dns", 2)
    play(
        known(eds_v1, shop_v1, of=CLUSTER), known(pods_v1, of=ENDPOINT),
        recv(state(CLUSTER)), sent(CLUSTER, eds_v1, shop_v1),
        recv(state(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1),
        recv(state(ENDPOINT, "cart", nonce="?")), recv(state(CLUSTER, nonce="?")),
        pushed(eds_v2, shop_v2, of=CLUSTER), sent(CLUSTER, eds_v2, shop_v2), sent(ENDPOINT, pods_v1),
        recv(state(ENDPOINT, "cart", nonce="?")),
        recv(state(CLUSTER, nonce="?", words="cart")), sent(CLUSTER, eds_v1, shop_v2), sent(ENDPOINT, pods_v1),
    )  # fmt: skip


def test_a_nack_convicts_nobody_if_the_response_listed_another_that_was_refused_since(play: Transcript) -> None:
    """Envoy refuses the innocent cluster's response for the bad one that it still lists; it is tried alone."""
    shop_v2 = a_cluster("shop", "dns", 2)
    play(
        known(cart_v1, shop_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1, shop_v1), recv(state(CLUSTER, nonce="?")),
        pushed(cart_v2, of=CLUSTER), sent(CLUSTER, cart_v2, shop_v1),
        after(1.1), pushed(shop_v2, of=CLUSTER), sent(CLUSTER, cart_v2, shop_v2),
        recv(state(CLUSTER, nonce="2", words="disliked")), quiet,
        recv(state(CLUSTER, nonce="3", words="disliked")), sent(CLUSTER, cart_v1, shop_v2),
        recv(state(CLUSTER, nonce="?")), quiet,
    )  # fmt: skip
    assert [event.name for event in play.events if isinstance(event, Nacked)] == ["cart"]


def test_a_removal_in_a_refused_response_is_not_taken_back(play: Transcript) -> None:
    """Envoy removes what a response leaves out even if it refuses the response for something else."""
    play(
        known(cart_v1, shop_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1, shop_v1), recv(state(CLUSTER, nonce="?")),
        known(cart_v2, of=CLUSTER),
        pushed((CLUSTER, "shop")), sent(CLUSTER, cart_v2),
        recv(state(CLUSTER, nonce="?", words="disliked")), sent(CLUSTER, cart_v1),
        recv(state(CLUSTER, nonce="?")), quiet,
    )  # fmt: skip


def test_suspects_wait_for_the_answers_to_all_that_was_sent(play: Transcript) -> None:
    """Beside another suspect in the same list, neither could be told from the other."""
    one, two = a_cluster("one", "dns"), a_cluster("two", "dns")
    play(
        known(cart_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1), recv(state(CLUSTER, nonce="?")),
        pushed(one, two, of=CLUSTER), sent(CLUSTER, cart_v1, one, two),
        after(1.1), pushed(cart_v2, of=CLUSTER), sent(CLUSTER, cart_v2, one, two),
        recv(state(CLUSTER, nonce="2", words="disliked")), quiet,
        after(1.1), quiet,
        recv(state(CLUSTER, nonce="3", words="disliked")), sent(CLUSTER, cart_v2, one, two),
    )  # fmt: skip


def test_what_was_listed_twice_is_not_taken_back_by_the_refusal_of_the_first_list(play: Transcript) -> None:
    one, two, bad = a_cluster("one", "dns"), a_cluster("two", "dns"), a_cluster("bad", "dns", 0, "bad")
    play(
        known(cart_v1, of=CLUSTER),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1), recv(state(CLUSTER, nonce="?")),
        pushed(bad, one, two, of=CLUSTER), sent(CLUSTER, bad, cart_v1, one, two),
        after(1.1), pushed((CLUSTER, "bad")), sent(CLUSTER, cart_v1, one, two),
        recv(state(CLUSTER, nonce="2", words="bad: why")), quiet,
        recv(state(CLUSTER, nonce="3")), sent(CLUSTER, cart_v1, one, two),
    )  # fmt: skip


def test_a_cluster_stays_listed_until_no_route_names_it(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER), known(route_table("web", b""), a_host("a", ("cart",)), of="web"),
        recv(state(CLUSTER)), sent(CLUSTER, cart_v1), recv(state(CLUSTER, nonce="?")),
        recv(state(ROUTE, "web")), sent(ROUTE, "web"), recv(state(ROUTE, "web", nonce="?")),
        known(a_host("a"), of="web"),
        pushed((CLUSTER, "cart")), sent(ROUTE, "web"),
        recv(state(ROUTE, "web", nonce="?")), sent(CLUSTER),
    )  # fmt: skip


def test_no_listeners_are_said_to_a_fresh_envoy_only(play: Transcript) -> None:
    """One that comes with listeners keeps them until its Gateway is known."""
    play(recv(state(LISTENER)), sent(LISTENER))
    play(reconnected, recv(state(LISTENER, version="1")), quiet)


def test_a_listener_that_cannot_be_bound_is_tried_again(play: Transcript) -> None:
    edge = resource("edge", b"edge")
    words = "edge: cannot bind '0.0.0.0:80': Address already in use"
    play(
        known(edge, of=LISTENER),
        recv(state(LISTENER)), sent(LISTENER, edge),
        recv(state(LISTENER, nonce="?", words=words)), quiet,
        after(1), sent(LISTENER, edge),
        recv(state(LISTENER, version="2", nonce="?")), quiet,
        after(60), quiet,
    )  # fmt: skip
