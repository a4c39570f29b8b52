"""Clients that send a request exactly as it stands, over HTTP/1.1 or HTTP/2, with a server name of its own."""

import http.client
import socket
import ssl
from typing import NamedTuple

import h2.config
import h2.connection
import h2.events

from tests.envoy.running import LOOPBACK, PATIENCE
from xds_server.explaining.request import Request

CLOSED = 0
"""Stands for the status where the connection is closed."""


class Answered(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]


def send(request: Request, offset: int, http2: bool) -> Answered:
    """Send a request to where its port is served."""
    try:
        with _connected(request, offset, http2) as connection:
            return _over_http2(request, connection) if http2 else _over_http1(request, connection)
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return Answered(CLOSED, {})


def _connected(request: Request, offset: int, http2: bool) -> socket.socket:
    plain = socket.create_connection((LOOPBACK, request.port + offset), timeout=PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if request.scheme == "http":
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"] if http2 else ["http/1.1"])
    try:
        return context.wrap_socket(plain, server_hostname=request.server_name)
    except BaseException:
        plain.close()
        raise


def target(request: Request) -> str:
    """Return path and query."""
    return request.path + (f"?{request.query}" if request.has_query else "")


def _over_http1(request: Request, connected: socket.socket) -> Answered:
    connection = http.client.HTTPConnection(LOOPBACK, timeout=PATIENCE)
    connection.sock = connected
    connection.putrequest(request.method, target(request), skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", request.authority)
    for name, value in request.headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    answer = connection.getresponse()
    return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()})


def _over_http2(request: Request, connected: socket.socket) -> Answered:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    pseudo = [
        (":method", request.method),
        (":scheme", request.scheme),
        (":authority", request.authority),
        (":path", target(request)),
    ]
    connection.send_headers(1, [*pseudo, *request.headers], end_stream=True)
    connected.sendall(connection.data_to_send())
    headers: dict[str, str] = {}
    while True:
        data = connected.recv(65536)
        if not data:
            raise ConnectionError("closed in the middle")
        for event in connection.receive_data(data):
            match event:
                case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                    headers |= {str(name): str(value) for name, value in event.headers or ()}
                case h2.events.StreamEnded():
                    return Answered(int(headers[":status"]), headers)
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    raise ConnectionError("reset")
        connected.sendall(connection.data_to_send())
