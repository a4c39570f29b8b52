"""A collector that takes spans over OTLP, by gRPC and by HTTP, and shows them."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
from aiohttp import web
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from tests.envoy.running import LOOPBACK, wait_until

SERVER, CLIENT = 2, 3
"""Kinds of spans: of a request as the Gateway got it, and as it sent it on."""


class Span(NamedTuple):
    """A span as it was received, and the headers that came with it."""

    name: str
    kind: int
    trace_id: str
    attributes: Mapping[str, str]
    service: str
    headers: Mapping[str, str]


class Collector(grpc.GenericRpcHandler):  # type: ignore[misc]
    """What was received so far."""

    def __init__(self) -> None:
        self.grpc_port = self.http_port = 0
        self.spans: list[Span] = []
        """In the order in which they came."""

    def first(self, wanted: Callable[[Span], bool]) -> Span:
        """Return the first span that is wanted, as soon as there is one."""
        wait_until(lambda: any(map(wanted, list(self.spans))), "a span")
        return next(filter(wanted, list(self.spans)))

    def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Take an ExportTraceServiceRequest."""
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scope in resource.instrumentation_library_spans:  # the name that this field had before scope_spans
                self.spans += [
                    Span(it.name, it.kind, it.trace_id.hex(), _attributes(it.attributes), service, headers)
                    for it in scope.spans
                ]

    def service(self, details: Any) -> Any:
        """Answer any gRPC method."""

        def export(body: bytes, context: grpc.ServicerContext) -> bytes:
            self.receive(body, {key: str(value) for key, value in context.invocation_metadata()})
            return b""

        return grpc.unary_unary_rpc_method_handler(export)

    async def post(self, request: web.Request) -> web.Response:
        """Answer OTLP over HTTP."""
        self.receive(await request.read(), {key.lower(): value for key, value in request.headers.items()})
        return web.Response()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector for as long as the block lasts."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2), handlers=(collector,))
    collector.grpc_port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    loop = asyncio.new_event_loop()
    runner = loop.run_until_complete(_serve(collector))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield collector
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        server.stop(None)


async def _serve(collector: Collector) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/v1/traces", collector.post)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    collector.http_port = runner.addresses[0][1]
    return runner


def _attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in pairs}
