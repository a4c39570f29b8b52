"""HTTP clients that say exactly what a test wants: one request at a time, or without pause."""

import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

PATIENCE = 30.0
KEPT = 50
"""How many failures are described; all are counted."""


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def echo(self) -> dict[str, Any]:
        """What the echo backend says of the request."""
        described: dict[str, Any] = json.loads(self.body)
        return described

    def header(self, name: str) -> str:
        """All values of a header of the response, joined."""
        return ", ".join(self.headers.get_all(name, []))

    def sent(self, name: str) -> list[str]:
        """All values of a header of the request, as the backend got it."""
        values: list[str] = self.echo["headers"].get(name, [])
        return values

    @property
    def rule(self) -> str:
        """Which rule sent the request, where the rule says so."""
        return ", ".join(self.sent("X-Rule")) if self.status == 200 else str(self.status)


class Connection:
    """A connection that stays open for many requests."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext | None = None, server_name: str = "") -> None:
        plain = socket.create_connection((address, port), PATIENCE)
        self.socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=server_name or None)
        self._http = http.client.HTTPConnection(address, port)
        self._http.sock = self.socket
        self._http.auto_open = 0

    def request(
        self, target: str, host: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request and read its response; raises OSError or HTTPException."""
        self._http.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **(headers or {})}.items():
            self._http.putheader(name, value)
        if body:
            self._http.putheader("Content-Length", str(len(body)))
        self._http.endheaders(body or None)
        response = self._http.getresponse()
        return Answer(response.status, response.headers, response.read())

    @property
    def is_open(self) -> bool:
        """Whether the last response left it open."""
        return self._http.sock is not None

    def close(self) -> None:
        """Close it."""
        self._http.close()
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Edge(NamedTuple):
    """A listener, where it is served."""

    address: str
    port: int

    def connect(self, tls: ssl.SSLContext | None = None, server_name: str = "") -> Connection:
        """Open a connection."""
        return Connection(self.address, self.port, tls, server_name)

    def get(self, host: str, target: str = "/", method: str = "GET", **headers: str) -> Answer:
        """Send one request on a connection of its own; `x_name=` is the header X-Name."""
        with self.connect() as connection:
            return connection.request(target, host, method, {k.replace("_", "-"): v for k, v in headers.items()})

    def status(self, host: str, target: str = "/") -> int:
        """The status of one request; 0 where nobody answers."""
        try:
            return self.get(host, target).status
        except (OSError, http.client.HTTPException):
            return 0

    def pod(self, host: str, target: str = "/") -> str:
        """Which pod answers one request; the status where it is not 200."""
        try:
            answer = self.get(host, target)
        except (OSError, http.client.HTTPException):
            return ""
        return str(answer.echo["pod"]) if answer.status == 200 else str(answer.status)


class Load:
    """Requests for one host after the other, again and again, each of which must be answered with 200."""

    def __init__(self, edge: Edge, *hosts: str, pace: float = 0.005) -> None:
        self.hosts = hosts
        """May be replaced at any time."""
        self.statuses: Counter[int] = Counter()
        """0 stands for a connection that failed."""
        self.failures: list[str] = []
        self._edge = edge
        self._pace = pace
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return self.statuses.total()

    def run(self) -> None:
        """Send requests until stopped; a connection that failed is followed by another."""
        connection: Connection | None = None
        while not self._stop.wait(self._pace):
            for host in self.hosts:
                try:
                    connection = connection or self._edge.connect()
                    answer = connection.request("/", host)
                    self._note(host, answer.status, answer.body[:200].decode(errors="replace"))
                    if connection.is_open:
                        continue
                except (OSError, http.client.HTTPException) as error:
                    self._note(host, 0, repr(error))
                if connection is not None:
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()

    def _note(self, host: str, status: int, words: str) -> None:
        with self._lock:
            self.statuses[status] += 1
            if status != 200 and len(self.failures) < KEPT:
                self.failures.append(f"after {time.monotonic() - self._began:.3f} s, {host}: {status} {words}")


@contextmanager
def requests(edge: Edge, *hosts: str, threads: int = 2, pace: float = 0.005) -> Iterator[Load]:
    """Send requests for as long as the block lasts, on several connections."""
    load = Load(edge, *hosts, pace=pace)
    workers = [threading.Thread(target=load.run, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield load
    finally:
        load.stop()
        for worker in workers:
            worker.join(2 * PATIENCE)
