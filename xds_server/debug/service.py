"""The debug endpoint's gRPC server: our own service, CSDS, health and reflection, so that grpcurl needs no files."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from importlib import import_module
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from xds_server.debug.access import AGAIN_SECONDS, Access, Guard
from xds_server.debug.known import Known
from xds_server.history import Change

CSDS = "envoy.service.status.v3.ClientStatusDiscoveryService"
DESCRIPTORS = ("envoy.service.status.v3.csds_pb2", "xds_server.debug.v1.debug_pb2")
DEBUG = "gatehouse.debug.v1.Debug"
SERVICES = (DEBUG, CSDS, health.SERVICE_NAME, reflection.SERVICE_NAME)
OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))
STOP_SECONDS = 0.5
ONE_ANSWER = ("ListGateways", "ListObjects", "GetObject", "ListChanges", "Explain")
MANY_ANSWERS = ("GetSnapshot",)
MOST_WAITING = 1000
"""Changes that wait for a reader."""


class DebugServer:
    """Answers questions about the snapshots and the streams; with an access only to those whom it admits."""

    def __init__(self, known: Known, access: Access | None = None) -> None:
        self._guard = None if access is None else Guard(access)
        self._known = known
        self._server = grpc.aio.server(options=OPTIONS, interceptors=[self._guard] if self._guard else [])
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(SERVICES, self._server, _LatePool())
        handlers = {
            "FetchClientStatus": grpc.unary_unary_rpc_method_handler(self._fetch),
            "StreamClientStatus": grpc.stream_stream_rpc_method_handler(self._stream),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(CSDS, handlers),))
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(DEBUG, self._methods()),))

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
        """Answer from now on, and be healthy."""
        for service in ("", CSDS, DEBUG):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        await self._server.start()

    async def stop(self) -> None:
        """End what is being answered."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(STOP_SECONDS)

    async def _fetch(self, request: bytes, context: Any) -> bytes:
        return await self._answer(request, context)

    async def _stream(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            await self._ask_again(context)
            yield await self._answer(request, context)

    async def _answer(self, request: bytes, context: Any) -> bytes:
        from xds_server.debug import csds

        try:
            return csds.answer(request, self._known.streams(), self._known.plane.snapshots)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise

    # ---- gatehouse.debug.v1 ---------------------------------------------------------------------------------------

    def _methods(self) -> dict[str, Any]:
        """A method for each name; what answers it is imported with the first question."""
        methods = {name: grpc.unary_unary_rpc_method_handler(self._one(name)) for name in ONE_ANSWER}
        methods |= {name: grpc.unary_stream_rpc_method_handler(self._many(name)) for name in MANY_ANSWERS}
        return {**methods, "WatchChanges": grpc.unary_stream_rpc_method_handler(self._watch_changes)}

    def _answers(self, name: str, question: bytes) -> Iterable[bytes]:
        from xds_server.debug import methods

        return methods.METHODS[name](self._known, question)

    def _one(self, name: str) -> Any:
        async def method(question: bytes, context: Any) -> bytes:
            try:
                return next(iter(self._answers(name, question)))
            except (ValueError, LookupError) as error:
                await context.abort(*_wrong(error))
                raise

        return method

    def _many(self, name: str) -> Any:
        async def method(question: bytes, context: Any) -> AsyncIterator[bytes]:
            try:
                for each in self._answers(name, question):
                    yield each
                    await asyncio.sleep(0)
            except (ValueError, LookupError) as error:
                await context.abort(*_wrong(error))

        return method

    async def _watch_changes(self, question: bytes, context: Any) -> AsyncIterator[bytes]:
        from xds_server.debug import methods

        show = methods.watched(question)
        waiting: asyncio.Queue[Change] = asyncio.Queue(MOST_WAITING)
        history = self._known.plane.history

        def take(change: Change) -> None:
            if waiting.full():
                waiting.get_nowait()  # a slow reader misses the oldest; the numbers show it
            waiting.put_nowait(change)

        history.watch(take)
        try:
            await context.send_initial_metadata(())  # who waits for it misses nothing afterwards
            again_at = self._now() + AGAIN_SECONDS
            while True:
                try:
                    async with asyncio.timeout_at(again_at):
                        change = await waiting.get()
                except TimeoutError:
                    await self._ask_again(context)
                    again_at = self._now() + AGAIN_SECONDS
                else:
                    for shown in show(change):
                        yield shown
        finally:
            history.unwatch(take)

    async def _ask_again(self, context: Any) -> None:
        """End a call whose caller may look no more."""
        if self._guard is not None and not await self._guard.still_admits(context):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "what was shown at first admits nobody any more")

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _wrong(error: Exception) -> tuple[grpc.StatusCode, str]:
    """What a question that cannot be answered is told."""
    missing = isinstance(error, LookupError)
    return (grpc.StatusCode.NOT_FOUND if missing else grpc.StatusCode.INVALID_ARGUMENT), str(error)


class _LatePool:
    """The default descriptor pool, filled when somebody first looks something up in it."""

    def __getattr__(self, name: str) -> Any:
        from google.protobuf import descriptor_pool

        for module in DESCRIPTORS:
            import_module(module)
        return getattr(descriptor_pool.Default(), name)
