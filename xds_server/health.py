"""The admin port: `/metrics` for Prometheus, `/healthz` and `/readyz` for a kubelet, and the page for people.

Plain HTTP, answered by threads of its own.
"""

import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SILENT_SECONDS = 60.0
"""How long somebody may take to ask, or to read."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _ServerOf6(_Server):
    """At an IPv6 address; at `::` for IPv4 too."""

    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class _Quiet(WSGIRequestHandler):
    timeout = SILENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Probes are not worth a line each."""


class Health:
    """Healthy as long as it answers; ready once `ready` says so. The page, if given, answers everything else."""

    def __init__(self, ready: Callable[[], bool], page: "WSGIApplication | None" = None) -> None:
        self._ready = ready
        self._page = page
        self._metrics = make_wsgi_app()

    def listen(self, host: str, port: int) -> int:
        """Answer from now on and return the port; raises OSError if it is taken."""
        server = make_server(host, port, self._answer, _ServerOf6 if ":" in host else _Server, _Quiet)
        Thread(target=server.serve_forever, name="health", daemon=True).start()
        return server.server_port

    def _answer(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/metrics":
                answer: Iterable[bytes] = self._metrics(environ, start)
                return answer
            case "/healthz":
                status, words = "200 OK", "alive\n"
            case "/readyz" if self._ready():
                status, words = "200 OK", "ready\n"
            case "/readyz":
                status, words = "503 Service Unavailable", "not everything has been read yet\n"
            case _ if self._page is not None:
                return self._page(environ, start)
            case _:
                status, words = "404 Not Found", "there are /healthz, /readyz and /metrics\n"
        start(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [words.encode()]
