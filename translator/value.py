"""The vocabulary every room shares: frozen values, keys and the right to look something up."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar, dataclass_transform

import msgspec

K = TypeVar("K", contravariant=True)
V = TypeVar("V", covariant=True)


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, gc=False):
    """A frozen struct compared by content; it holds only values, so it can be part of no reference cycle."""


class Key(NamedTuple):
    """Where a namespaced object lives; printed the way Kubernetes people write it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Ref(NamedTuple):
    """One object of any kind; cluster-scoped objects have an empty namespace."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """The object's key without its kind."""
        return Key(self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


NO_ROWS: Mapping[Any, Any] = MappingProxyType({})
"""A table without rows."""


class Lookup(Protocol[K, V]):
    """The right to read one row at a time; a plain dict is one, and so is a table that records who read it."""

    def get(self, key: K, /) -> V | None:
        """Return the row, or None where there is none; a miss is a read like any other."""
