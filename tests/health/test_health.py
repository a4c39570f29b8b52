"""What a kubelet and a Prometheus are told."""

import urllib.error
import urllib.request

from xds_server import metrics
from xds_server.health import Health


def get(port: int, path: str) -> tuple[int, str]:
    """Ask over loopback."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_is_healthy_from_the_start_and_ready_when_it_says_so() -> None:
    """/healthz is 200 at once; /readyz is 503 until everything has been read."""
    ready = False
    port = Health(lambda: ready).listen("127.0.0.1", 0)
    assert get(port, "/healthz")[0] == 200
    assert get(port, "/readyz") == (503, "not everything has been read yet\n")
    ready = True
    assert get(port, "/readyz") == (200, "ready\n")


def test_metrics_are_at_one_path_and_nothing_is_elsewhere() -> None:
    """/metrics has ours; any other path is 404."""
    port = Health(lambda: True).listen("127.0.0.1", 0)
    metrics.STREAMS.set(0)
    status, shown = get(port, "/metrics")
    assert status == 200
    assert "gatehouse_xds_streams" in shown
    assert get(port, "/")[0] == 404
