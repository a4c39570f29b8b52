"""Addresses to listen at, and a process that runs until somebody ends it."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop

from xds_server.limits import raise_open_files

log = structlog.get_logger()

EVERY_ADDRESS = "[::]:"


class CannotListen(Exception):
    """An address that cannot be listened at: it is none, or somebody else has it."""

    def __init__(self, address: str, why: object) -> None:
        super().__init__(f"cannot listen at {address}: {why}")


def address(text: str) -> tuple[str, int]:
    """Split HOST:PORT; raises ValueError with what is wrong."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 65536):
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def bound(bind: Callable[[str], int], at: str) -> int:
    """Bind a server to HOST:PORT and return the port; raises CannotListen.

    `[::]` is every address of both families, and of IPv4 alone on a machine without IPv6.
    """
    if at.startswith(EVERY_ADDRESS) and not socket.has_dualstack_ipv6():
        at = f"0.0.0.0:{at.removeprefix(EVERY_ADDRESS)}"
    try:
        address(at)
        return bind(at)
    except ValueError as error:
        raise CannotListen(at, error) from error
    except OSError as error:
        raise CannotListen(at, (error.strerror or str(error)).lower()) from error
    except RuntimeError as error:  # grpc's, which does not say why
        raise CannotListen(at, "the address is in use or not of this machine") from error


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run until it ends, or SIGTERM or Ctrl-C ends it; the event loop and its TLS are uvloop's."""
    raise_open_files()

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            await main
        except asyncio.CancelledError:
            log.info("stopped")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(guarded())
