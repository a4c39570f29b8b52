"""When an Envoy may end, and whose connections count."""

import pytest

from xds_server.shutdown.drain import Drain, Limits, Traffic, traffic

LIMITS = Limits(10, 60)
BUSY = Traffic(3, True, 7)


@pytest.mark.parametrize(
    ("passed", "clients", "over"),
    [
        (9, Traffic(), False),
        (10, Traffic(), True),
        (10, BUSY, False),
        (10, None, False),
        (59, BUSY, False),
        (60, BUSY, True),
        (60, None, True),
    ],
)
def test_an_envoy_ends_when_its_clients_are_gone_but_not_too_soon_nor_too_late(
    passed: float, clients: Traffic | None, over: bool
) -> None:
    assert Drain(100.0, 100.0 + passed, clients).over(100.0 + passed, LIMITS) is over


def test_connections_that_nobody_uses_hold_nothing_up() -> None:
    """Ten seconds without a request, none being under way, and an Envoy may close what is open."""
    idle = Traffic(3, False, 7)
    drain = Drain(100.0, 100.0, idle).saw(idle, 109.0)
    assert not drain.over(109.0, LIMITS)
    assert drain.saw(idle, 110.0).over(110.0, LIMITS)


@pytest.mark.parametrize("clients", [Traffic(3, False, 8), Traffic(3, True, 7), None])
def test_a_request_in_between_begins_the_wait_anew(clients: Traffic | None) -> None:
    """One that was answered between two looks, one under way, and an Envoy that does not say."""
    idle = Traffic(3, False, 7)
    drain = Drain(100.0, 100.0, idle).saw(clients, 109.0).saw(idle, 110.0)
    assert not drain.over(115.0, LIMITS)


def test_traffic_of_clients_is_counted_once() -> None:
    stats = """\
listener.0.0.0.0_80.downstream_cx_active: 2
listener.0.0.0.0_80.worker_0.downstream_cx_active: 1
listener.0.0.0.0_443.downstream_cx_active: 3
listener.admin.main_thread.downstream_cx_active: 1
listener.probes.downstream_cx_active: 1
http.http/80/0.downstream_cx_active: 2
http.https/443/web/0.downstream_cx_active: 3
http.http/80/0.downstream_rq_active: 0
http.http/80/0.downstream_rq_total: 41
http.admin.downstream_rq_active: 1
http.admin.downstream_rq_total: 9
http.probes.downstream_rq_total: 5
"""
    assert traffic(stats) == Traffic(5, False, 41)


def test_connections_that_are_not_http_are_busy() -> None:
    """Nobody counts the requests of a TCP connection."""
    assert traffic("listener.0.0.0.0_5432.downstream_cx_active: 1\n") == Traffic(1, True, 0)
