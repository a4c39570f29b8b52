"""The objects that the files claim, and what is in force: first claims, last good versions, generations, namespaces."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

import msgspec

from translator.api import core
from translator.api.kinds import Object
from translator.value import Ref, Value
from xds_server.change import Change, Delete, Put
from xds_server.files.objects import Accepted, Refused
from xds_server.files.tree import Order
from xds_server.schema.core import NAMESPACE_LABEL
from xds_server.schema.metadata import DEFAULT_NAMESPACE

Claims: TypeAlias = Mapping[Ref, tuple[Accepted | Refused, ...]]
"""What one file says of each object, in the order in which it says it."""


class Live(Value):
    """The version of an object that is in force, and the file that it came from."""

    file: str
    entry: Accepted
    value: Object
    generation: int


class World:
    """What is in force, given what each file claims.

    The first good claim in the order of the files wins. A refused first claim leaves the version before in force; so
    does a file that does not parse, for what it held. An object that no file claims any more goes once that has been
    so for `settle` seconds: editors and copies take files away for a moment, or empty them, to write them anew.
    """

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._claims: dict[Ref, tuple[tuple[str, Accepted | Refused], ...]] = {}
        """By object, who claims it: pairs of file and entry, those of one file as they are written."""
        self._orders: dict[str, Order] = {}
        self._broken: set[str] = set()
        self._live: dict[Ref, Live] = {}
        self._touched: set[Ref] = set()
        self._held: dict[str, set[Ref]] = {}
        self._losing: dict[Ref, float] = {}
        self._contested: set[Ref] = set()
        self._population: Counter[str] = Counter()
        self._crowded: set[str] = {DEFAULT_NAMESPACE}
        self._namespaces: dict[str, core.Namespace] = {}

    @property
    def live(self) -> Mapping[Ref, Live]:
        """What is in force, written Namespaces as they were written."""
        return self._live

    @property
    def pending(self) -> bool:
        """Whether objects are missing that may yet come back."""
        return bool(self._losing)

    def replace(self, file: str, order: Order, old: Claims, new: Claims, intact: bool) -> None:
        """Let a file claim `new` where it claimed `old`; one that is not intact holds what it held."""
        self._orders[file] = order
        for ref in old.keys() - new.keys():
            self._claim(ref, file, ())
        for ref, entries in new.items():
            before = old.get(ref)
            if before is None or len(before) != len(entries) or any(map(_differ, before, entries)):
                self._claim(ref, file, entries)
        if intact:
            self._broken.discard(file)
            self._touched |= self._held.pop(file, set())
        else:
            self._broken.add(file)

    def _claim(self, ref: Ref, file: str, entries: tuple[Accepted | Refused, ...]) -> None:
        """Let a file say this of an object instead of what it said before."""
        others = [claim for claim in self._claims.pop(ref, ()) if claim[0] != file]
        claims = (*others, *((file, entry) for entry in entries))
        if claims:
            self._claims[ref] = claims
        self._touched.add(ref)

    def remove(self, file: str, old: Claims) -> None:
        """Let a file claim nothing any more."""
        self.replace(file, self._orders[file], old, {}, True)
        del self._orders[file]

    def settle(self, now: float) -> list[Change]:
        """Decide what the touched objects are now; return what changed."""
        touched, self._touched = self._touched | self._losing.keys(), set()
        changes = [change for ref in sorted(touched) for change in self._decide(ref, now)]
        crowded, self._crowded = self._crowded, set()
        return [change for name in sorted(crowded) for change in self._namespace(name)] + changes

    def contested(self) -> Iterator[tuple[Ref, list[tuple[str, Accepted | Refused]]]]:
        """Yield each object that is claimed more than once, with its claims in order."""
        for ref in sorted(self._contested):
            yield ref, self._ordered(ref)

    def _ordered(self, ref: Ref) -> list[tuple[str, Accepted | Refused]]:
        return sorted(self._claims.get(ref, ()), key=lambda claim: self._orders[claim[0]])

    def _decide(self, ref: Ref, now: float) -> Iterator[Change]:
        claims = self._ordered(ref)
        (self._contested.add if len(claims) > 1 else self._contested.discard)(ref)
        live = self._live.get(ref)
        if claims:
            self._losing.pop(ref, None)
            good = ((file, entry) for file, entry in claims if isinstance(entry, Accepted))
            if isinstance(claims[0][1], Accepted) or live is None:
                winner = next(good, None)
                if winner is not None:
                    yield from self._enforce(ref, live, *winner)
        elif live is None:
            self._losing.pop(ref, None)
        elif live.file in self._broken:
            self._losing.pop(ref, None)
            self._held.setdefault(live.file, set()).add(ref)
        elif now - self._losing.setdefault(ref, now) >= self._settle:
            del self._losing[ref], self._live[ref]
            yield from self._changed(ref, -1)

    def _enforce(self, ref: Ref, live: Live | None, file: str, entry: Accepted) -> Iterator[Change]:
        if live is not None and live.entry is entry and live.file == file:
            return
        generation = entry.value.metadata.generation
        if not entry.numbered and live is not None:
            generation = live.generation + (entry.body != live.entry.body)
        value = _with_generation(entry.value, generation)
        same = live is not None and live.value == value
        self._live[ref] = Live(file, entry, live.value if live is not None and same else value, generation)
        if not same:
            yield from self._changed(ref, live is None)

    def _changed(self, ref: Ref, arrivals: int) -> Iterator[Change]:
        """Report an object's change; a Namespace's with all namespaces, in the end."""
        if ref.kind == "Namespace":
            self._crowded.add(ref.name)
            return
        if ref.namespace and arrivals:
            self._population[ref.namespace] += arrivals
            self._crowded.add(ref.namespace)
        live = self._live.get(ref)
        yield Delete(ref) if live is None else Put(ref, live.value)

    def _namespace(self, name: str) -> Iterator[Change]:
        """Bring one Namespace up to date: as written, or there because something is in it."""
        ref = Ref("Namespace", "", name)
        written = self._live.get(ref)
        value: core.Namespace | None = None
        if written is not None:
            value = _with_name_label(cast(core.Namespace, written.value))
        elif self._population[name] or name == DEFAULT_NAMESPACE:
            value = _with_name_label(core.Namespace(metadata=core.NamespaceMeta(name=name)))
        if value is None:
            if self._namespaces.pop(name, None) is not None:
                yield Delete(ref)
        elif self._namespaces.get(name) != value:
            self._namespaces[name] = value
            yield Put(ref, value)


def _differ(one: Accepted | Refused, other: Accepted | Refused) -> bool:
    return one is not other


def _with_generation(value: Object, generation: int) -> Object:
    if value.metadata.generation == generation:
        return value
    return msgspec.structs.replace(value, metadata=msgspec.structs.replace(value.metadata, generation=generation))


def _with_name_label(value: core.Namespace) -> core.Namespace:
    labels = {**value.metadata.labels, NAMESPACE_LABEL: value.metadata.name}
    return core.Namespace(metadata=msgspec.structs.replace(value.metadata, labels=labels))
