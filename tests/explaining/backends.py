"""Backends that say who was asked for what: HTTP/1.1, HTTP/2 and gRPC, and the same over TLS, in one thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hypercorn.asyncio import serve
from hypercorn.config import Config

from tests.echo.certificates import self_signed
from tests.envoy.running import LOOPBACK, free_port, is_free, wait_until

PLAIN = tuple(f"b{number}" for number in range(5))
SECURE = ("t0", "t1")
MARK = "x-proof"


class Backends(NamedTuple):
    """Where they listen, and what they saw."""

    ports: dict[str, int]
    seen: dict[str, set[str]]
    """By the mark of a request, who was asked."""


@contextmanager
def backends(folder: Path) -> Iterator[Backends]:
    """Serve until the block ends; their certificate lies in a folder of its own."""
    ports = {name: free_port() for name in (*PLAIN, *SECURE)}
    found = Backends(ports, {})
    own = folder / "backends"
    own.mkdir()
    certificate, key = self_signed(own, "backend.test")
    config = Config()
    config.bind = [f"{LOOPBACK}:{ports[name]}" for name in SECURE]
    config.insecure_bind = [f"{LOOPBACK}:{ports[name]}" for name in PLAIN]
    config.certfile, config.keyfile = str(certificate), str(key)
    config.loglevel, config.keep_alive_timeout, config.graceful_timeout = "ERROR", 3600, 0.1
    names = {port: name for name, port in ports.items()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        name = names[scope["server"][1]]
        found.seen.setdefault(headers.get(MARK, ""), set()).add(name)
        host = headers.get("host") or headers.get(":authority", "")
        target = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        told = {"x-backend": name, "x-path": target, "x-host": host, "content-type": "text/plain"}
        if headers.get("content-type", "").startswith("application/grpc"):
            told |= {"content-type": "application/grpc", "grpc-status": "0"}
        pairs = [(key.encode(), value.encode("latin-1")) for key, value in told.items()]
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send({"type": "http.response.body", "body": b""})

    stopping: list[Any] = []

    async def main() -> None:
        stop = asyncio.Event()
        stopping.extend((asyncio.get_running_loop(), stop))
        await serve(app, config, shutdown_trigger=stop.wait, mode="asgi")  # type: ignore[arg-type]

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    wait_until(lambda: not any(is_free(LOOPBACK, port) for port in ports.values()), "the backends")
    try:
        yield found
    finally:
        loop, stop = stopping
        loop.call_soon_threadsafe(
            loop.set_exception_handler, lambda *_: None
        )  # it tells of each connection that it cuts
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
