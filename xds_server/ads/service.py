"""ADS over gRPC: a thin shell around the sessions. Raw bytes both ways; one task reads a stream, one writes it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

import grpc
import structlog

from translator.value import Key
from xds_server import metrics
from xds_server.ads.admission import Admission, Forbidden, Guard, Unauthenticated, Unavailable
from xds_server.ads.conversation import Conversation, Patience
from xds_server.ads.events import Connected, Disconnected, Event
from xds_server.ads.gate import NEVER
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
from xds_server.ads.troubles import Trouble
from xds_server.ads.turnstile import Turnstile
from xds_server.snapshot import Changed, Snapshot, SnapshotCache

log = structlog.get_logger()

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),  # an Envoy that reconnects lists all that it holds
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
)
FINISH_SECONDS = 0.5
"""How long a stream may take to end when the server stops."""

LARGE_REQUEST = 1 << 16
"""Bytes from which on to read what a request says takes long: of an Envoy that lists thousands of resources."""

Hear = Callable[[Event], None]
EOF: Any = grpc.aio.EOF


class Refused(Exception):
    """What a client sent is not acceptable; the message tells what to change."""


class Slow(Exception):
    """A client took longer than anybody should; the message tells for what."""


CODES = {
    Refused: grpc.StatusCode.INVALID_ARGUMENT,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    Slow: grpc.StatusCode.DEADLINE_EXCEEDED,
}


class Protocol(NamedTuple):
    """What delta and state of the world differ in on the wire."""

    method: str
    session: type[Conversation]
    decode: Callable[[bytes], Request]
    encode: Callable[[Response], bytes]


PROTOCOLS = (
    Protocol("StreamAggregatedResources", SotwSession, decode_request, encode_response),
    Protocol("DeltaAggregatedResources", DeltaSession, decode_delta_request, encode_delta_response),
)


class Server:
    """Serves the snapshots of all Gateways to their Envoys; tells `hear` what it finds out about them.

    With an admission each stream has to show a token that it admits; without one whoever can connect is served.
    """

    def __init__(
        self,
        snapshots: SnapshotCache,
        hear: Hear,
        patience: Patience = Patience(),
        admission: Admission | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._hear = hear
        self._patience = patience
        self._admission = admission
        self._sessions: set[Conversation] = set()
        self._turnstile = Turnstile()
        self._server = grpc.aio.server(options=OPTIONS)
        handlers = {protocol.method: self._handler(protocol) for protocol in PROTOCOLS}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    def bind(self, address: str, credentials: Any = None) -> int:
        """Take a host:port, any free port where that is 0, and return the port; raises RuntimeError if it is taken.

        With credentials (grpc.ServerCredentials) it speaks TLS.
        """
        if credentials is None:
            port: int = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, credentials)
        return port

    async def start(self) -> None:
        """Accept streams from now on."""
        await self._server.start()

    async def stop(self) -> None:
        """End all streams."""
        await self._server.stop(FINISH_SECONDS)

    def streams(self) -> tuple[StreamReport, ...]:
        """Report what each connected Envoy was sent, ACKed and NACKed."""
        return tuple(session.report() for session in self._sessions)

    def troubles(self) -> Iterator[Trouble]:
        """Yield what connected Envoys refused, and what they are slow to answer for."""
        now = time.monotonic()
        return (trouble for session in self._sessions for trouble in session.troubles(now))

    def settled(self, gateway: Key) -> bool | None:
        """Whether all Envoys of a Gateway have answered for what it was translated to; None if none is connected."""
        settled = [session.settled for session in self._sessions if session.gateway == gateway]
        return all(settled) if settled else None

    def unanswered(self) -> dict[Key, float]:
        """By Gateway, when the oldest response was sent that an Envoy has not answered. For any thread."""
        found: dict[Key, float] = {}
        for session in list(self._sessions):
            for sent_at in session.unanswered():
                found[session.gateway] = min(sent_at, found.get(session.gateway, sent_at))
        return found

    def _handler(self, protocol: Protocol) -> grpc.RpcMethodHandler:
        async def serve(_: object, context: Any) -> None:
            await self._serve(protocol, context)

        return grpc.stream_stream_rpc_method_handler(serve)

    async def _serve(self, protocol: Protocol, context: Any) -> None:
        try:
            guard, first = await self._introduced(protocol, context)
            if first is not None:
                node, gateway = identify(first)
                if guard is None:
                    await self._converse(protocol, context, first, node, gateway)
                else:
                    guard.admit(gateway)
                    await first_to_end(self._converse(protocol, context, first, node, gateway), guard.watch(gateway))
        except (Refused, Unauthenticated, Unavailable, Forbidden, Slow) as refusal:
            code = CODES[type(refusal)]
            metrics.XDS_REFUSALS.labels(code.name).inc()
            log.warning("xds.refused", code=code.name, reason=str(refusal), peer=context.peer())
            await context.abort(code, str(refusal))

    async def _introduced(self, protocol: Protocol, context: Any) -> tuple[Guard | None, Request | None]:
        """Find out who speaks, and read the first request; raises Slow if it does not come."""

        async def introduction() -> tuple[Guard | None, Request | None]:
            guard = None if self._admission is None else await Guard.of(self._admission, authorization(context))
            return guard, await read(protocol, context, self._turnstile)

        try:
            return await self._turnstile.within(self._patience.introduction, introduction())
        except TimeoutError as error:
            raise Slow(f"the client has not said who it is within {self._patience.introduction:g} s") from error

    async def _converse(self, protocol: Protocol, context: Any, first: Request, node: Node, gateway: Key) -> None:
        snapshot = self._snapshots[gateway]
        session = protocol.session(gateway, node, snapshot, time.monotonic(), self._patience)
        self._sessions.add(session)
        self._hear(Connected(gateway, node.id))
        try:
            stream = Stream(protocol, session, context, self._hear, self._turnstile, self._patience.reading)
            await stream.run(first, snapshot)
        finally:
            self._sessions.discard(session)
            self._hear(Disconnected(gateway, node.id))
            self._snapshots.forget(gateway)


class Stream:
    """One stream: its requests are taken in as they come, its responses written when they are due."""

    def __init__(
        self,
        protocol: Protocol,
        session: Conversation,
        context: Any,
        hear: Hear,
        turnstile: Turnstile,
        reading: float,
    ) -> None:
        self._reading = reading
        self._turnstile = turnstile
        self._protocol = protocol
        self._session = session
        self._context = context
        self._hear = hear
        self._requests: deque[Request] = deque()
        self._ended = False
        self._wake = asyncio.Event()

    async def run(self, first: Request, snapshot: Snapshot) -> None:
        """Serve the stream until the Envoy ends it; raises Refused for what is no request, Slow if it does not read."""
        self._requests.append(first)
        snapshot.watch(self._changed)
        reader = asyncio.create_task(self._read())
        try:
            while not self._ended:
                await self._turn()
                await self._rest()
            await reader
        finally:
            reader.cancel()
            snapshot.unwatch(self._changed)

    def _changed(self, changed: Changed) -> None:
        self._session.mark(changed)
        self._wake.set()

    async def _read(self) -> None:
        try:
            while (request := await read(self._protocol, self._context, self._turnstile)) is not None:
                self._requests.append(request)
                self._wake.set()
        finally:
            self._ended = True
            self._wake.set()

    async def _turn(self) -> None:
        """Take in what came, and write what is due; to an Envoy that lacks much yet that is a large piece of work."""
        if self._session.settled:
            responses = self._responses()
        else:
            async with self._turnstile.one():
                responses = self._responses()
        for response in responses:
            try:
                async with asyncio.timeout(self._reading):
                    await self._context.write(response)
            except TimeoutError as error:
                envoy, gateway = self._session.node.id, self._session.gateway
                raise Slow(f"Envoy {envoy} of Gateway {gateway} has not read within {self._reading:g} s") from error

    def _responses(self) -> list[bytes]:
        """Answer what came and what has changed; the newest snapshot is looked at only when it can be sent."""
        self._wake.clear()
        responses: list[Response] = []
        while self._requests:
            responses += self._session.receive(self._requests.popleft(), time.monotonic())
        responses += self._session.push(time.monotonic())
        for event in self._session.take_events():
            self._hear(event)
        return list(map(self._protocol.encode, responses))

    async def _rest(self) -> None:
        deadline = self._session.next_deadline
        try:
            async with asyncio.timeout(None if deadline == NEVER else max(0.0, deadline - time.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            return


def authorization(context: Any) -> str:
    """Return what a client shows of who it is; empty if nothing."""
    return "".join(value for key, value in context.invocation_metadata() or () if key == "authorization")


async def first_to_end(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run until one of them ends, or fails, as this then does; the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read(protocol: Protocol, context: Any, turnstile: Turnstile) -> Request | None:
    """Return the next request, or None at the end of the stream; raises Refused for what is no request."""
    data = await context.read()
    try:
        if data is EOF:
            return None
        if len(data) < LARGE_REQUEST:
            return protocol.decode(data)
        async with turnstile.one():
            return protocol.decode(data)
    except ValueError as error:
        raise Refused(f"not a discovery request: {error}") from error


def identify(request: Request) -> tuple[Node, Key]:
    """Read from a stream's first request who speaks, and for which Gateway; raises Refused if it does not tell."""
    node = request.node or Node()
    namespace, _, name = node.cluster.partition("/")
    if namespace and name and "/" not in name:
        return node, Key(namespace, name)
    raise Refused(
        f'node.cluster is "{node.cluster}": set it to the Gateway that this Envoy serves, as "namespace/name" '
        "(node.cluster in the bootstrap, or --service-cluster); node.id may be any name"
    )
