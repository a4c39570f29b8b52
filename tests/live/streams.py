"""Clients of TCP, TLS and UDP that say exactly what a test wants."""

import json
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.live.client import Edge

PATIENCE = 10.0


class Lines:
    """A connection to an echo backend that is spoken to in lines, welcomed when entered."""

    def __init__(self, edge: Edge, tls: ssl.SSLContext | None = None, server_name: str = "") -> None:
        plain = socket.create_connection((edge.address, edge.port), PATIENCE)
        self.socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=server_name or None)
        self._file = self.socket.makefile("rwb")
        self.welcome = self._file.readline()
        if not self.welcome:
            self.close()
            raise ConnectionResetError("closed without a word")

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        self._file.write(f"{line}\n".encode())
        self._file.flush()
        return self._file.readline().decode().rstrip("\n")

    @property
    def backend(self) -> str:
        """The pod that answers."""
        described: dict[str, Any] = json.loads(self.ask("TEST"))
        return str(described["pod"])

    def close(self) -> None:
        """Close it."""
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Datagrams:
    """A UDP client with a port of its own, whose datagrams are one session."""

    def __init__(self, edge: Edge) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((edge.address, edge.port))

    def ask(self, payload: str = "ask", patience: float = PATIENCE) -> dict[str, Any]:
        """Send a datagram and return the answer; raises OSError where none comes."""
        self.socket.settimeout(patience)
        self.socket.send(payload.encode())
        answer: dict[str, Any] = json.loads(self.socket.recv(65536))
        return answer

    @property
    def backend(self) -> str:
        """The pod that answers."""
        return str(self.ask()["pod"])

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def untrusting() -> ssl.SSLContext:
    """A TLS client that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def lines(edge: Edge, tls: ssl.SSLContext | None = None, server_name: str = "") -> str:
    """Return which backend answers a new connection, or `refused`."""
    try:
        with Lines(edge, tls, server_name) as connection:
            return connection.backend
    except OSError:
        return "refused"


def datagram(edge: Edge, patience: float = PATIENCE) -> str:
    """Return which backend answers a new session, or `dropped`."""
    try:
        with Datagrams(edge) as session:
            return str(session.ask(patience=patience)["pod"])
    except OSError:
        return "dropped"


def counted(once: Callable[[], str], times: int) -> Counter[str]:
    """Count what comes of doing something again and again."""
    return Counter(once() for _ in range(times))
