"""The discovery messages on the wire: requests parsed into values, responses joined from bytes that already exist.

Field numbers are those of envoy/service/discovery/v3/discovery.proto. What a session does not read is skipped.
"""

from collections.abc import Iterator
from typing import NamedTuple

from translator.value import Value
from translator.xds.resource import ResourceType
from translator.xds.wire import frame, framed

WILDCARD = "*"


class Node(Value):
    """Who speaks: config.core.v3.Node."""

    id: str = ""
    cluster: str = ""
    body: bytes = b""
    """The serialised message, for those who show it."""


class Request(Value):
    """A DiscoveryRequest or a DeltaDiscoveryRequest; each leaves the other's fields empty."""

    type_url: str
    node: Node | None = None
    nonce: str = ""
    words: str | None = None
    """Envoy's error_detail: present makes it a NACK."""
    subscribe: tuple[str, ...] = ()
    """The names of a state-of-the-world request, or those that a delta request adds."""
    unsubscribe: tuple[str, ...] = ()
    initial_versions: tuple[tuple[str, str], ...] = ()
    version: str = ""
    """version_info: what the client of a state-of-the-world stream accepted last."""


class Sendable(NamedTuple):
    """One resource of a response."""

    name: str
    version: str
    pieces: tuple[bytes, ...]
    """What the serialised message is joined from; a large one is joined once, with all that is around it."""

    @property
    def body(self) -> bytes:
        """The serialised message."""
        return b"".join(self.pieces)


class Response(Value):
    """A DiscoveryResponse or a DeltaDiscoveryResponse."""

    type: ResourceType
    nonce: str
    version: str = ""
    resources: tuple[Sendable, ...] = ()
    removed: tuple[str, ...] = ()


class Malformed(ValueError):
    """Bytes that are no protobuf message."""


def decode_request(data: bytes) -> Request:
    """Parse a DiscoveryRequest; raises ValueError."""
    fields = _grouped(data)
    return Request(
        _text(fields, 4),
        _node(fields.get(2)),
        nonce=_text(fields, 5),
        words=_words(fields.get(6)),
        subscribe=_texts(fields, 3),
        version=_text(fields, 1),
    )


def decode_delta_request(data: bytes) -> Request:
    """Parse a DeltaDiscoveryRequest; raises ValueError."""
    fields = _grouped(data)
    versions = [_grouped(entry) for entry in fields.get(5, ())]
    return Request(
        _text(fields, 2),
        _node(fields.get(1)),
        nonce=_text(fields, 6),
        words=_words(fields.get(7)),
        subscribe=_texts(fields, 3),
        unsubscribe=_texts(fields, 4),
        initial_versions=tuple((_text(entry, 1), _text(entry, 2)) for entry in versions),
    )


def encode_response(response: Response) -> bytes:
    """Write a DiscoveryResponse."""
    url = frame(1, response.type.encode())
    parts = [frame(1, response.version.encode())]
    for resource in response.resources:
        parts += framed(2, url, *_value(resource.pieces))
    parts += [frame(4, response.type.encode()), frame(5, response.nonce.encode())]
    return b"".join(parts)


def encode_delta_response(response: Response) -> bytes:
    """Write a DeltaDiscoveryResponse."""
    url = frame(1, response.type.encode())
    parts = [frame(1, response.version.encode())] if response.version else []
    for name, version, pieces in response.resources:
        packed = framed(2, url, *_value(pieces))
        parts += framed(2, frame(1, version.encode()), *packed, frame(3, name.encode()))
    parts += [frame(4, response.type.encode()), frame(5, response.nonce.encode())]
    parts += [frame(6, name.encode()) for name in response.removed]
    return b"".join(parts)


def _value(pieces: tuple[bytes, ...]) -> list[bytes]:
    """Frame the value of a google.protobuf.Any; an empty one is left out."""
    return framed(2, *pieces) if any(pieces) else []


def _grouped(data: bytes) -> dict[int, list[bytes]]:
    fields: dict[int, list[bytes]] = {}
    for number, value in _fields(data):
        fields.setdefault(number, []).append(value)
    return fields


def _texts(fields: dict[int, list[bytes]], number: int) -> tuple[str, ...]:
    return tuple(value.decode() for value in fields.get(number, ()))


def _text(fields: dict[int, list[bytes]], number: int) -> str:
    return fields[number][-1].decode() if number in fields else ""


def _node(bodies: list[bytes] | None) -> Node | None:
    if bodies is None:
        return None
    body = b"".join(bodies)  # a message that occurs twice is merged, which is what joining does
    fields = _grouped(body)
    return Node(_text(fields, 1), _text(fields, 2), body)


def _words(bodies: list[bytes] | None) -> str | None:
    """Return the message of a google.rpc.Status; Envoy quotes configuration in it, which may be cut within a rune."""
    if bodies is None:
        return None
    messages = _grouped(b"".join(bodies)).get(2, [b""])
    return messages[-1].decode(errors="replace")


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the length-delimited fields of a message; the others are of no interest here."""
    at, end = 0, len(data)
    while at < end:
        key, at = _read_varint(data, at)
        match key & 7:
            case 0:
                _, at = _read_varint(data, at)
            case 1:
                at += 8
            case 2:
                length, at = _read_varint(data, at)
                if at + length > end:
                    raise Malformed("a field ends after its message")
                yield key >> 3, data[at : at + length]
                at += length
            case 5:
                at += 4
            case wire_type:
                raise Malformed(f"wire type {wire_type} does not exist")
    if at != end:
        raise Malformed("a field ends after its message")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[at : at + 10]:
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise Malformed("a number that does not end")
