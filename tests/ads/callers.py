"""Clients that keep their one connection, and stop at the first thing that goes wrong on it; a backend that echoes."""

import http.client
import itertools
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler

import h2.config
import h2.connection
import h2.events

from tests.envoy.http_service import listening
from tests.envoy.running import LOOPBACK

PATIENCE = 10.0
Request = Mapping[str, str]
"""The headers of a request, Host as `host`."""


class Echo(BaseHTTPRequestHandler):
    """200, 101 for an upgrade; what follows the head of a POST or an upgrade is sent back as it comes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "upgrade" not in self.headers:
            self._begin(200, ("content-length", "0"))
            return
        self._begin(101, ("connection", "upgrade"), ("upgrade", self.headers["upgrade"]))
        while data := self.rfile.read1(65536):  # type: ignore[attr-defined]
            self.wfile.write(data)

    def do_POST(self) -> None:
        self._begin(200, ("transfer-encoding", "chunked"))
        data = b""
        while not data.endswith(b"0\r\n\r\n") and (data := self.rfile.read1(65536)):  # type: ignore[attr-defined]
            self.wfile.write(data)

    def _begin(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def echoing() -> Iterator[int]:
    """Run the backend; yields its port."""
    with listening(Echo) as port:
        yield port


class Calls:
    """What came of the calls so far: answers by caller and status, and what went wrong."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []


@contextmanager
def calling(port: int, requests: list[Request]) -> Iterator[Calls]:
    """Call without pause while the block lasts: over HTTP/1, HTTP/2 (and on a stream that stays open), WebSocket."""
    calls, done = Calls(), threading.Event()
    with ExitStack() as stack:
        for caller in (_keep_alive, _multiplex, _web_socket):
            thread = threading.Thread(target=_run, args=(caller, port, requests, calls, done))
            thread.start()
            stack.callback(thread.join)
            stack.callback(done.set)
        yield calls


Caller = Callable[[int, Iterator[Request], Calls, threading.Event], None]


def _run(caller: Caller, port: int, requests: list[Request], calls: Calls, done: threading.Event) -> None:
    try:
        caller(port, itertools.cycle(requests), calls, done)
    except (OSError, http.client.HTTPException, AssertionError) as error:
        calls.faults.append(f"{caller.__name__}: {error!r}")


def _keep_alive(port: int, requests: Iterator[Request], calls: Calls, done: threading.Event) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    connection.connect()
    connection.auto_open = 0
    while not done.is_set():
        connection.request("GET", "/", headers=dict(next(requests)))
        answer = connection.getresponse()
        answer.read()
        calls.answers["HTTP/1", answer.status] += 1
        assert answer.getheader("connection") != "close", "Envoy drains the connection"
    connection.close()


def _multiplex(port: int, requests: Iterator[Request], calls: Calls, done: threading.Event) -> None:
    peer = Multiplexed(port)
    stays_open = peer.open("POST", next(requests), ends=False)
    assert peer.status(stays_open) == 200
    while not done.is_set():
        calls.answers["HTTP/2", peer.status(peer.open("GET", next(requests)))] += 1
        peer.say(stays_open, b"still here")
        calls.answers["stream", 200 if peer.heard(stays_open) == b"still here" else 0] += 1
    peer.close()


def _web_socket(port: int, requests: Iterator[Request], calls: Calls, done: threading.Event) -> None:
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as peer, peer.makefile("rb") as answers:
        upgrade = {**next(requests), "connection": "upgrade", "upgrade": "websocket"}
        head = "".join(f"{name}: {value}\r\n" for name, value in upgrade.items())
        peer.sendall(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
        assert b" 101 " in answers.readline(), "no upgrade"
        while answers.readline().strip():
            pass
        while not done.is_set():
            peer.sendall(b"still here\n")
            calls.answers["WebSocket", 101 if answers.readline() == b"still here\n" else 0] += 1


class Multiplexed:
    """One connection of HTTP/2, without TLS."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        self._events: dict[int, list[h2.events.Event]] = {}

    def open(self, method: str, request: Request, ends: bool = True) -> int:
        stream = self._http.get_next_available_stream_id()
        rest = [(name, value) for name, value in request.items() if name != "host"]
        head = [(":method", method), (":scheme", "http"), (":authority", request["host"]), (":path", "/"), *rest]
        self._http.send_headers(stream, head, end_stream=ends)
        return stream

    def say(self, stream: int, data: bytes) -> None:
        self._http.send_data(stream, data)

    def status(self, stream: int) -> int:
        event = self._next(stream, h2.events.ResponseReceived)
        return int(dict(event.headers)[":status"])

    def heard(self, stream: int) -> bytes:
        data: bytes = self._next(stream, h2.events.DataReceived).data
        return data

    def close(self) -> None:
        self._http.close_connection()
        self._socket.sendall(self._http.data_to_send())
        self._socket.close()

    def _next(self, stream: int, kind: type[h2.events.Event]) -> h2.events.Event:
        while True:
            waiting = self._events.setdefault(stream, [])
            while waiting:
                if isinstance(event := waiting.pop(0), kind):
                    return event
            self._socket.sendall(self._http.data_to_send())
            data = self._socket.recv(65536)
            assert data, "Envoy closed the connection"
            for event in self._http.receive_data(data):
                assert not isinstance(event, h2.events.ConnectionTerminated), "Envoy drains the connection"
                assert not isinstance(event, h2.events.StreamReset), "Envoy reset a stream"
                if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                    self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._events.setdefault(getattr(event, "stream_id", 0), []).append(event)
