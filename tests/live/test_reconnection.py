"""What was not sent is tried once at another endpoint, and what was sent never, however a backend fails."""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.client import Edge
from tests.live.documents import gateway, gateway_class, http_route, listener, rule, served
from tests.live.stack import Folder, Ports, bootstrap_of, serve

pytestmark = pytest.mark.live

CLIENTS = 8
REQUESTS = 1000
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
BROKEN_OFF = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for no time: to close is to reset."""


class Backend:
    """Accepts connections, reads a request on each or not, and answers, breaks off, or resets."""

    def __init__(self, answer: bytes, *, reads: bool = True) -> None:
        self.requests = 0
        self.port = 0
        self._answer = answer
        self._reads = reads
        self._listener = socket.create_server((LOOPBACK, 0), backlog=512)
        self.port = self._listener.getsockname()[1]

    def run(self) -> None:
        """Serve until closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Accept nothing more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while self._reads and b"\r\n\r\n" in connection.recv(65536):
                self.requests += 1
                connection.sendall(self._answer)
                if self._answer != OK:
                    break
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


@contextmanager
def backend(answer: bytes, *, reads: bool = True) -> Iterator[Backend]:
    """Run a backend for as long as the block lasts."""
    made = Backend(answer, reads=reads)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


@contextmanager
def refusing() -> Iterator[int]:
    """Yield a port that refuses connections, and that nobody else can take for as long as the block lasts."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield bound.getsockname()[1]


class Stage:
    """A Gateway under `gatehouse serve`, and its Envoy; each route is one to a Service of the same name."""

    def __init__(self, folder: Folder, edge: Edge, envoy: Envoy) -> None:
        self._folder = folder
        self._edge = edge
        self._envoy = envoy

    def route(self, name: str, *ports: int, **more: object) -> None:
        """Serve a route to a Service with endpoints at these ports, one of which may refuse connections."""
        self._folder.write(f"{name}.yaml", *served(name, *ports), http_route(name, rule(name, **more)))
        wait_until(lambda: self._edge.status(f"{name}.example.com") not in (0, 404), "the route")

    def ask(self, name: str, requests: int = REQUESTS) -> Counter[int]:
        """Send requests one by one over several connections; return how often each status came, 0 for none."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            statuses = clients.map(lambda _: self._edge.status(f"{name}.example.com"), range(requests))
            return Counter(statuses)

    def attempts(self, name: str) -> int:
        """How many connections of a Service could not be made."""
        return self._envoy.stats(rf"cluster\.shop/{name}/80\.upstream_cx_connect_fail$").popitem()[1]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder, ports, port = Folder(Path(tmp_path_factory.mktemp("stage"), "resources")), Ports(), free_port()
    folder.write("edge.yaml", gateway_class(), gateway(listener(port=port)))
    with serve(folder, ports), running(bootstrap_of(ports)) as envoy:
        yield Stage(folder, Edge(LOOPBACK, port), envoy)


def test_of_two_endpoints_one_refuses_and_nobody_notices(stage: Stage) -> None:
    with backend(OK) as good, refusing() as port:
        stage.route("half", good.port, port)
        assert stage.ask("half") == {200: REQUESTS}
        assert stage.attempts("half") > REQUESTS / 4


def test_where_all_endpoints_refuse_there_is_one_503_after_two_attempts(stage: Stage) -> None:
    with refusing() as port:
        stage.route("nobody", port)
        before = stage.attempts("nobody")
        assert stage.ask("nobody", 50) == {503: 50}
        assert 50 <= stage.attempts("nobody") - before <= 100


def test_a_route_without_attempts_tries_nothing_again(stage: Stage) -> None:
    with backend(OK) as good, refusing() as port:
        stage.route("never", good.port, port, retry={"attempts": 0})
        statuses = stage.ask("never", 100)
        assert statuses.keys() == {200, 503}


def test_a_routes_own_retry_keeps_its_meaning(stage: Stage) -> None:
    """What was sent is tried again, as the route asks for."""
    with backend(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n") as bad, backend(OK) as good:
        stage.route("own", good.port, bad.port, retry={"attempts": 3, "codes": [503]})
        assert stage.ask("own", 100) == {200: 100}
        assert bad.requests > 0


@pytest.mark.parametrize(("name", "answer"), [("silent", b""), ("broken-off", BROKEN_OFF)])
def test_a_request_that_was_sent_is_never_sent_again(stage: Stage, name: str, answer: bytes) -> None:
    """Neither where the connection is reset before the answer nor amid it."""
    with backend(answer) as bad, backend(OK) as good:
        stage.route(name, good.port, bad.port)
        before = good.requests + bad.requests
        assert 0 < stage.ask(name, 200)[200] < 200
        assert good.requests + bad.requests - before == 200


def test_a_connection_that_is_reset_at_once_carries_no_request_twice(stage: Stage) -> None:
    with backend(OK, reads=False) as bad, backend(OK) as good:
        stage.route("reset", good.port, bad.port)
        before = good.requests
        statuses = stage.ask("reset", 200)
        assert good.requests - before == statuses[200] <= 200
