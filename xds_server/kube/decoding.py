"""From a kube-apiserver's bytes to frozen values: one decoder per kind, what nobody reads skipped over."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from translator.api.kinds import Kind, Object
from translator.value import Key

METADATA_ONLY = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"
"""What to accept in order to be sent the metadata of objects alone; `List` goes between the braces for lists."""

T = TypeVar("T")


class Naming(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What names an object and its version."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class Mention(msgspec.Struct, frozen=True, gc=False):
    """An object of which only the metadata is read."""

    metadata: Naming


class Told(msgspec.Struct, frozen=True, gc=False):
    """What the object of any event may be: an object, a bookmark, or a Status that ends the watch."""

    metadata: Naming = Naming()
    code: int = 0
    reason: str = ""
    message: str = ""


class Head(msgspec.Struct, frozen=True, gc=False):
    """An event, as far as all events are alike."""

    type: str
    object: Told


class ListMeta(msgspec.Struct, frozen=True, rename={"resource_version": "resourceVersion", "more": "continue"}):
    """The version that a list shows, and where it goes on."""

    resource_version: str = ""
    more: str = ""


class Items(msgspec.Struct, frozen=True):
    """A page whose items are left as they are, to be read one by one."""

    items: tuple[msgspec.Raw, ...] | None = ()


class Page(NamedTuple, Generic[T]):
    """One page of a list."""

    version: str
    more: str
    items: tuple[T, ...]


Complaint = Callable[[Key, msgspec.ValidationError], None]
"""Hears of an object that cannot be read."""


class Decoder(Generic[T]):
    """Reads lists, events and single objects of one struct."""

    def __init__(self, struct: type[T]) -> None:
        self._object = msgspec.json.Decoder(struct)
        items: Any = tuple[struct, ...] | None  # type: ignore[valid-type]
        page: Any = msgspec.defstruct("Page", [("metadata", ListMeta), ("items", items, ())], frozen=True)
        event: Any = msgspec.defstruct("Event", [("object", struct)], frozen=True)
        self._page = msgspec.json.Decoder(page)
        self._event = msgspec.json.Decoder(event)

    def page(self, body: bytes, complain: Complaint) -> Page[T]:
        """Read a page; items that cannot be read are complained of and left out.

        Raises msgspec.DecodeError where it is no list at all.
        """
        try:
            page = self._page.decode(body)
            return Page(page.metadata.resource_version, page.metadata.more, page.items or ())
        except msgspec.ValidationError:
            meta = _META.decode(body).metadata
            return Page(meta.resource_version, meta.more, tuple(self._readable(body, complain)))

    def event(self, line: bytes) -> T:
        """Read the object of an event; raises msgspec.ValidationError where it is not as its kind should be."""
        read: T = self._event.decode(line).object
        return read

    def object(self, body: bytes) -> T:
        """Read an object by itself; raises msgspec.DecodeError."""
        return self._object.decode(body)

    def _readable(self, body: bytes, complain: Complaint) -> list[T]:
        readable = []
        for raw in _ITEMS.decode(body).items or ():
            try:
                readable.append(self._object.decode(raw))
            except msgspec.ValidationError as error:
                naming = _MENTION.decode(raw).metadata
                complain(Key(naming.namespace, naming.name), error)
        return readable


class _Meta(msgspec.Struct, frozen=True):
    metadata: ListMeta


_META = msgspec.json.Decoder(_Meta)
_ITEMS = msgspec.json.Decoder(Items)
_MENTION = msgspec.json.Decoder(Mention)
head = msgspec.json.Decoder(Head).decode
"""Read what kind of event a line is, and of which object; raises msgspec.DecodeError."""


def version_of(body: bytes) -> str:
    """Read the resourceVersion of an object."""
    return _MENTION.decode(body).metadata.resource_version


def of_kind(kind: Kind) -> Decoder[Object]:
    """Make the decoder of a kind's struct."""
    return Decoder(kind.struct)
