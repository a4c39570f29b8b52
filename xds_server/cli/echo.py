"""`gatehouse echo`: the backend of the examples, alone."""

import asyncio

from xds_server import echo, log

LEAVE_SECONDS = 5.0
"""Longer than it takes until every Envoy knows that a pod ends."""


def run(host: str, ports: echo.Ports, tls_folder: str) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in flight are answered."""
    log.configure(json=False)
    tls = echo.in_folder(tls_folder) if tls_folder else None
    asyncio.run(echo.serve(host, ports, echo.from_environment(), tls=tls, leave_seconds=LEAVE_SECONDS))
