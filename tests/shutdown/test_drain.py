"""When an Envoy may end, and whose connections count."""

import pytest

from xds_server.shutdown.drain import Drain, Limits, connections

LIMITS = Limits(10, 60)


@pytest.mark.parametrize(
    ("passed", "open_", "over"),
    [
        (9, 0, False),
        (10, 0, True),
        (10, 3, False),
        (10, None, False),
        (59, 3, False),
        (60, 3, True),
        (60, None, True),
    ],
)
def test_an_envoy_ends_when_its_clients_are_gone_but_not_too_soon_nor_too_late(
    passed: float, open_: int | None, over: bool
) -> None:
    assert Drain(100.0, open_).over(100.0 + passed, LIMITS) is over


def test_connections_of_clients_are_counted_once() -> None:
    stats = """\
listener.0.0.0.0_80.downstream_cx_active: 2
listener.0.0.0.0_80.worker_0.downstream_cx_active: 1
listener.0.0.0.0_443.downstream_cx_active: 3
listener.admin.downstream_cx_active: 1
listener.probes.downstream_cx_active: 1
http.tcp/80.downstream_cx_active: 2
"""
    assert connections(stats) == 5
