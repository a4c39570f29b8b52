"""Requests as a client writes them, over HTTP/1 and HTTP/2, and what is said to them: for comparing two listeners."""

import socket
from collections.abc import Sequence
from typing import NamedTuple

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests.envoy.running import LOOPBACK, PATIENCE

Header = tuple[str, str]

OF_THE_MOMENT = ("date", "x-request-id", "content-length")
"""Headers that differ from answer to answer."""


class Asked(NamedTuple):
    """A request; each host is one Host line, and over HTTP/2 `authority` is there beside them unless it is None."""

    method: str = "GET"
    target: str = "/"
    hosts: tuple[str, ...] = ()
    authority: str | None = None
    headers: tuple[Header, ...] = ()
    version: str = "HTTP/1.1"


class Said(NamedTuple):
    """An answer; its status is 0 where there is none."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""


def ask(port: int, asked: Asked) -> Said:
    """Send a request on a connection of its own."""
    with socket.create_connection((LOOPBACK, port), PATIENCE) as connection:
        try:
            return _over_http_2(connection, asked) if asked.version == "HTTP/2" else _over_http_1(connection, asked)
        except ConnectionError:
            return Said(0)


def _over_http_1(connection: socket.socket, asked: Asked) -> Said:
    lines = [f"{asked.method} {asked.target} {asked.version}", *(f"host: {host}" for host in asked.hosts)]
    lines += [f"{name}: {value}" for name, value in (*asked.headers, ("connection", "close"))]
    connection.sendall("\r\n".join((*lines, "", "")).encode())
    with connection.makefile("rb") as answer:
        status, *fields = [*iter(lambda: answer.readline().decode().strip(), "")] or ["- 0"]
        pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        length = 0 if asked.method == "HEAD" else int(dict(pairs).get("content-length", 0))
        return Said(int(status.split()[1]), _lasting(pairs), answer.read(length))


def _over_http_2(connection: socket.socket, asked: Asked) -> Said:
    """Send what the library would not: it is the server that is asked what it makes of it."""
    config = h2.config.H2Configuration(
        validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8"
    )
    http_2 = h2.connection.H2Connection(config)
    http_2.initiate_connection()
    http_2.send_headers(1, _head(asked), end_stream=True)
    connection.sendall(http_2.data_to_send())
    pairs: Sequence[Header] = ()
    body = b""
    while more := connection.recv(65536):
        for event in http_2.receive_data(more):
            match event:
                case h2.events.ResponseReceived():
                    pairs = [(str(name), str(value)) for name, value in event.headers or ()]
                case h2.events.DataReceived():
                    body += event.data or b""
                case h2.events.StreamEnded():
                    return Said(int(dict(pairs)[":status"]), _lasting(pairs), body)
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    return Said(0)
        connection.sendall(http_2.data_to_send())
    return Said(0)


def _head(asked: Asked) -> list[Header]:
    pseudo = [(":method", asked.method), (":scheme", "http"), (":path", asked.target)]
    if asked.authority is not None:
        pseudo.append((":authority", asked.authority))
    return [*pseudo, *(("host", host) for host in asked.hosts), *((name.lower(), it) for name, it in asked.headers)]


def _lasting(pairs: Sequence[Header]) -> tuple[Header, ...]:
    return tuple((name, value) for name, value in pairs if name not in OF_THE_MOMENT)
