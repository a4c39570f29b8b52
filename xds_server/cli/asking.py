"""Asking a running control plane's debug endpoint (gatehouse.debug.v1), and writing the answers."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import yaml
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table

SERVICE = "/gatehouse.debug.v1.Debug"
SECONDS = 30.0
MAX_BYTES = 1 << 30
WIDE = 400
"""Columns where nobody looks at it."""
AMISS, CANNOT_ASK = 1, 2
"""Exit statuses: something is not as it should be, or nobody can be asked."""


class Server:
    """A control plane that answers."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def ask(self, method: str, request: Any, answer: Any) -> Any:
        """Ask for one answer; raises grpc.RpcError."""
        call = self._channel.unary_unary(
            f"{SERVICE}/{method}", request_serializer=_serialised, response_deserializer=answer.FromString
        )
        return call(request, timeout=SECONDS)

    def every(self, method: str, request: Any, answer: Any) -> Iterator[Any]:
        """Ask for answers that come one by one, for as long as they come; raises grpc.RpcError."""
        call = self._channel.unary_stream(
            f"{SERVICE}/{method}", request_serializer=_serialised, response_deserializer=answer.FromString
        )
        yield from call(request)


def _serialised(message: Any) -> bytes:
    serialised: bytes = message.SerializeToString()
    return serialised


@contextmanager
def server(address: str) -> Iterator[Server]:
    """Connect for as long as the block lasts."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", MAX_BYTES)]) as channel:
        yield Server(channel)


def asked(address: str, question: Callable[[Server], int]) -> int:
    """Put a question; return its exit status, or CANNOT_ASK with the reason on standard error."""
    try:
        with server(address) as it:
            return question(it)
    except grpc.RpcError as error:
        code = error.code()
        hint = "; is `gatehouse serve` or `up` running there?" if code is grpc.StatusCode.UNAVAILABLE else ""
        print(f"{address}: {error.details()}{hint}", file=sys.stderr)
        return AMISS if code is grpc.StatusCode.NOT_FOUND else CANNOT_ASK
    except KeyboardInterrupt:
        return 0


def document(message: Any) -> dict[str, Any]:
    """Return a message as programs read it, by the names of its definition."""
    found: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return found


def write(documents: Iterable[dict[str, Any]], output: str) -> None:
    """Write documents as multi-document YAML, or as JSON, one a line."""
    for it in documents:
        if output == "json":
            sys.stdout.write(f"{json.dumps(it)}\n")
        else:
            sys.stdout.write(yaml.safe_dump(it, sort_keys=False, allow_unicode=True, width=120, explicit_start=True))
        sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table for people, as wide as it needs to be where nobody looks at it."""
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as written:
        console.print(drawn)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in written.get().splitlines())
