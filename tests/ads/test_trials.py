"""A table that an Envoy brings along serves requests: what is wrong in the new one is all that is left out."""

import pytest

from tests.ads.transcript import Transcript, ack, known, nack, pushed, quiet, recv, sent, subscribe
from tests.ads.world import ROUTE, a_host
from translator.xds.resource import Resource, VirtualHost, route_table
from xds_server.ads.events import Nacked
from xds_server.ads.session import DeltaSession
from xds_server.ads.trials import TRIED_ONE_BY_ONE
from xds_server.route_configuration import RouteConfiguration

web, api = route_table("web", b""), route_table("api", b"")
a, c = a_host("a"), a_host("c")
bad = a_host("b", revision=2, verdict="bad")
OLD = f"{0xABC:032x}"
"""The version of a table that nobody here knows."""


@pytest.fixture
def play() -> Transcript:
    return Transcript(DeltaSession)


def of_web(*hosts: VirtualHost) -> Resource:
    """The table `web` with these hosts."""
    table = RouteConfiguration().edited(web, {host.name: host for host in hosts})
    return Resource("web", table.version, table.body)


def convicted(play: Transcript) -> list[tuple[str, str]]:
    return [(event.name, event.host) for event in play.events if isinstance(event, Nacked)]


def test_each_host_is_left_out_in_turn_until_the_rest_is_accepted(play: Transcript) -> None:
    play(
        known(web, a, bad, c, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": OLD})), sent(ROUTE, of_web(a, bad, c)),
        recv(nack(ROUTE)), sent(ROUTE, of_web(bad, c)),
        recv(nack(ROUTE)), sent(ROUTE, of_web(a, c)),
        recv(ack(ROUTE)), sent(ROUTE, of_web(a, bad, c)),
        recv(nack(ROUTE)), quiet,
    )  # fmt: skip
    assert convicted(play) == [("web", "b")]


def test_who_is_named_is_left_out_first(play: Transcript) -> None:
    play(
        known(web, a, bad, c, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": OLD})), sent(ROUTE, of_web(a, bad, c)),
        recv(nack(ROUTE, "b: why")), sent(ROUTE, of_web(a, c)), recv(ack(ROUTE)), sent(ROUTE, of_web(a, bad, c)),
        recv(nack(ROUTE, "b: why")), quiet,
    )  # fmt: skip


def test_all_who_are_named_are_left_out_together_where_one_does_not_do(play: Transcript) -> None:
    worse, words = a_host("c", verdict="bad"), "b, c: why"
    play(
        known(web, a, bad, worse, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": OLD})), sent(ROUTE, of_web(a, bad, worse)),
        recv(nack(ROUTE, words)), sent(ROUTE, of_web(a, worse)),
        recv(nack(ROUTE, words)), sent(ROUTE, of_web(a, bad)),
        recv(nack(ROUTE, words)), sent(ROUTE, of_web(a)), recv(ack(ROUTE)), sent(ROUTE, of_web(a, bad, worse)),
    )  # fmt: skip


def test_one_table_is_not_divided_for_the_sake_of_another(play: Transcript) -> None:
    """Both have a host of the name that Envoy says, and one of them is good."""
    play(
        known(web, a, a_host("b"), of="web"), known(api, bad, of="api"),
        recv(subscribe(ROUTE, "api", "web", has={"api": OLD, "web": OLD})), sent(ROUTE, "api", "web"),
        recv(nack(ROUTE, "b: why")), sent(ROUTE, of_web(a, a_host("b"))),
        recv(ack(ROUTE)), sent(ROUTE, "api"),
    )  # fmt: skip


def test_a_table_that_lacks_a_host_is_known_by_its_version(play: Transcript) -> None:
    """An Envoy comes without what it refused when the control plane was another one."""
    play(
        known(web, a, bad, c, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": of_web(a, c).version})), sent(ROUTE, of_web(a, bad, c)),
        recv(nack(ROUTE)), quiet,
    )  # fmt: skip
    assert convicted(play) == [("web", "b")]


def test_a_table_that_lacks_two_hosts_is_known_by_its_version(play: Transcript) -> None:
    worse = a_host("d", verdict="bad")
    play(
        known(web, a, bad, c, worse, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": of_web(a, c).version})), sent(ROUTE, of_web(a, bad, c, worse)),
        recv(nack(ROUTE)), sent(ROUTE, of_web(a, bad, c)), recv(nack(ROUTE)), sent(ROUTE, of_web(a, c, worse)),
        recv(nack(ROUTE)), quiet,
    )  # fmt: skip
    assert convicted(play) == [("web", "b"), ("web", "d")]


def test_the_versions_of_another_control_plane_tell_nothing(play: Transcript) -> None:
    play(known(web, a, of="web"), recv(subscribe(ROUTE, "web", has={"web": "v7"})), sent(ROUTE, of_web(a)))


def test_of_a_large_table_those_who_are_named_are_left_out_alone(play: Transcript) -> None:
    many = [a_host(f"h{nth:03}") for nth in range(TRIED_ONE_BY_ONE)]
    play(
        known(web, *many, bad, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": OLD})), sent(ROUTE, "web"),
        recv(nack(ROUTE, "b: why")), sent(ROUTE, of_web(*many)),
        recv(nack(ROUTE)), sent(ROUTE, "web"), recv(ack(ROUTE)), sent(ROUTE, "web"),
    )  # fmt: skip


def test_what_changed_meanwhile_is_tried_anew(play: Transcript) -> None:
    mended = a_host("b", revision=3)
    play(
        known(web, a, bad, of="web"),
        recv(subscribe(ROUTE, "web", has={"web": OLD})), sent(ROUTE, of_web(a, bad)),
        recv(nack(ROUTE)), sent(ROUTE, of_web(bad)),
        pushed(mended, of="web"), quiet,
        recv(nack(ROUTE)), sent(ROUTE, of_web(a, mended)), recv(ack(ROUTE)), quiet,
    )  # fmt: skip
    assert convicted(play) == []
