"""A service that remembers which requests it got: a backend, a mirror, or one that authorizes."""

import http.server
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.envoy.http_service import listening

OF_THE_MOMENT = ("x-request-id", "x-forwarded-for", "host")


class Got(NamedTuple):
    """A request as it arrived, without what differs from request to request."""

    method: str
    target: str
    host: str
    headers: tuple[tuple[str, str], ...]


class Service:
    """What was asked of a service since somebody looked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._got: list[Got] = []

    def remember(self, got: Got) -> None:
        """Keep a request."""
        self._got.append(got)

    def __len__(self) -> int:
        return len(self._got)

    def look(self) -> list[Got]:
        """Return what was asked, and forget it."""
        got, self._got = self._got, []
        return got


@contextmanager
def remembering(answer: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Answer every request with 200 and these headers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            pairs = [(name.lower(), value) for name, value in self.headers.items()]
            lasting = tuple(sorted(pair for pair in pairs if pair[0] not in OF_THE_MOMENT))
            service.remember(Got(self.command, self.path, dict(pairs).get("host", ""), lasting))
            self.send_response(200)
            for name, value in (answer or {}).items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST = do_HEAD = do_OPTIONS = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    with listening(Handler) as port:
        service = Service(port)
        yield service
