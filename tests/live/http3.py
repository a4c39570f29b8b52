"""An HTTP/3 client: requests over one QUIC connection, one after the other or again and again."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent
from cryptography import x509

from tests.live.client import PATIENCE


class Response:
    """What came on a stream."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def status(self) -> int:
        """The status."""
        return int(self.headers[":status"])


class Connection(QuicConnectionProtocol):
    """A connection that stays open for many requests."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._http = H3Connection(self._quic)
        self._responses: dict[int, Response] = {}

    @property
    def certificate(self) -> x509.Certificate:
        """What the server showed."""
        shown = self._quic.tls._peer_certificate
        assert isinstance(shown, x509.Certificate)
        return shown

    async def request(self, host: str, target: str = "/", method: str = "GET", body: bytes = b"") -> Response:
        """Send a request and read its response; raises ConnectionError where the connection ends before."""
        stream = self._quic.get_next_available_stream_id()
        response = self._responses[stream] = Response()
        head = {":method": method, ":scheme": "https", ":authority": host, ":path": target}
        self._http.send_headers(
            stream, [(name.encode(), value.encode()) for name, value in head.items()], end_stream=not body
        )
        if body:
            self._http.send_data(stream, body, end_stream=True)
        self.transmit()
        await asyncio.wait_for(response.done, PATIENCE)
        del self._responses[stream]
        return response

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take what has come to the streams that it is for."""
        if isinstance(event, ConnectionTerminated):
            for response in self._responses.values():
                response.done.set_exception(ConnectionResetError(event.reason_phrase))
            return
        for heard in self._http.handle_event(event):
            self._hear(heard)

    def _hear(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived | DataReceived) or event.stream_id not in self._responses:
            return
        response = self._responses[event.stream_id]
        if isinstance(event, HeadersReceived):
            response.headers |= {name.decode(): value.decode() for name, value in event.headers}
        else:
            response.body += event.data
        if event.stream_ended:
            response.done.set_result(None)


@asynccontextmanager
async def connected(address: str, port: int, server_name: str) -> AsyncIterator[Connection]:
    """Open a connection under a server name, and take any certificate."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, server_name=server_name, verify_mode=ssl.CERT_NONE
    )
    async with connect(address, port, configuration=configuration, create_protocol=Connection) as protocol:
        assert isinstance(protocol, Connection)
        yield protocol
