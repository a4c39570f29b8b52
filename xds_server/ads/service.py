"""AggregatedDiscoveryService over grpc.aio: a thin shell around sessions, raw bytes both ways.

One task per stream reads, one writes. A change in the snapshot sets an event; the writer then asks its session what to
send, so a slow client costs nothing but a set of names. The protocol is decided in the session alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from translator.value import Key, Value
from xds_server.ads.conversation import Conversation, Patience
from xds_server.ads.events import Connected, Disconnected, Event
from xds_server.ads.messages import (
    Node,
    Request,
    Response,
    decode_delta_request,
    decode_request,
    encode_delta_response,
    encode_response,
)
from xds_server.ads.report import StreamReport
from xds_server.ads.session import DeltaSession
from xds_server.ads.sotw import SotwSession
from xds_server.snapshot import Changed, SnapshotCache

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
FIRST_REQUEST_WITHIN = 30.0
WRITE_WITHIN = 60.0
UNLIMITED = -1

OPTIONS = (
    ("grpc.max_receive_message_length", UNLIMITED),  # an Envoy that reconnects lists all that it holds
    ("grpc.max_send_message_length", UNLIMITED),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.so_reuseport", 0),
)
"""Channel arguments that a server of this service wants: dead Envoys are noticed, large snapshots pass."""


class Dialect(Value):
    """What the two protocols differ in on the wire."""

    session: type[Conversation]
    decode: Callable[[bytes], Request]
    encode: Callable[[Response], bytes]


DELTA = Dialect(DeltaSession, decode_delta_request, encode_delta_response)
STATE_OF_THE_WORLD = Dialect(SotwSession, decode_request, encode_response)


class UnknownNode(ValueError):
    """A node that does not say which Gateway it serves; the message tells what to set."""


def gateway_of(node: Node | None) -> Key:
    """Return the Gateway whose Envoy a node is; raises UnknownNode."""
    cluster = "" if node is None else node.cluster
    namespace, _, name = cluster.partition("/")
    if not namespace or not name or "/" in name:
        raise UnknownNode(
            f'node.cluster is "{cluster}": set it to the Gateway that this Envoy serves, as "namespace/name" '
            "(node.cluster in its bootstrap, or --service-cluster); node.id may be any name of its own"
        )
    return Key(namespace, name)


class DiscoveryService:
    """Serves the snapshots of a cache, and tells `emit` what the Envoys say to them."""

    def __init__(
        self, cache: SnapshotCache, emit: Callable[[Event], None] = lambda _: None, patience: Patience = Patience()
    ) -> None:
        self._cache = cache
        self._emit = emit
        self._patience = patience
        self._sessions: list[Conversation] = []

    def streams(self) -> tuple[StreamReport, ...]:
        """Report every open stream: what its Envoy was sent, ACKed and NACKed."""
        return tuple(session.report() for session in self._sessions)

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what a grpc.aio server is given to serve this."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "DeltaAggregatedResources": grpc.stream_stream_rpc_method_handler(self._delta),
                "StreamAggregatedResources": grpc.stream_stream_rpc_method_handler(self._state_of_the_world),
            },
        )

    async def _delta(self, _: Any, context: Any) -> None:
        await self._serve(DELTA, context)

    async def _state_of_the_world(self, _: Any, context: Any) -> None:
        await self._serve(STATE_OF_THE_WORLD, context)

    async def _serve(self, dialect: Dialect, context: Any) -> None:
        try:
            first = await _read(dialect, context, FIRST_REQUEST_WITHIN)
            if first is not None:
                await self._converse(dialect, context, first, gateway_of(first.node))
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the client neither asks nor reads")
        except ValueError as refusal:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(refusal))

    async def _converse(self, dialect: Dialect, context: Any, first: Request, gateway: Key) -> None:
        snapshot = self._cache[gateway]
        with self._session(dialect, gateway, first.node or Node()) as session:
            stream = Stream(session, dialect, context, self._report)
            snapshot.watch(stream.mark)
            try:
                await stream.run(first)
            finally:
                snapshot.unwatch(stream.mark)
                self._cache.forget(gateway)

    @contextmanager
    def _session(self, dialect: Dialect, gateway: Key, node: Node) -> Iterator[Conversation]:
        session = dialect.session(gateway, node, self._cache[gateway], time.monotonic(), self._patience)
        self._sessions.append(session)
        self._emit(Connected(gateway, node.id))
        try:
            yield session
        finally:
            self._sessions.remove(session)
            self._emit(Disconnected(gateway, node.id))

    def _report(self, session: Conversation) -> None:
        for event in session.take_events():
            self._emit(event)


class Stream:
    """One stream: a reader, a writer, and the event that wakes the writer."""

    def __init__(
        self, session: Conversation, dialect: Dialect, context: Any, report: Callable[[Conversation], None]
    ) -> None:
        self._session = session
        self._dialect = dialect
        self._context = context
        self._report = report
        self._wake = asyncio.Event()
        self._outbox: deque[Response] = deque()

    def mark(self, changed: Changed) -> None:
        """Note what changed in the snapshot and wake the writer."""
        self._session.mark(changed)
        self._wake.set()

    async def run(self, first: Request) -> None:
        """Serve until the client ends the stream; raises ValueError for what is no request."""
        self._receive(first)
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            done, _ = await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)

    async def _read(self) -> None:
        while (request := await _read(self._dialect, self._context, None)) is not None:
            self._receive(request)

    def _receive(self, request: Request) -> None:
        self._outbox += self._session.receive(request, time.monotonic())
        self._report(self._session)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            self._outbox += self._session.push(time.monotonic())
            while self._outbox:
                data = self._dialect.encode(self._outbox.popleft())
                async with asyncio.timeout(WRITE_WITHIN):
                    await self._context.write(data)
            self._report(self._session)
            await self._sleep()

    async def _sleep(self) -> None:
        """Sleep until something changed, a request came, or the session's deadline passed."""
        left = self._session.next_deadline - time.monotonic()
        try:
            async with asyncio.timeout(None if left == float("inf") else max(left, 0.0)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()


async def _read(dialect: Dialect, context: Any, within: float | None) -> Request | None:
    """Read a request; None when the client has ended the stream."""
    async with asyncio.timeout(within):
        data = await context.read()
    return None if data is grpc.aio.EOF else dialect.decode(data)
