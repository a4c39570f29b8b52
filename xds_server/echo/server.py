"""The backend's sockets: bound, served and shut down so that no request in flight is lost."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from translator.value import Value
from xds_server.echo import streams
from xds_server.echo.app import Echo
from xds_server.echo.identity import Identity
from xds_server.echo.ports import Ports

if TYPE_CHECKING:
    from hypercorn.config import Config
    from hypercorn.typing import ASGIFramework

FINISH_SECONDS = 10.0
"""How long requests in flight may take to end once no more are accepted."""
IDLE_SECONDS = 2 * 3600.0
"""Longer than an Envoy keeps an idle upstream connection (1 h), so that it is never we who close a reused one."""


class Tls(Value):
    """Paths of a PEM certificate chain and of its key."""

    certificate: str
    key: str
    clients: str = ""
    """Path of the PEM authorities of which clients must show a certificate; empty if they need none."""


def in_folder(folder: str) -> Tls:
    """Find `tls.crt`, `tls.key` and, if clients must show a certificate, `ca.crt` in a folder."""
    certificate, key, clients = (Path(folder, name) for name in ("tls.crt", "tls.key", "ca.crt"))
    return Tls(str(certificate), str(key), str(clients) if clients.exists() else "")


@asynccontextmanager
async def listen(
    host: str, port: int, identity: Identity, *, tls: Tls | None = None, leave_seconds: float = 0.0
) -> AsyncIterator[int]:
    """Serve within the block and yield the port, a free one where 0 was asked for.

    On the way out the readiness probe fails at once, connections are accepted for `leave_seconds` more, and then
    requests in flight are answered before the last connection is closed.
    """
    from hypercorn.asyncio import serve as serve_asgi

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=1024)
    bound_port: int = bound.getsockname()[1]
    app = Echo(identity)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve_asgi(cast("ASGIFramework", app), _config(bound.detach(), tls), shutdown_trigger=stop.wait, mode="asgi")
    )
    try:
        yield bound_port
    finally:
        app.leave()
        try:
            await asyncio.wait({serving}, timeout=leave_seconds)
            stop.set()
            await asyncio.wait({serving}, timeout=FINISH_SECONDS + 1)
        finally:
            serving.cancel()
    if serving.done() and not serving.cancelled():
        serving.result()


@asynccontextmanager
async def listen_all(
    host: str, ports: Ports, identity: Identity, *, tls: Tls | None = None, leave_seconds: float = 0.0
) -> AsyncIterator[Ports]:
    """Serve within the block on all of these ports and yield what they are; over TLS with a certificate of our own
    unless one is given.

    What is not HTTP is served until HTTP has been left as `listen` leaves it.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        udp = None if ports.udp is None else await enter(streams.listen_udp(host, ports.udp, identity))
        tcp = None if ports.tcp is None else await enter(streams.listen_tcp(host, ports.tcp, identity))
        https = None
        if ports.https is not None:
            shown = tls or _own_certificate(stack.enter_context(TemporaryDirectory(prefix="echo-")), identity)
            https = await enter(listen(host, ports.https, identity, tls=shown))
        http = await enter(listen(host, ports.http, identity, leave_seconds=leave_seconds))
        yield Ports(http, https, tcp, udp)


async def serve(
    host: str,
    ports: Ports,
    identity: Identity,
    *,
    tls: Tls | None = None,
    leave_seconds: float = 0.0,
    listening: Callable[[Ports], None] = lambda ports: None,
) -> None:
    """Serve until SIGTERM, SIGINT or cancellation, then shut down; `listening` is told the ports."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with listen_all(host, ports, identity, tls=tls, leave_seconds=leave_seconds) as bound:
        listening(bound)
        await stop.wait()


def _own_certificate(folder: str, identity: Identity) -> Tls:
    from xds_server.echo.certificate import self_signed

    certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
    for path, content in zip((certificate, key), self_signed(identity.pod), strict=True):
        path.write_bytes(content)
    return Tls(str(certificate), str(key))


def _config(descriptor: int, tls: Tls | None) -> "Config":
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = FINISH_SECONDS
    config.keep_alive_timeout = IDLE_SECONDS
    config.keep_alive_max_requests = 2**31
    config.h2_max_concurrent_streams = 1000
    config.include_server_header = False
    if tls is not None:
        config.certfile, config.keyfile = tls.certificate, tls.key
        if tls.clients:
            config.ca_certs, config.verify_mode = tls.clients, ssl.CERT_REQUIRED
    return config
