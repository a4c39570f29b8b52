"""Scopes: what requests reach is pointed at whole tables alone, and stays for as long as somebody needs it."""

import pytest

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
    state,
    subscribe,
    unsubscribe,
)
from tests.ads.world import CLUSTER, GATEWAY, LISTENER, ROUTE, SCOPE, a_cluster, a_host, a_scope
from translator.xds.resource import Resource, resource, route_table
from xds_server.ads.events import Nacked
from xds_server.ads.report import Standing
from xds_server.ads.session import DeltaSession
from xds_server.ads.sotw import SotwSession

edge = resource("edge", b"edge", scopes=["key"])
one, four = route_table("one", b""), route_table("four", b"")
hold_one, hold_four = a_scope("hold one", "-", "one"), a_scope("hold four", "-", "four")


def to(table: str) -> Resource:
    """The scope that requests reach."""
    return a_scope("key", "key", table)


@pytest.fixture
def play() -> Transcript:
    return Transcript(DeltaSession)


def serving(play: Transcript) -> None:
    """An Envoy whose listener finds the table `one` by its scope."""
    play(
        known(edge, of=LISTENER), known(to("one"), hold_one, of=SCOPE), known(one, a_host("a"), of="one"),
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, edge), recv(ack(LISTENER)),
        recv(subscribe(SCOPE)), sent(SCOPE, "hold one", "key"),
        recv(subscribe(ROUTE, "one")), sent(ROUTE, "one"), recv(ack(SCOPE)), recv(ack(ROUTE)), quiet,
    )  # fmt: skip


def resharded(play: Transcript, *hosts: str) -> None:
    """The table `four` takes the place of `one`; Envoy has asked for it."""
    play(
        known(four, *(a_host(host) for host in hosts), of="four"), known(to("four"), hold_four, of=SCOPE),
        known((SCOPE, "hold one")), pushed((ROUTE, "one")), sent(SCOPE, hold_four, removed=["hold one"]),
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)), quiet,
    )  # fmt: skip


def test_a_scope_moves_to_a_table_once_that_is_acked_and_the_old_table_goes_unsaid(play: Transcript) -> None:
    serving(play)
    assert play.session.settled
    resharded(play, "a")
    assert not play.session.settled
    play(
        recv(ack(ROUTE)), sent(SCOPE, to("four")),
        recv(unsubscribe(ROUTE, "one")), recv(ack(SCOPE)), quiet,
    )  # fmt: skip
    assert play.session.settled
    standings = {one.name: one.standing for it in play.session.report().types for one in it.resources}
    assert standings["key"] is Standing.SYNCED


def test_what_comes_to_a_table_meanwhile_is_not_waited_for(play: Transcript) -> None:
    serving(play)
    resharded(play, "a")
    play(
        pushed(a_host("b"), of="four"), quiet,
        recv(ack(ROUTE)), sent(ROUTE, "four"), quiet,
        recv(ack(ROUTE)), sent(SCOPE, to("four")),
    )  # fmt: skip


def test_clusters_that_the_old_table_names_stay_until_envoy_gives_it_up(play: Transcript) -> None:
    cart = a_cluster("cart", "dns")
    play(known(cart, of=CLUSTER), known(one, a_host("a", ("cart",)), of="one"), known(edge, of=LISTENER))
    play(
        known(to("one"), hold_one, of=SCOPE),
        recv(subscribe(CLUSTER)), sent(CLUSTER, cart), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, edge), recv(ack(LISTENER)),
        recv(subscribe(SCOPE)), sent(SCOPE, "hold one", "key"),
        recv(subscribe(ROUTE, "one")), sent(ROUTE, "one"), recv(ack(SCOPE)), recv(ack(ROUTE)),
        known((CLUSTER, "cart")),
    )  # fmt: skip
    resharded(play, "a")
    play(
        recv(ack(ROUTE)), sent(SCOPE, to("four")),
        recv(unsubscribe(ROUTE, "one")), sent(CLUSTER, removed=["cart"]), recv(ack(SCOPE)),
    )  # fmt: skip


def test_a_scope_does_not_move_to_a_refused_table_until_it_is_mended(play: Transcript) -> None:
    serving(play)
    play(
        known(four, of="four"), known(to("four"), hold_four, of=SCOPE), pushed((ROUTE, "one")), sent(SCOPE, hold_four),
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)),
        recv(nack(ROUTE)), quiet,
        after(60), quiet,
        pushed(route_table("four", b"mended")), sent(ROUTE, "four"), recv(ack(ROUTE)), sent(SCOPE, to("four")),
    )  # fmt: skip


def test_a_refused_host_keeps_the_routes_that_it_had_in_the_old_table(play: Transcript) -> None:
    serving(play)
    bad = a_host("a", revision=2, verdict="bad")
    play(pushed(bad, of="one"), sent(ROUTE, "one"), recv(nack(ROUTE)), quiet)
    play(
        known(four, bad, a_host("b"), of="four"), known(to("four"), hold_four, of=SCOPE),
        pushed((ROUTE, "one")), sent(SCOPE, hold_four),
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)),
        recv(nack(ROUTE, "a is bad")), sent(ROUTE, "four"), recv(ack(ROUTE)), sent(ROUTE, "four"),
        recv(nack(ROUTE, "a is bad")), sent(ROUTE, "four"), recv(ack(ROUTE)), sent(SCOPE, to("four")),
    )  # fmt: skip
    held = play.session._channels[ROUTE].sendable("four")
    assert held is not None
    assert held.body == a_host("a").frame + a_host("b").frame


def test_a_refused_host_keeps_the_routes_that_it_had_before_there_were_scopes(play: Transcript) -> None:
    """The table of a listener that has one goes by another name than the shards that take its place."""
    plain, divided = route_table("web/0", b""), route_table("web/4.1", b"")
    scoped = resource("edge", b"scoped", scopes=["key"])
    bad = a_host("a", revision=2, verdict="bad")
    play(
        known(resource("edge", b"edge", tables=["web/0"]), of=LISTENER), known(plain, a_host("a"), of="web/0"),
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, "edge"), recv(subscribe(ROUTE, "web/0")), sent(ROUTE, "web/0"),
        recv(ack(LISTENER)), recv(ack(ROUTE)), quiet,
        known(a_scope("key", "key", "web/4.1"), of=SCOPE), known(divided, bad, a_host("b"), of="web/4.1"),
        known((ROUTE, "web/0")), pushed(scoped, of=LISTENER), sent(LISTENER, scoped),
        recv(subscribe(SCOPE)), sent(SCOPE, "key"), recv(ack(LISTENER)),
        recv(subscribe(ROUTE, "web/4.1")), sent(ROUTE, "web/4.1"), recv(ack(SCOPE)),
        recv(nack(ROUTE, "a is bad")), sent(ROUTE, "web/4.1"), recv(ack(ROUTE)), sent(ROUTE, "web/4.1"),
        recv(nack(ROUTE, "a is bad")), sent(ROUTE, "web/4.1"), recv(ack(ROUTE)), quiet,
    )  # fmt: skip
    held = play.session._channels[ROUTE].sendable("web/4.1")
    assert held is not None
    assert held.body == a_host("a").frame + a_host("b").frame


def test_no_scopes_go_to_a_listener_that_needs_them_no_more(play: Transcript) -> None:
    """It would be in service without a route until its next version, which waits for an ACK, has come."""
    plain = resource("edge", b"plain", tables=["one"])
    play(
        known(edge, of=LISTENER), known(to("one"), of=SCOPE), known(one, a_host("a"), of="one"),
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER)), sent(LISTENER, edge),
        known((SCOPE, "key")), pushed(plain, of=LISTENER), quiet,
        recv(subscribe(SCOPE)), quiet,
        recv(ack(LISTENER)), sent(LISTENER, plain), sent(SCOPE), recv(ack(SCOPE)),
    )  # fmt: skip


def test_an_envoy_that_never_asks_for_a_table_is_pointed_at_it_in_the_end(play: Transcript) -> None:
    """The scope that was to make it ask was refused; now the other one does."""
    serving(play)
    play(
        known(four, of="four"), known(to("four"), hold_four, of=SCOPE), pushed((ROUTE, "one")), sent(SCOPE, hold_four),
        recv(nack(SCOPE, "scope key conflict found")), quiet,
        after(4.9), quiet,
        after(0.2), sent(SCOPE, to("four")),
    )  # fmt: skip
    assert [event.name for event in play.events if isinstance(event, Nacked)] == ["hold four"]


def test_a_change_that_is_taken_back_in_time_moves_nothing(play: Transcript) -> None:
    serving(play)
    resharded(play, "a")
    play(
        known(one, a_host("a"), of="one"), known(to("one"), hold_one, of=SCOPE), known((SCOPE, "hold four")),
        pushed((ROUTE, "four")), sent(SCOPE, hold_one, removed=["hold four"]),
        recv(ack(ROUTE)), quiet,
        recv(ack(SCOPE)), quiet,
    )  # fmt: skip


def test_a_table_that_comes_back_is_waited_for_as_long_as_before(play: Transcript) -> None:
    serving(play)
    play(
        known(four, of="four"), known(to("four"), hold_four, of=SCOPE), pushed(), sent(SCOPE, hold_four),
        known(to("one"), of=SCOPE), known((SCOPE, "hold four")), pushed((ROUTE, "four")),
        recv(ack(SCOPE)), sent(SCOPE, removed=["hold four"]), recv(ack(SCOPE)),
        after(60), quiet,
        known(four, of="four"), known(to("four"), hold_four, of=SCOPE), pushed(), sent(SCOPE, hold_four),
        recv(ack(SCOPE)), quiet,
        after(4.9), quiet,
    )  # fmt: skip


def test_scopes_leave_after_the_listener_that_named_them_has_drained(play: Transcript) -> None:
    serving(play)
    play(
        known((SCOPE, "key")), known((SCOPE, "hold one")), known((ROUTE, "one")),
        pushed((LISTENER, "edge")), sent(LISTENER, removed=["edge"]), sent(SCOPE, removed=["hold one"]),
        recv(ack(SCOPE)), recv(ack(LISTENER)), quiet,
        after(29), quiet,
        after(2), sent(SCOPE, removed=["key"]),
    )  # fmt: skip


def test_a_further_listener_waits_for_its_scopes_and_their_tables(play: Transcript) -> None:
    """Envoy puts it in service at once: it has its scopes already, as far as it knows."""
    serving(play)
    other = resource("other", b"other", scopes=["other key"])
    other_key = a_scope("other key", "other key", "four")
    play(
        known(other, of=LISTENER), known(four, of="four"),
        pushed(other_key, of=SCOPE), sent(SCOPE, other_key),
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)), quiet,
        recv(ack(ROUTE)), sent(LISTENER, other), sent(SCOPE, "hold one", "key", "other key"),
    )  # fmt: skip


def test_a_listener_whose_tables_do_not_come_is_sent_in_the_end(play: Transcript) -> None:
    serving(play)
    other = resource("other", b"other", scopes=["other key"])
    play(
        known(other, of=LISTENER),
        pushed(a_scope("other key", "other key", "nowhere"), of=SCOPE), sent(SCOPE, "other key"), recv(ack(SCOPE)),
        after(4.9), quiet,
        after(0.2), sent(LISTENER, other), sent(SCOPE, "hold one", "key", "other key"),
    )  # fmt: skip


def test_the_first_listener_after_the_last_one_gets_scopes_again(play: Transcript) -> None:
    """Envoy forgot them with the last listener that needed them, and does not ask twice on a stream."""
    serving(play)
    play(
        pushed((LISTENER, "edge")), sent(LISTENER, removed=["edge"]), recv(ack(LISTENER)), quiet,
        pushed(edge, of=LISTENER), sent(LISTENER, edge), sent(SCOPE, "hold one", "key"),
    )  # fmt: skip


def test_a_listener_that_needs_scopes_anew_waits_for_its_table_while_the_last_one_drains(play: Transcript) -> None:
    """Envoy is subscribed for the sake of the one that drains, and puts the next in service at once."""
    serving(play)
    plain, other = resource("other", b"plain"), resource("other", b"other", scopes=["other key"])
    other_key = a_scope("other key", "other key", "four")
    play(
        pushed(plain, of=LISTENER), sent(LISTENER, plain), recv(ack(LISTENER)),
        known((SCOPE, "key")), known((SCOPE, "hold one")), known((ROUTE, "one")),
        pushed((LISTENER, "edge")), sent(LISTENER, removed=["edge"]), sent(SCOPE, removed=["hold one"]),
        recv(ack(SCOPE)), recv(ack(LISTENER)), quiet,
        known(four, of="four"), known(other_key, of=SCOPE), pushed(other, of=LISTENER), sent(SCOPE, other_key),
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)), quiet,
        recv(ack(ROUTE)), sent(LISTENER, other), sent(SCOPE, "other key"),
    )  # fmt: skip


def test_a_first_listener_that_was_refused_waits_for_no_scopes_once_it_is_mended(play: Transcript) -> None:
    """Envoy asks for scopes when it has a listener that needs them."""
    mended = resource("edge", b"mended", scopes=["key"])
    play(
        known(edge, of=LISTENER), known(to("one"), of=SCOPE), known(one, of="one"),
        recv(subscribe(LISTENER)), sent(LISTENER, edge), recv(nack(LISTENER)), quiet,
        pushed(mended, of=LISTENER), sent(LISTENER, mended), recv(ack(LISTENER)),
    )  # fmt: skip


def test_a_listener_that_needs_scopes_anew_is_sent_in_the_end_if_the_last_one_has_drained_early(
    play: Transcript,
) -> None:
    """Envoy forgot the scopes with it, without a word, and asks for no table."""
    serving(play)
    plain, other = resource("other", b"plain"), resource("other", b"other", scopes=["key"])
    play(
        pushed(plain, of=LISTENER), sent(LISTENER, plain), recv(ack(LISTENER)),
        pushed((LISTENER, "edge")), sent(LISTENER, removed=["edge"]), recv(ack(LISTENER)),
        recv(unsubscribe(ROUTE, "one")), quiet,
        pushed(other, of=LISTENER), quiet,
        after(4.9), quiet,
        after(0.2), sent(LISTENER, other), sent(SCOPE, "hold one", "key"),
    )  # fmt: skip


def test_an_envoy_that_comes_back_is_pointed_at_a_table_after_it_has_it(play: Transcript) -> None:
    serving(play)
    held = play.cache[GATEWAY].tables["one"].version
    play(
        known(four, a_host("a"), of="four"), known(to("four"), hold_four, of=SCOPE), known((ROUTE, "one")),
        reconnected,
        recv(subscribe(CLUSTER)), sent(CLUSTER), recv(ack(CLUSTER)),
        recv(subscribe(LISTENER, has={"edge": edge.version})), quiet,
        recv(subscribe(SCOPE, has={"key": to("one").version, "hold one": hold_one.version})),
        sent(SCOPE, hold_four, hold_one),
        recv(subscribe(ROUTE, "one", has={"one": held})), quiet,
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(SCOPE)), quiet,
        recv(ack(ROUTE)), sent(SCOPE, to("four")),
    )  # fmt: skip


def test_a_listener_that_came_to_need_scopes_while_the_envoy_was_away_waits_for_it_to_ask(play: Transcript) -> None:
    """Envoy has scopes for another listener, and puts this one in service at once."""
    serving(play)
    plain, other = resource("other", b"plain"), resource("other", b"other", scopes=["other key"])
    held = {"edge": edge.version, "other": plain.version}
    play(
        known(four, of="four"), known(a_scope("other key", "other key", "four"), of=SCOPE),
        known(other, of=LISTENER), reconnected,
        recv(subscribe(LISTENER, has=held)), quiet,
        recv(subscribe(SCOPE, has={"key": to("one").version, "hold one": hold_one.version})),
        sent(SCOPE, "hold one", "key", "other key"), quiet,
        recv(subscribe(ROUTE, "one", "four", has={"one": play.cache[GATEWAY].tables["one"].version})),
        sent(ROUTE, "four"), recv(ack(SCOPE)), quiet,
        recv(ack(ROUTE)), sent(LISTENER, other), recv(ack(LISTENER)), quiet,
    )  # fmt: skip
    play(
        reconnected,
        recv(subscribe(LISTENER, has=held)), quiet,
        after(14.9), quiet,
        after(0.2), sent(LISTENER, other),
    )  # fmt: skip


def test_first_scopes_that_are_refused_go_out_but_for_the_one_at_fault(play: Transcript) -> None:
    """The listener is in service since the first refusal, so what is not at fault must come soon."""
    play(
        known(edge, of=LISTENER), known(to("one"), hold_one, of=SCOPE), known(one, of="one"),
        recv(subscribe(LISTENER)), sent(LISTENER, edge),
        recv(subscribe(SCOPE)), sent(SCOPE, hold_one, to("one")), recv(ack(LISTENER)),
        recv(nack(SCOPE)), sent(SCOPE, hold_one), recv(nack(SCOPE)), sent(SCOPE, to("one")),
        recv(subscribe(ROUTE, "one")), sent(ROUTE, "one"), recv(ack(SCOPE)), recv(ack(ROUTE)), quiet,
    )  # fmt: skip


def test_clusters_from_before_stay_while_a_refused_scope_keeps_a_table_that_nobody_knows(play: Transcript) -> None:
    """The table left the snapshot while the Envoy was away, and may name any of them."""
    serving(play)
    held, mended = play.cache[GATEWAY].tables["one"].version, a_scope("key", "key", "four", "mended")
    play(
        known(four, of="four"), known(to("four"), hold_four, of=SCOPE),
        known((SCOPE, "hold one")), known((ROUTE, "one")),
        reconnected,
        recv(subscribe(CLUSTER, has={"cart": "1"})), quiet,
        recv(subscribe(LISTENER, has={"edge": edge.version})), quiet,
        recv(subscribe(SCOPE, has={"key": to("one").version})), sent(SCOPE, hold_four),
        recv(subscribe(ROUTE, "one", has={"one": held})), recv(ack(SCOPE)), quiet,
        recv(subscribe(ROUTE, "four")), sent(ROUTE, "four"), recv(ack(ROUTE)), sent(SCOPE, to("four")),
        recv(nack(SCOPE)), quiet,
        after(60), quiet,
        pushed(mended, of=SCOPE), sent(SCOPE, mended), recv(ack(SCOPE)), quiet,
        recv(unsubscribe(ROUTE, "one")), sent(CLUSTER, removed=["cart"]), recv(ack(CLUSTER)),
    )  # fmt: skip


def test_the_state_of_the_world_lists_a_scope_that_waits_as_it_was() -> None:
    play = Transcript(SotwSession)
    play(
        known(edge, of=LISTENER), known(to("one"), hold_one, of=SCOPE), known(one, a_host("a"), of="one"),
        recv(state(LISTENER)), sent(LISTENER, edge), recv(state(LISTENER, nonce="?")),
        recv(state(SCOPE)), sent(SCOPE, hold_one, to("one")), recv(state(SCOPE, nonce="?")),
        recv(state(ROUTE, "one")), sent(ROUTE, "one"), recv(state(ROUTE, "one", nonce="?")),
        known(four, a_host("a"), of="four"), known(to("four"), hold_four, of=SCOPE),
        pushed((ROUTE, "one")), sent(SCOPE, hold_four, hold_one, to("one")),
        recv(state(ROUTE, "one", "four", nonce="?")), sent(ROUTE, "four"), recv(state(SCOPE, nonce="?")), quiet,
        recv(state(ROUTE, "one", "four", nonce="?")), sent(SCOPE, hold_four, hold_one, to("four")),
    )  # fmt: skip
