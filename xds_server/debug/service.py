"""The debug endpoint's gRPC server: CSDS, health and reflection, so that grpcurl needs no files."""

from collections.abc import AsyncIterator, Callable, Iterable
from importlib import import_module
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from xds_server.ads.report import StreamReport
from xds_server.snapshot import SnapshotCache

CSDS = "envoy.service.status.v3.ClientStatusDiscoveryService"
DESCRIPTORS = "envoy.service.status.v3.csds_pb2"
SERVICES = (CSDS, health.SERVICE_NAME, reflection.SERVICE_NAME)
OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))
STOP_SECONDS = 0.5

Streams = Callable[[], Iterable[StreamReport]]


class DebugServer:
    """Answers questions about the snapshots and the streams; bound to loopback unless told otherwise."""

    def __init__(self, snapshots: SnapshotCache, streams: Streams) -> None:
        self._snapshots = snapshots
        self._streams = streams
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(SERVICES, self._server, _LatePool())
        handlers = {
            "FetchClientStatus": grpc.unary_unary_rpc_method_handler(self._fetch),
            "StreamClientStatus": grpc.stream_stream_rpc_method_handler(self._stream),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(CSDS, handlers),))

    def bind(self, address: str) -> int:
        """Take a host:port, any free port where that is 0, and return the port; raises RuntimeError if it is taken."""
        port: int = self._server.add_insecure_port(address)
        return port

    async def start(self) -> None:
        """Answer from now on, and be healthy."""
        for service in ("", CSDS):
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
            yield await self._answer(request, context)

    async def _answer(self, request: bytes, context: Any) -> bytes:
        from xds_server.debug import csds

        try:
            return csds.answer(request, self._streams(), self._snapshots)
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise


class _LatePool:
    """The default descriptor pool, filled when somebody first looks something up in it."""

    def __getattr__(self, name: str) -> Any:
        from google.protobuf import descriptor_pool

        import_module(DESCRIPTORS)
        return getattr(descriptor_pool.Default(), name)
