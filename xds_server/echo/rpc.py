"""gRPC as the backend speaks it: frames, and the few messages of grpcecho.proto written by hand.

`gateway_api_conformance.echo_basic.grpcecho.GrpcEcho` is the conformance backend's service: Echo and EchoTwo answer
with what was received, EchoThree is unimplemented on purpose. `gatehouse.echo.v1.Echo/Stream` streams as many such
answers as the metadata `x-echo-count` asks for, `x-echo-delay` apart. `x-echo-grpc-status` ends any call with that
status.
"""

from collections.abc import Iterator
from enum import IntEnum

from translator.value import Value
from xds_server.echo.answer import Request, seconds
from xds_server.echo.identity import Identity

CONFORMANCE_SERVICE = "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"
UNARY = (f"{CONFORMANCE_SERVICE}/Echo", f"{CONFORMANCE_SERVICE}/EchoTwo")
STREAM = "/gatehouse.echo.v1.Echo/Stream"


class Code(IntEnum):
    """The gRPC status codes that this backend gives by itself."""

    OK = 0
    INVALID_ARGUMENT = 3
    UNIMPLEMENTED = 12


class Reply(Value):
    """`count` equal messages, each sent `delay` seconds after the one before, then the status."""

    status: int
    message: str = ""
    payload: bytes = b""
    count: int = 0
    delay: float = 0.0


def reply(request: Request, body: bytes, identity: Identity) -> Reply:
    """Answer a call whose request messages have all arrived."""
    if request.path not in (*UNARY, STREAM):
        return Reply(Code.UNIMPLEMENTED, f"method {request.path} is not implemented")
    messages = unframe(body)
    if messages is None or (request.path in UNARY and len(messages) != 1):
        return Reply(Code.INVALID_ARGUMENT, "expected one whole, uncompressed message")
    status = request.header("x-echo-grpc-status") or "0"
    count = request.header("x-echo-count") or "1"
    delay = seconds(request.header("x-echo-delay") or "0s")
    if not (status.isdecimal() and count.isdecimal()) or delay is None:
        return Reply(Code.INVALID_ARGUMENT, "x-echo-grpc-status and x-echo-count are numbers, x-echo-delay a duration")
    if status != "0":
        return Reply(int(status), "asked for by x-echo-grpc-status", delay=delay)
    payload = echo_response(request, messages[0] if messages else b"", identity)
    return Reply(Code.OK, payload=payload, count=int(count) if request.path == STREAM else 1, delay=delay)


def echo_response(request: Request, message: bytes, identity: Identity) -> bytes:
    """Encode an EchoResponse: the assertions about the call, and its request message as it came."""
    context = _text(1, identity.namespace) + _text(3, identity.service) + _text(4, identity.pod)
    assertions = b"".join(
        (
            _text(1, request.path),
            *(
                _field(2, _text(1, ":authority" if name == "host" else name) + _text(2, value))
                for name, value in request.headers
            ),
            _text(3, request.host),
            _field(4, context),
        )
    )
    return _field(1, assertions) + _field(2, message)


def frame(message: bytes) -> bytes:
    """Prefix an uncompressed message as gRPC does on the wire."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def unframe(body: bytes) -> tuple[bytes, ...] | None:
    """Split a body into its messages; None where one is compressed or cut short."""
    messages = []
    while body:
        length = int.from_bytes(body[1:5], "big")
        if len(body) < 5 + length or body[0] != 0:
            return None
        messages.append(body[5 : 5 + length])
        body = body[5 + length :]
    return tuple(messages)


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2, *_varint(len(payload)))) + payload


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode()) if text else b""


def _varint(value: int) -> Iterator[int]:
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
