"""Transcripts of the delta protocol."""

import pytest

from tests.ads.envoy_model import NODE
from tests.ads.transcript import (
    Transcript,
    ack,
    after,
    known,
    nack,
    pushed,
    quiet,
    reconnected,
    recv,
    sent,
    subscribe,
    unsubscribe,
)
from tests.ads.world import CLUSTER, ENDPOINT, GATEWAY, LISTENER, ROUTE, SECRET, a_cluster, a_host
from translator.xds.resource import VirtualHost, resource, route_table
from xds_server.ads.channel import Routes
from xds_server.ads.events import Acked, Nacked, Settled
from xds_server.ads.messages import Request
from xds_server.ads.session import DeltaSession
from xds_server.route_configuration import RouteConfiguration

cart_v1, cart_v2, shop_v1 = a_cluster("cart", "dns", 1), a_cluster("cart", "dns", 2), a_cluster("shop", "dns", 1)
eds_v1, eds_v2 = a_cluster("cart", "eds", 1), a_cluster("cart", "eds", 2)
pods_v1 = resource("cart", b"pods 1")
web = route_table("web", b"")


@pytest.fixture
def play() -> Transcript:
    return Transcript(DeltaSession)


def table(*hosts: VirtualHost) -> str:
    """The version of the table `web` with these hosts."""
    return RouteConfiguration().edited(web, {host.name: host for host in hosts}).version


def with_cart(play: Transcript) -> None:
    """An Envoy that has cluster cart ready, and the table `web` with host a on it."""
    play(
        known(cart_v1, of=CLUSTER),
        known(web, a_host("a", ("cart",)), of="web"),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1), recv(ack(CLUSTER)),
        recv(subscribe(ROUTE, "web")), sent(ROUTE, "web"), recv(ack(ROUTE)),
    )  # fmt: skip


@pytest.mark.parametrize("names", [(), ("*",)])
def test_a_wildcard_gets_everything_that_is_and_comes(play: Transcript, names: tuple[str, ...]) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        recv(subscribe(CLUSTER, *names)), sent(CLUSTER, cart_v1), recv(ack(CLUSTER)),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, shop_v1), recv(ack(CLUSTER)), quiet,
    )  # fmt: skip


def test_names_get_what_they_name_alone(play: Transcript) -> None:
    play(
        known(cart_v1, shop_v1, of=CLUSTER),
        recv(subscribe(CLUSTER, "shop")), sent(CLUSTER, shop_v1), recv(ack(CLUSTER)),
        pushed(cart_v2, of=CLUSTER), quiet,
        recv(subscribe(CLUSTER, "cart")), sent(CLUSTER, cart_v2), recv(ack(CLUSTER)),
        recv(unsubscribe(CLUSTER, "cart")),
        pushed(cart_v1, of=CLUSTER), quiet,
    )  # fmt: skip


def test_a_name_asked_for_again_is_sent_again(play: Transcript) -> None:
    play(
        known(pods_v1, of=ENDPOINT),
        recv(subscribe(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1), recv(ack(ENDPOINT)),
        recv(subscribe(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1),
    )  # fmt: skip


def test_what_does_not_exist_is_told_at_once(play: Transcript) -> None:
    """Envoy stops waiting for a missing secret or missing endpoints as soon as it is told that there are none."""
    play(recv(subscribe(SECRET, "gone")), sent(SECRET, removed=["gone"]), recv(ack(SECRET)))


def test_an_envoy_of_an_unknown_gateway_gets_nothing_and_is_served_once_it_exists(play: Transcript) -> None:
    play(
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        pushed(cart_v1, of=CLUSTER), sent(CLUSTER, cart_v1),
    )  # fmt: skip


def test_an_envoy_that_comes_with_configuration_keeps_it_until_its_gateway_is_known(play: Transcript) -> None:
    play(
        recv(subscribe(CLUSTER, has={"cart": cart_v1.version, "old": "1"})), quiet,
        recv(subscribe(LISTENER)), sent(LISTENER), recv(ack(LISTENER)),
        recv(subscribe(ROUTE, "web")), quiet,
        pushed(cart_v1, of=CLUSTER), sent(CLUSTER, removed=["old"]),
    )  # fmt: skip


def test_at_most_one_response_is_in_flight_and_the_newest_goes_next(play: Transcript) -> None:
    one, two, three = (resource("cart", f"pods {n}".encode()) for n in range(3))
    play(
        known(one, of=ENDPOINT),
        recv(subscribe(ENDPOINT, "cart")), sent(ENDPOINT, one),
        pushed(two, of=ENDPOINT), quiet,
        pushed(three, of=ENDPOINT), quiet,
        recv(ack(ENDPOINT)), sent(ENDPOINT, three),
    )  # fmt: skip


def test_a_stale_nonce_answers_nothing(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1),
        recv(Request(CLUSTER, nonce="99", words="old")), quiet,
        recv(ack(CLUSTER)),
    )  # fmt: skip
    assert [type(event) for event in play.events] == [Acked]


def test_a_nacked_cluster_is_sent_again_once_it_changes(play: Transcript) -> None:
    """After a NACK the session stays quiet until the resource changes, then sends it again."""
    play(
        known(cart_v1, of=CLUSTER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1),
        recv(nack(CLUSTER, "cart: bad TTL")), quiet,
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, shop_v1), recv(ack(CLUSTER)),
        pushed(cart_v2, of=CLUSTER), sent(CLUSTER, cart_v2), recv(ack(CLUSTER)), quiet,
    )  # fmt: skip
    refused = [event for event in play.events if isinstance(event, Nacked)]
    assert [(event.name, event.version, event.words) for event in refused] == [
        ("cart", cart_v1.version, "cart: bad TTL")
    ]


def test_those_beside_a_nacked_cluster_are_found_innocent(play: Transcript) -> None:
    words = "Error adding/updating cluster(s) cart: bad TTL, see there"
    play(
        known(cart_v1, shop_v1, of=CLUSTER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1, shop_v1),
        recv(nack(CLUSTER, words)), sent(CLUSTER, shop_v1),
        recv(ack(CLUSTER)), sent(CLUSTER, cart_v1),
        recv(nack(CLUSTER, words)), quiet,
    )  # fmt: skip
    assert [event.name for event in play.events if isinstance(event, Nacked)] == ["cart"]


def test_a_reconnect_sends_what_changed_alone(play: Transcript) -> None:
    play(
        known(cart_v2, shop_v1, of=CLUSTER),
        recv(subscribe(CLUSTER, has={"cart": cart_v1.version, "shop": shop_v1.version})), sent(CLUSTER, cart_v2),
    )  # fmt: skip


def test_a_reconnect_with_all_unchanged_sends_nothing(play: Transcript) -> None:
    with_cart(play)
    held = table(a_host("a", ("cart",)))
    play(
        reconnected,
        recv(subscribe(CLUSTER, has={"cart": cart_v1.version})), quiet,
        recv(subscribe(LISTENER)), sent(LISTENER), recv(ack(LISTENER)),
        recv(subscribe(ROUTE, "web", has={"web": held})), quiet,
    )  # fmt: skip


def test_a_reconnect_removes_a_cluster_after_the_routes_that_may_name_it(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        known(web, a_host("a", ("cart",)), of="web"),
        recv(subscribe(CLUSTER, has={"old": "1", "cart": cart_v1.version})), quiet,
        recv(subscribe(LISTENER)), sent(LISTENER), recv(ack(LISTENER)),
        recv(subscribe(ROUTE, "web", has={"web": "1"})), sent(ROUTE, "web"),
        recv(ack(ROUTE)), sent(CLUSTER, removed=["old"]),
    )  # fmt: skip


def test_endpoints_go_out_again_with_their_changed_cluster(play: Transcript) -> None:
    """Or Envoy would wait for them, and hold every CDS ACK meanwhile."""
    play(
        known(eds_v1, of=CLUSTER), known(pods_v1, of=ENDPOINT),
        recv(subscribe(CLUSTER)), sent(CLUSTER, eds_v1),
        recv(subscribe(ENDPOINT, "cart")), sent(ENDPOINT, pods_v1), recv(ack(ENDPOINT)), recv(ack(CLUSTER)),
        pushed(eds_v2, of=CLUSTER), sent(CLUSTER, eds_v2), sent(ENDPOINT, pods_v1),
    )  # fmt: skip


def test_endpoints_of_a_changed_cluster_go_out_after_a_reconnect_too(play: Transcript) -> None:
    play(
        known(eds_v2, of=CLUSTER), known(pods_v1, of=ENDPOINT),
        recv(subscribe(CLUSTER, has={"cart": eds_v1.version})), sent(CLUSTER, eds_v2),
        recv(subscribe(ENDPOINT, "cart", has={"cart": pods_v1.version})), sent(ENDPOINT, pods_v1),
    )  # fmt: skip


def test_an_envoy_cut_off_while_it_warms_gets_all_endpoints_again(play: Transcript) -> None:
    """It asks for endpoints but not for clusters: its CDS is paused until they come."""
    play(
        known(eds_v1, of=CLUSTER), known(pods_v1, of=ENDPOINT),
        recv(subscribe(ENDPOINT, "cart", has={"cart": pods_v1.version})), sent(ENDPOINT, pods_v1),
    )  # fmt: skip


# ---- make before break --------------------------------------------------------------------------------------------


def test_a_host_waits_for_its_cluster_and_the_rest_of_the_table_does_not(play: Transcript) -> None:
    with_cart(play)
    play(
        known(shop_v1, of=CLUSTER), known(a_host("b", ("shop",)), a_host("c", ("cart",)), of="web"),
        pushed(), sent(CLUSTER, shop_v1), sent(ROUTE, "web"),
        recv(ack(ROUTE)), quiet,
        recv(ack(CLUSTER)), sent(ROUTE, "web"),
    )  # fmt: skip
    report = next(each for each in play.session.report().types if each.type is ROUTE)
    assert report.resources[0].sent == table(a_host("a", ("cart",)), a_host("b", ("shop",)), a_host("c", ("cart",)))


def test_a_waiting_host_goes_out_at_the_deadline(play: Transcript) -> None:
    with_cart(play)
    play(
        known(a_host("b", ("shop",)), of="web"),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, shop_v1),
        after(1.4), quiet,
        after(0.2), sent(ROUTE, "web"),
    )  # fmt: skip


def test_the_ack_of_endpoints_is_as_good_as_that_of_their_cluster(play: Transcript) -> None:
    """Envoy holds its CDS ACK while another cluster warms; it accepts endpoints for clusters that it has."""
    with_cart(play)
    play(
        known(a_cluster("dead", "dead"), a_cluster("new"), of=CLUSTER), known(resource("new", b"pods"), of=ENDPOINT),
        known(a_host("b", ("new",)), of="web"),
        pushed(), sent(CLUSTER, "dead", "new"),
        recv(subscribe(ENDPOINT, "new")), sent(ENDPOINT, "new"),
        recv(ack(ENDPOINT)), sent(ROUTE, "web"),
    )  # fmt: skip


def test_while_envoy_holds_its_ack_clusters_go_out_one_by_one(play: Transcript) -> None:
    """So that a bad one among them takes no other along, and nobody has to wait for the answer."""
    with_cart(play)
    play(
        pushed(a_cluster("dead", "dead"), of=CLUSTER), sent(CLUSTER, "dead"),
        pushed(a_cluster("b", "dns"), a_cluster("c", "dns"), of=CLUSTER), quiet,
        after(1.1), sent(CLUSTER, "b"), sent(CLUSTER, "c"),
    )  # fmt: skip


def test_a_cluster_leaves_after_the_routes_that_named_it(play: Transcript) -> None:
    with_cart(play)
    play(
        known(a_host("a", ("shop",)), of="web"),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, "shop"),
        pushed((CLUSTER, "cart")), quiet,
        recv(ack(CLUSTER)), sent(ROUTE, "web"),
        recv(ack(ROUTE)), sent(CLUSTER, removed=["cart"]),
    )  # fmt: skip


def test_a_listener_waits_for_its_clusters_and_another_leaves_after_it(play: Transcript) -> None:
    old, new = resource("old", b"old"), resource("new", b"new", ["cart"])
    play(
        known(old, of=LISTENER),
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, old), recv(ack(LISTENER)),
        known(new, of=LISTENER), known(cart_v1, of=CLUSTER),
        pushed((LISTENER, "old")), sent(CLUSTER, cart_v1),
        recv(ack(CLUSTER)), sent(LISTENER, new, removed=["old"]),
    )  # fmt: skip


def test_a_changed_listener_keeps_its_last_version_while_it_waits_and_delays_no_other(play: Transcript) -> None:
    """What only it named goes once Envoy has what it is now."""
    tcp_v1, tcp_v2 = resource("tcp", b"1", ["cart"]), resource("tcp", b"2", ["shop"])
    http_v1, http_v2 = resource("http", b"1"), resource("http", b"2")
    play(
        known(cart_v1, of=CLUSTER), known(tcp_v1, http_v1, of=LISTENER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, http_v1, tcp_v1), recv(ack(LISTENER)),
        known(shop_v1, of=CLUSTER), known(tcp_v2, http_v2, of=LISTENER),
        pushed((CLUSTER, "cart")), sent(CLUSTER, shop_v1), sent(LISTENER, http_v2), recv(ack(LISTENER)), quiet,
        recv(ack(CLUSTER)), sent(LISTENER, tcp_v2),
        recv(ack(LISTENER)), sent(CLUSTER, removed=["cart"]),
    )  # fmt: skip


def test_a_waiting_listener_goes_out_at_the_deadline(play: Transcript) -> None:
    """As a virtual host does, so that one cluster that never warms stops nobody for ever."""
    tcp = resource("tcp", b"1", ["shop"])
    play(
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER), recv(ack(LISTENER)),
        known(tcp, of=LISTENER),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, shop_v1),
        after(1.4), quiet,
        after(0.2), sent(LISTENER, tcp),
    )  # fmt: skip


def test_a_late_ack_says_nothing_of_a_cluster_that_was_removed_and_sent_anew(play: Transcript) -> None:
    """Envoy may hold its first ACK for long; the cluster of today is another one."""
    tcp = resource("tcp", b"1", ["cart"])
    play(
        known(eds_v1, of=CLUSTER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, eds_v1),
        pushed((CLUSTER, "cart")), after(1.1), sent(CLUSTER, removed=["cart"]),
        pushed(eds_v1, of=CLUSTER), after(1.1), sent(CLUSTER, eds_v1),
        known(tcp, of=LISTENER), recv(subscribe(LISTENER)), quiet,
        recv(Request(CLUSTER, NODE, nonce="1")), quiet,
        recv(ack(CLUSTER)), sent(LISTENER, tcp),
    )  # fmt: skip


def test_a_table_that_envoy_never_had_is_answered_whole(play: Transcript) -> None:
    play(
        known(cart_v1, of=CLUSTER),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart_v1), recv(ack(CLUSTER)),
        known(web, a_host("a", ("cart",)), a_host("b", ("shop",)), of="web"),
        pushed(shop_v1, of=CLUSTER), sent(CLUSTER, shop_v1),
        recv(subscribe(ROUTE, "web")), quiet,
        recv(ack(CLUSTER)), sent(ROUTE, "web"),
    )  # fmt: skip


def test_a_stream_shares_the_tables_that_it_was_sent_with_the_snapshot(play: Transcript) -> None:
    with_cart(play)
    held = play.session._channels[ROUTE]
    assert isinstance(held, Routes)
    shop = a_host("b", ("shop",))
    play(pushed(a_host("a", revision=2), of="web"), sent(ROUTE, "web"), recv(ack(ROUTE)))
    assert held.tables["web"] is play.cache[GATEWAY].tables["web"]
    play(known(shop_v1, of=CLUSTER), pushed(shop, of="web"), sent(CLUSTER, shop_v1), quiet)
    assert held.tables["web"] is not play.cache[GATEWAY].tables["web"]


# ---- a route table that is refused --------------------------------------------------------------------------------


def convicted(play: Transcript) -> list[str]:
    return [event.host for event in play.events if isinstance(event, Nacked)]


def test_one_bad_host_does_not_keep_the_others_from_going_out(play: Transcript) -> None:
    with_cart(play)
    b, c = a_host("b", ("cart",), 1, "bad"), a_host("c", ("cart",))
    play(
        pushed(b, c, of="web"), sent(ROUTE, "web"),
        recv(nack(ROUTE, "who knows")), sent(ROUTE, "web"),
        recv(nack(ROUTE, "missing ): ((")), sent(ROUTE, "web"),
        recv(ack(ROUTE)), quiet,
        pushed(a_host("b", ("cart",), 2), of="web"), sent(ROUTE, "web"), recv(ack(ROUTE)),
    )  # fmt: skip
    assert convicted(play) == ["b"]
    assert [event.words for event in play.events if isinstance(event, Nacked)] == ["missing ): (("]


def test_a_host_keeps_its_last_good_routes(play: Transcript) -> None:
    with_cart(play)
    play(
        pushed(a_host("a", ("cart",), 1, "bad"), of="web"), sent(ROUTE, "web"),
        recv(nack(ROUTE)), quiet,
        pushed(a_host("b"), of="web"), sent(ROUTE, "web"),
    )  # fmt: skip
    report = next(each for each in play.session.report().types if each.type is ROUTE)
    assert report.resources[0].sent == table(a_host("a", ("cart",)), a_host("b"))


def test_the_host_that_envoy_points_at_is_tried_last(play: Transcript) -> None:
    """Envoy quotes the whole table, but says which of its virtual hosts it means."""
    with_cart(play)
    words = "RouteConfigurationValidationError.VirtualHosts[2]: embedded message failed validation"
    play(
        pushed(a_host("b"), a_host("c", (), 0, "bad"), a_host("d"), of="web"), sent(ROUTE, "web"),
        recv(nack(ROUTE, words)), sent(ROUTE, "web"),
        recv(ack(ROUTE)), sent(ROUTE, "web"),
        recv(nack(ROUTE, words)), quiet,
    )  # fmt: skip
    assert convicted(play) == ["c"]


def test_a_type_that_is_not_served_is_no_fault_of_the_stream(play: Transcript) -> None:
    assert play.session.receive(Request("type.googleapis.com/envoy.service.runtime.v3.Runtime"), 0.0) == []
    play(recv(subscribe(CLUSTER)), sent(CLUSTER))


def test_a_listener_that_cannot_be_bound_is_tried_again(play: Transcript) -> None:
    """Nothing is wrong with it; the time between two tries doubles."""
    edge = resource("edge", b"edge")
    words = "edge: cannot bind '0.0.0.0:80': Address already in use"
    play(
        known(edge, of=LISTENER),
        recv(subscribe(LISTENER)), sent(LISTENER, edge),
        recv(nack(LISTENER, words)), quiet,
        after(0.9), quiet,
        after(0.1), sent(LISTENER, edge), recv(nack(LISTENER, words)), quiet,
        after(1.9), quiet,
        after(0.1), sent(LISTENER, edge), recv(ack(LISTENER)), quiet,
        after(60), quiet,
    )  # fmt: skip
    assert [type(it) for it in play.events if not isinstance(it, Settled)] == [Nacked, Nacked, Acked]


def test_a_listener_that_is_wrong_is_not_tried_again(play: Transcript) -> None:
    play(
        known(resource("edge", b"edge"), of=LISTENER),
        recv(subscribe(LISTENER)), sent(LISTENER, "edge"),
        recv(nack(LISTENER, "edge: no filter chains")), quiet,
        after(60), quiet,
    )  # fmt: skip
