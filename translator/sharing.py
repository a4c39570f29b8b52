"""Equal parts of decoded objects made the same: thousands of routes name one Gateway, and most match `/`.

Objects do not change by it: what stands in the place of a part is equal to it, and no field holds both truths and
numbers, which would be equal, too. Strings, and frozen structs and tuples of these, are shared from the second time on
that they are seen; what is seen once is not kept for it.
"""

from functools import cache
from typing import Any

import msgspec

MOST = 4096
"""How many parts are remembered; then all are forgotten, and what is seen after that is shared anew."""
UNIQUE = frozenset({"name", "hostnames", "creation_timestamp"})
"""Fields that are hardly ever alike; not looked at."""

WHOLE = frozenset({"metadata", "spec"})
"""Fields that differ in every object; their parts are looked at."""

_set = msgspec.structs.force_setattr


class Sharing:
    """The parts of the objects of one kind."""

    def __init__(self) -> None:
        self._once: set[int] = set()
        """Hashes of what was seen once, or again and is shared."""
        self._shared: dict[Any, Any] = {}

    def share(self, value: msgspec.Struct) -> None:
        """Put in the place of the parts of a new object what is equal to them."""
        for name in _fields(type(value)):
            part = getattr(value, name)
            if name in WHOLE:
                self.share(part)
            elif part:
                other = self._same(part)
                if other is not part:
                    _set(value, name, other)

    def _same(self, part: Any) -> Any:
        """Return what is equal to a part and shared; of a part that is new, share the parts."""
        try:
            known = self._shared.get(part)
        except TypeError:  # it holds a map
            known = hashed = None
        else:
            hashed = hash(part) if known is None else None
        if known is not None:
            return known
        if hashed is not None:
            self._remember(part, hashed)
        if isinstance(part, msgspec.Struct):
            self.share(part)
        elif isinstance(part, tuple):
            self._share_each(part)
        return part

    def _share_each(self, parts: tuple[Any, ...]) -> None:
        for part in parts:
            if isinstance(part, msgspec.Struct):
                self.share(part)

    def _remember(self, part: Any, hashed: int) -> None:
        if hashed in self._once:
            self._shared[part] = part
        else:
            self._once.add(hashed)
        if len(self._once) > MOST:
            self._once.clear()
            self._shared.clear()


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Name the fields of a struct that may be worth it."""
    kinds = msgspec.structs.fields(struct)
    return tuple(it.name for it in kinds if it.name not in UNIQUE and it.type not in _NUMBERS)


_NUMBERS = (int, float, bool, int | None, float | None, bool | None)
