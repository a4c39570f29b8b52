"""Asking a running control plane's debug endpoint (gatehouse.debug.v1), and writing the answers.

It is asked where it listens, or in a cluster through a port-forward: there every replica knows its own Envoys.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import yaml
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table

from xds_server.cli.options import Target
from xds_server.kube.errors import Unreachable

SERVICE = "/gatehouse.debug.v1.Debug"
SECONDS = 30.0
OPTIONS = [("grpc.max_receive_message_length", 1 << 30)]
CLUSTER, NAMESPACE, DEBUG_PORT = "cluster", "gatehouse-system", 18001
SELECTOR = "app.kubernetes.io/name=gatehouse,app.kubernetes.io/component=control-plane"
WIDE = 400
"""Columns where nobody looks at it."""
AMISS, CANNOT_ASK = 1, 2
"""Exit statuses: something is not as it should be, or nobody can be asked."""

HINTS = {
    grpc.StatusCode.UNAVAILABLE: "; is `gatehouse serve` or `up` running there?",
    grpc.StatusCode.UNAUTHENTICATED: "; --credentials names a folder with what to show",
}


class Server:
    """A control plane that answers; in a cluster all of its replicas."""

    def __init__(self, channels: Sequence[Any]) -> None:
        self._channels = channels

    def ask(self, method: str, request: Any, answer: Any) -> Any:
        """Ask one replica; raises grpc.RpcError."""
        return self._ask(self._channels[0], method, request, answer)

    def ask_each(self, method: str, request: Any, answer: Any) -> list[Any]:
        """Ask every replica; raises grpc.RpcError."""
        return [self._ask(channel, method, request, answer) for channel in self._channels]

    def every(self, method: str, request: Any, answer: Any) -> Iterator[Any]:
        """Ask for answers that come one by one, for as long as they come; raises grpc.RpcError."""
        call = self._channels[0].unary_stream(
            f"{SERVICE}/{method}", request_serializer=_serialised, response_deserializer=answer.FromString
        )
        yield from call(request)

    def _ask(self, channel: Any, method: str, request: Any, answer: Any) -> Any:
        call = channel.unary_unary(
            f"{SERVICE}/{method}", request_serializer=_serialised, response_deserializer=answer.FromString
        )
        return call(request, timeout=SECONDS)


def _serialised(message: Any) -> bytes:
    serialised: bytes = message.SerializeToString()
    return serialised


@contextmanager
def server(target: Target) -> Iterator[Server]:
    """Connect for as long as the block lasts.

    Raises Unreachable where a cluster has no control plane that is ready, OSError where credentials cannot be read.
    """
    address, folder = target
    with ExitStack() as stack:
        addresses = stack.enter_context(forwarded_to(address, DEBUG_PORT)) if is_cluster(address) else (address,)
        channels = [channel(it, folder) for it in addresses]
        yield Server([stack.enter_context(it) for it in channels])


def is_cluster(address: str) -> bool:
    """Whether it names a cluster, and no HOST:PORT."""
    return address.partition("/")[0] == CLUSTER


def channel(address: str, folder: str) -> Any:
    """Return a channel, over TLS if there is a folder of credentials; raises OSError."""
    if not folder:
        return grpc.insecure_channel(address, options=OPTIONS)
    authority, certificate, key, token = (_read(Path(folder, it)) for it in ("ca.crt", "tls.crt", "tls.key", "token"))
    secure = grpc.ssl_channel_credentials(authority, key, certificate)
    if token is not None:
        bearer = grpc.access_token_call_credentials(token.decode().strip())
        secure = grpc.composite_channel_credentials(secure, bearer)
    return grpc.secure_channel(address, secure, options=OPTIONS)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def forwarded_to(address: str, port: int) -> AbstractContextManager[tuple[str, ...]]:
    """Lead to a port of the replicas of `cluster`, `cluster/NAMESPACE` or `cluster/NAMESPACE/RELEASE`."""
    from xds_server.kube.forward import forwarded

    _, namespace, release, *_ = [*address.split("/"), "", ""]
    selector = ",".join((SELECTOR, f"app.kubernetes.io/instance={release}") if release else (SELECTOR,))
    return forwarded(namespace or NAMESPACE, selector, port)


def asked(target: Target, question: Callable[[Server], int]) -> int:
    """Put a question; return its exit status, or CANNOT_ASK with the reason on standard error."""
    try:
        with server(target) as it:
            return question(it)
    except (Unreachable, OSError) as error:
        print(f"{target}: {error}", file=sys.stderr)
        return CANNOT_ASK
    except grpc.RpcError as error:
        code = error.code()
        print(f"{target}: {error.details()}{HINTS.get(code, '')}", file=sys.stderr)
        return AMISS if code is grpc.StatusCode.NOT_FOUND else CANNOT_ASK
    except KeyboardInterrupt:
        return 0


def document(message: Any) -> dict[str, Any]:
    """Return a message as programs read it: every field by the name of its definition, empty ones too."""
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
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
