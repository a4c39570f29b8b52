"""A backend that speaks TLS: it tells what was asked for by SNI and which certificate it was shown."""

import base64
import hashlib
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from tests.envoy.running import LOOPBACK
from tests.live.authority import Authority, Pair

WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server appends to a client's key to show that it understood (RFC 6455)."""


def server_context(pair: Pair, clients: Authority | None = None) -> ssl.SSLContext:
    """Serve a certificate, and ask clients for one of an authority if one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(context, pair)
    context.set_alpn_protocols(["http/1.1"])
    context.sni_callback = _remember
    if clients is not None:
        context.load_verify_locations(cadata=clients.text)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(authority: Authority, pair: Pair | None = None) -> ssl.SSLContext:
    """Trust an authority, and show a certificate if one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.text)
    if pair is not None:
        load(context, pair)
    return context


def load(context: ssl.SSLContext, pair: Pair) -> None:
    """Give a context a certificate, which it takes from files alone."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        certificate.write_bytes(pair.certificate)
        key.write_bytes(pair.key)
        context.load_cert_chain(certificate, key)


def _remember(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
    connection.asked_for = name or ""


class Handler(BaseHTTPRequestHandler):
    """Answers every request with what it knows of the connection; upgrades to websocket and echoes one frame."""

    protocol_version = "HTTP/1.1"
    server: "Secured"

    def do_GET(self) -> None:
        """Answer."""
        self.server.served += 1
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._upgrade()
            return
        connection: Any = self.connection
        shown = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
        client = dict(part for name in (shown or {}).get("subject", ()) for part in name).get("commonName")
        asked_for = getattr(connection, "asked_for", None)
        version = connection.version() if isinstance(connection, ssl.SSLSocket) else None
        body = json.dumps({"pod": self.server.name, "sni": asked_for, "client": client, "tls": version}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.server.closes_every and self.server.served % self.server.closes_every == 0:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def _upgrade(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + WEBSOCKET
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.rfile.read(4))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Secured(ThreadingHTTPServer):
    """A backend, over TLS as long as it has a context; a new context is for new connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, context: ssl.SSLContext | None) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.name = name
        self.context = context
        self.closes_every = 0
        """After so many responses a connection is closed; 0 for never."""
        self.served = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; its handshake is left to the thread that reads from it."""
        accepted, address = super().get_request()
        if self.context is not None:
            return self.context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False), address
        return accepted, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are meant to break off."""


@contextmanager
def secured(name: str, context: ssl.SSLContext | None) -> Iterator[Secured]:
    """Run a backend until the block ends."""
    with Secured(name, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


def upgrade(connection: socket.socket, host: str) -> BinaryIO:
    """Upgrade a connection to websocket and return what reads its frames."""
    connection.sendall(
        f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    reader = connection.makefile("rb")
    status = reader.readline()
    assert b" 101 " in status, status
    while reader.readline().strip():
        pass
    return reader
