"""From a document to an object: what a kube-apiserver would make of it, or why it would refuse it."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import msgspec

from translator.api.kinds import GATEWAY, KINDS, Object, from_document
from translator.value import Ref, Value
from xds_server.files.finding import Note, Reason, Severity
from xds_server.files.lines import Lines, Path, path_of
from xds_server.files.text import content
from xds_server.schema.catalog import Catalog, Definition
from xds_server.schema.metadata import DEFAULT_NAMESPACE

BODILESS = ("metadata", "status")


class Accepted(Value):
    """A document that is an object of a kind we read."""

    line: int
    ref: Ref
    value: Object
    body: bytes
    """Hash of what a new generation is counted by: all but metadata and status."""
    numbered: bool
    """Whether the document gives its own generation."""


class Refused(NamedTuple):
    """A document that no object came of, and which object it would have been, where it says so."""

    line: int
    ref: Ref | None


class Other(NamedTuple):
    """An object of a kind that we do not read."""

    line: int
    document: dict[str, Any]


Entry: TypeAlias = Accepted | Refused | Other


class Objects(NamedTuple):
    """What a part of a file holds, lines counted from 1."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


class Refusal(Exception):
    """Ends the reading of one document: where, what and why."""

    def __init__(self, field: str, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.reason = reason
        self.message = message


class Reader:
    """Reads the parts of files; holds only the definitions by which documents are judged."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def read(self, text: bytes, json: bool = False, named: bool = True) -> Objects:
        """Read a part; in a file that was not `named`, but found, what is no Kubernetes object is only a warning."""
        entries: list[Entry] = []
        notes: list[Note] = []
        documents, error = content(text, json)
        for index, (first, value) in enumerate(documents):
            lines = Lines(text, index, first)
            for within, document in _items((), value):
                entries.append(self._entry(document, lines, within, named, notes))
        if error is not None:
            entries.append(Refused(error.line + 1, None))
            notes.append(Note(error.line + 1, None, Reason.MALFORMED, error.message))
        return Objects(tuple(entries), tuple(notes))

    def field(self, text: bytes, json: bool, line: int, field: Path) -> int | None:
        """Find the line of a field of the document that begins on `line` of a part."""
        for index, (first, value) in enumerate(content(text, json).documents):
            lines = Lines(text, index, first)
            for within, _ in _items((), value):
                if (lines.of(within) if within else first) + 1 == line:
                    return lines.of((*within, *field)) + 1
        return None

    def _entry(self, document: Any, lines: Lines, within: Path, named: bool, notes: list[Note]) -> Entry:
        """Read one document, noting what is wrong with it."""
        line = (lines.of(within) if within else lines.first) + 1
        ref: Ref | None = None

        def note(field: Path, reason: Reason, message: str, severity: Severity = Severity.ERROR) -> None:
            notes.append(Note(lines.of((*within, *field)) + 1, ref, reason, message, severity))

        try:
            api_version, kind = _kind(document)
            definition = self._definition(api_version, kind)
            if definition is None:
                return Other(line, document)
            ref = _ref(kind, definition.namespaced, document)
            admitted = definition.admit(document)
            for unknown in admitted.unknown:
                note(unknown, Reason.UNKNOWN_FIELD, f"unknown field {unknown}", Severity.WARNING)
            for violation in admitted.violations:
                reason = Reason.NOT_SERVED if violation.path == ("apiVersion",) else Reason.INVALID
                note(violation.path, reason, str(violation))
            if admitted.violations or ref is None:
                return Refused(line, ref)
            if kind not in KINDS:
                return Other(line, document)
            return _accepted(line, ref, admitted.document)
        except Refusal as refusal:
            severity = Severity.ERROR if named or refusal.field else Severity.WARNING
            note(path_of(refusal.field), refusal.reason, refusal.message, severity)
        except msgspec.ValidationError as error:
            words, _, where = str(error).partition(" - at `")
            where = where.removesuffix("`").rpartition("$")[2].removeprefix(".")
            note(path_of(where), Reason.INVALID, f"{where}: {words}" if where else words)
        except RecursionError:
            note((), Reason.MALFORMED, "nested too deep")
        return Refused(line, ref)

    def _definition(self, api_version: str, kind: str) -> Definition | None:
        """Find what judges the document; None for a kind that is none of ours."""
        definition = self._catalog.definition(api_version, kind)
        if definition is None and api_version.rpartition("/")[0] == GATEWAY:
            raise Refusal(
                "kind", Reason.NOT_SERVED, f"kind: the definitions of this channel serve no {kind} as {api_version}"
            )
        return definition


def _items(within: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield a document, or what is in it where it is a List; a typed list's items may leave out their kind."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        typed = {} if kind == "List" else {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")}
        for index, item in enumerate(value["items"]):
            whole = {**typed, **item} if isinstance(item, dict) else item
            yield from _items((*within, "items", index), whole)
    elif value is not None or within:
        yield within, value


def _kind(document: Any) -> tuple[str, str]:
    """Read apiVersion and kind, which every object has."""
    if not isinstance(document, dict):
        raise Refusal("", Reason.NOT_AN_OBJECT, "not a Kubernetes object: a mapping is expected")
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if api_version is None and kind is None:
        raise Refusal("", Reason.NOT_AN_OBJECT, "not a Kubernetes object: apiVersion and kind are missing")
    for field, value in (("apiVersion", api_version), ("kind", kind)):
        if not isinstance(value, str) or not value:
            raise Refusal(field, Reason.NOT_AN_OBJECT, f"{field}: a non-empty string is required")
    return str(api_version), str(kind)


def _ref(kind: str, namespaced: bool, document: dict[str, Any]) -> Ref | None:
    """Name the object that a document is about, where it says so."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str) or not name:
        return None
    namespace = (metadata.get("namespace") or DEFAULT_NAMESPACE) if namespaced else ""
    return Ref(kind, namespace, name) if isinstance(namespace, str) else None


def _accepted(line: int, ref: Ref, document: dict[str, Any]) -> Accepted:
    body = {field: value for field, value in document.items() if field not in BODILESS}
    digest = hashlib.blake2b(msgspec.json.encode(body, order="sorted"), digest_size=16).digest()
    return Accepted(line, ref, from_document(ref.kind, document), digest, "generation" in document["metadata"])


def same(one: Entry, other: Entry) -> bool:
    """Whether two claims are of equal objects."""
    return (
        isinstance(one, Accepted) and isinstance(other, Accepted) and (one.body, one.value) == (other.body, other.value)
    )
