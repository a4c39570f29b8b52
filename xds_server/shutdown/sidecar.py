"""The process beside an Envoy: on SIGTERM it has Envoy drain, and answers who asks `/drained` when that is done.

The kubelet asks before it ends Envoy (preStop), so Envoy lives until then. Asking starts nothing: the port is open to
the network, and only the kubelet can send a signal.
"""

import selectors
import signal
import socket
import sys
import time
from contextlib import suppress

from xds_server.shutdown.admin import Absent, Silent, ask
from xds_server.shutdown.drain import FILTER, Drain, Limits, Traffic, traffic

LOOK_SECONDS = 0.5
MAX_WAITING = 64
"""Who asks beyond that takes the place of who has waited longest."""
FAREWELL_SECONDS = 2.0
"""For a kubelet that asks late."""
DRAINED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\ndrained\n"


class Sidecar:
    """Waits for SIGTERM, then for Envoy's connections to end."""

    def __init__(self, admin: str, port: int, limits: Limits) -> None:
        self._admin = admin
        self._limits = limits
        self._waiting: list[socket.socket] = []
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        self._server = socket.create_server(("", port), family=family, backlog=16, dualstack_ipv6=both)
        self._server.setblocking(False)
        self._signals, wakeup = socket.socketpair()
        for end in (self._signals, wakeup):
            end.setblocking(False)
        self._wakeup = wakeup
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._signals, selectors.EVENT_READ)
        self._ended = False
        signal.set_wakeup_fd(wakeup.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.getsockname()[1]
        return port

    def run(self) -> None:
        """Run until Envoy may end."""
        while not self._ended:
            self._turn(None)
        drain = self._begin()
        say(f"draining for {self._limits.minimum:g} to {self._limits.maximum:g} seconds")
        while not drain.over(time.monotonic(), self._limits):
            self._turn(LOOK_SECONDS)
            drain = drain.saw(self._traffic(), time.monotonic())
        say(f"drained with {drain.traffic.connections if drain.traffic else 'unknown'} connections left")
        self._release()

    def _end(self, *_: object) -> None:
        self._ended = True

    def _begin(self) -> Drain:
        """Fail the health check and let clients go: new ones are still served, for some come late."""
        for target in ("/healthcheck/fail", "/drain_listeners?graceful&skip_exit"):
            try:
                ask(self._admin, "POST", target)
            except Silent as error:
                say(f"{target}: {error}")
        now = time.monotonic()
        return Drain(now, now, self._traffic())

    def _traffic(self) -> Traffic | None:
        """Ask what clients do; with an Envoy that is gone they do nothing."""
        try:
            return traffic(ask(self._admin, "GET", f"/stats?filter={FILTER}"))
        except Absent:
            return Traffic()
        except Silent as error:
            say(f"envoy does not say what its clients do: {error}")
            return None

    def _turn(self, seconds: float | None) -> None:
        """Take in who asks, until a signal comes or time is up."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._signals:
                with suppress(BlockingIOError):
                    self._signals.recv(64)
            else:
                with suppress(OSError):
                    self._waiting.append(self._server.accept()[0])
        while len(self._waiting) > MAX_WAITING:
            self._waiting.pop(0).close()

    def _release(self) -> None:
        """Answer all who wait, and who comes late."""
        until = time.monotonic() + FAREWELL_SECONDS
        while (left := until - time.monotonic()) > 0:
            for waiting in self._waiting:
                with waiting, suppress(OSError):
                    waiting.settimeout(0.1)
                    with suppress(TimeoutError):
                        waiting.recv(4096)
                    waiting.sendall(DRAINED)
            self._waiting.clear()
            self._turn(left)


def say(words: str) -> None:
    """Print a line for `kubectl logs`."""
    print(words, file=sys.stderr, flush=True)
