"""What is known of one kind in one place: pages and watch lines go in, changes come out. No sockets, no clock."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar

import msgspec

from translator.api.kinds import Object
from translator.sharing import Sharing
from translator.value import Key, Ref
from xds_server.change import Change, Delete, Put
from xds_server.kube.decoding import Complaint, Decoder, Mention, head
from xds_server.kube.errors import ApiError

T = TypeVar("T", bound="HasMetadata")
T_contra = TypeVar("T_contra", bound="HasMetadata", contravariant=True)


Seen = Callable[[Key, str], None]
"""Hears of every object that somebody wrote to, and its new version, even if nothing that is kept of it changed."""


class HasNames(Protocol):
    """The part of any metadata by which an object is found."""

    @property
    def name(self) -> str:
        """The object's name."""

    @property
    def namespace(self) -> str:
        """The object's namespace."""


class HasMetadata(Protocol):
    """Anything with metadata."""

    @property
    def metadata(self) -> HasNames:
        """The object's metadata."""


class Memory(Protocol[T_contra]):
    """What becomes of the objects of a list or a watch."""

    def replaced(self, objects: Mapping[Key, T_contra], unreadable: frozenset[Key]) -> None:
        """Take these for all that there are, but for those that are there and cannot be read."""

    def put(self, key: Key, value: T_contra) -> None:
        """An object is new or has changed."""

    def delete(self, key: Key) -> None:
        """An object is gone."""

    def clear(self) -> None:
        """All are gone, for nobody serves them any more."""


class Reflection(Generic[T]):
    """Follows one collection; owns its resourceVersion: `version` is where to go on, empty before the first list."""

    def __init__(
        self, decoder: Decoder[T], memory: Memory[T], complain: Complaint, seen: Seen = lambda key, version: None
    ) -> None:
        self.version = ""
        self._seen = seen
        self._decoder = decoder
        self._memory = memory
        self._complain = complain
        self._listed: dict[Key, T] = {}
        self._unreadable: set[Key] = set()

    def begin(self) -> None:
        """Start a list from its first page."""
        self._listed = {}
        self._unreadable = set()

    def page(self, body: bytes) -> str:
        """Take one page; return where the next begins, or nothing after the last, which takes effect as a whole.

        Raises msgspec.DecodeError where it is no list.
        """

        def complain(key: Key, error: msgspec.ValidationError) -> None:
            self._unreadable.add(key)
            self._complain(key, error)

        page = self._decoder.page(body, complain)
        for item in page.items:
            self._listed[Key(item.metadata.namespace, item.metadata.name)] = item
        if not page.more:
            self._memory.replaced(self._listed, frozenset(self._unreadable))
            self.version = page.version
            self.begin()
        return page.more

    def line(self, line: bytes) -> str:
        """Take one event; return its type.

        Raises ApiError where the watch ends with one (410: list again), msgspec.DecodeError where it is no event.
        """
        event = head(line)
        told = event.object
        key = Key(told.metadata.namespace, told.metadata.name)
        match event.type:
            case "ADDED" | "MODIFIED":
                try:
                    self._memory.put(key, self._decoder.event(line))
                except msgspec.ValidationError as error:
                    self._complain(key, error)
                if event.type == "MODIFIED":
                    self._seen(key, told.metadata.resource_version)
            case "DELETED":
                self._memory.delete(key)
            case "BOOKMARK":
                pass
            case _:
                raise ApiError(told.code or HTTPStatus.INTERNAL_SERVER_ERROR, told.reason, told.message)
        self.version = told.metadata.resource_version or self.version
        return event.type


class Kept:
    """Keeps the objects of a kind, so that equal ones change nothing."""

    def __init__(self, kind: str, tell: Callable[[Change], None]) -> None:
        self._kind = kind
        self._tell = tell
        self._objects: dict[Key, Object] = {}
        self._sharing = Sharing()

    def replaced(self, objects: Mapping[Key, Object], unreadable: frozenset[Key]) -> None:
        """Tell what differs from what was known; an object that cannot be read any more stays as it was."""
        for key in self._objects.keys() - objects.keys() - unreadable:
            self.delete(key)
        for key, value in objects.items():
            self.put(key, value)

    def put(self, key: Key, value: Object) -> None:
        """Tell of an object that is not equal to what was known."""
        if self._objects.get(key) != value:
            self._sharing.share(value)
            self._objects[key] = value
            self._tell(Put(Ref(self._kind, *key), value))

    def delete(self, key: Key) -> None:
        """Tell that an object is gone, if it was known."""
        if self._objects.pop(key, None) is not None:
            self._tell(Delete(Ref(self._kind, *key)))

    def clear(self) -> None:
        """Tell that all are gone."""
        for key in tuple(self._objects):
            self.delete(key)


class Interest(Protocol):
    """Who is told which objects there are."""

    def listed(self, kind: str, namespace: str, versions: Mapping[Key, str]) -> None:
        """These are all in a namespace, or in the cluster where none is named."""

    def seen(self, ref: Ref, version: str) -> None:
        """An object has come to this version."""

    def gone(self, ref: Ref) -> None:
        """An object is no more."""


class Glimpses:
    """Keeps nothing: passes on which objects of a kind there are, and their versions."""

    def __init__(self, kind: str, interest: Interest, namespace: str) -> None:
        self._kind = kind
        self._interest = interest
        self._namespace = namespace

    def replaced(self, objects: Mapping[Key, Mention], unreadable: frozenset[Key]) -> None:
        """Pass on all that there are."""
        versions = {key: mention.metadata.resource_version for key, mention in objects.items()}
        self._interest.listed(self._kind, self._namespace, versions)

    def put(self, key: Key, value: Mention) -> None:
        """Pass on that there is a new version."""
        self._interest.seen(Ref(self._kind, *key), value.metadata.resource_version)

    def delete(self, key: Key) -> None:
        """Pass on that it is gone."""
        self._interest.gone(Ref(self._kind, *key))

    def clear(self) -> None:
        """Pass on that there are none."""
        self._interest.listed(self._kind, self._namespace, {})
