"""YAML to plain JSON values, straight from libyaml's events: no node tree, no recursion, no Python objects.

Duplicate keys are an error, aliases are copied (so no value is shared) and limited (so none explodes), `<<` merges.
"""

from collections.abc import Iterator
from sys import intern
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from xds_server.files import scalars

MAX_DEPTH = 200
"""Levels of nesting; a Kubernetes object has some twenty."""
MAX_ALIASED = 100_000
"""Values that the aliases of one document may stand for, all together."""

Parser: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class Document(NamedTuple):
    """A document and the line, counted from 0, on which its content begins."""

    line: int
    value: Any


class TextError(Exception):
    """The text is no YAML or JSON; `line` counts from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Key:
    """Not a key but what stands for one."""


NONE, MERGE = _Key(), _Key()


class _Open(NamedTuple):
    """The collection around the one that is being read."""

    container: Any
    key: Any
    merges: list[Any] | None
    anchor: str | None


def documents(text: bytes) -> Iterator[Document]:
    """Yield each document; raises TextError where the text stops being YAML."""
    try:
        parser = Parser(text)
        while not isinstance(event := parser.get_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                yield _document(parser)
    except yaml.reader.ReaderError as error:
        raise TextError(_line_at(text, error.position), f"not text: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.rstrip().count(b"\n")
        words = ", ".join(part for part in (error.context, error.problem) if part)
        raise TextError(min(mark.line, last) if mark else 0, f"not YAML: {words}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise TextError(0, "not YAML: the text cannot be decoded") from error


def _line_at(text: bytes, position: int) -> int:
    return text.count(b"\n", 0, position)


def _document(parser: Any) -> Document:
    """Read the events of one document up to its end."""
    next_event = parser.get_event
    anchors: dict[str, Any] = {}
    aliased = MAX_ALIASED
    stack: list[_Open] = []
    container: Any = None
    key: Any = NONE
    merges: list[Any] | None = None
    anchor: str | None = None
    first = -1
    root: Any = None
    while True:
        event = next_event()
        kind = event.__class__
        if kind is ScalarEvent:
            name = event.anchor
            try:
                value = _scalar(event)
            except ValueError as error:
                raise TextError(event.start_mark.line, f"not YAML: {error}") from error
            if value == "<<" and container.__class__ is dict and key is NONE and event.implicit[0]:
                key, merges = MERGE, [] if merges is None else merges
                continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if len(stack) >= MAX_DEPTH:
                raise TextError(event.start_mark.line, f"not YAML: nested deeper than {MAX_DEPTH} levels")
            if container.__class__ is dict and key is NONE:
                raise TextError(event.start_mark.line, "not YAML: a key must be a scalar")
            if first < 0:
                first = event.start_mark.line
            stack.append(_Open(container, key, merges, anchor))
            container, key, merges, anchor = {} if kind is MappingStartEvent else [], NONE, None, event.anchor
            if anchor:
                anchors.pop(anchor, None)
            continue
        elif kind is AliasEvent:
            name = None
            if event.anchor not in anchors:
                raise TextError(event.start_mark.line, f"not YAML: no anchor {event.anchor} to refer to")
            value, aliased = _copy(anchors[event.anchor], len(stack), aliased, event)
        elif kind is DocumentEndEvent:
            return Document(max(first, 0), root)
        else:
            if merges:
                _merge(container, merges, event)
            value, name = container, anchor
            container, key, merges, anchor = stack.pop()
        if name:
            anchors[name] = value
        if container is None:
            root, first = value, event.start_mark.line if first < 0 else first
        elif container.__class__ is list:
            container.append(value)
        elif key is NONE:
            key = _key(value, container, event)
        else:
            if key is MERGE and merges is not None:
                merges.append(value)
            else:
                container[key] = value
            key = NONE


def _scalar(event: Any) -> scalars.Scalar:
    """Resolve a scalar; equal strings are one, for names and kinds are said again and again."""
    text = intern(event.value)
    if event.implicit[0]:
        return scalars.plain(text)
    if event.implicit[1] or event.tag is None:
        return text
    return scalars.tagged(event.tag, text)


def _key(value: Any, container: dict[str, Any], event: Any) -> str:
    """Spell a key, which must be new."""
    try:
        if isinstance(value, dict | list):
            raise ValueError("a key must be a scalar")
        key = scalars.key(value)
        if key in container:
            raise ValueError(f"the key {key[:80]!r} is there twice")
    except ValueError as error:
        raise TextError(event.start_mark.line, f"not YAML: {error}") from error
    return key


def _copy(value: Any, depth: int, left: int, event: Any) -> tuple[Any, int]:
    """Copy what an alias stands for, counting its values against what is left."""
    left -= 1
    if left < 0 or depth > MAX_DEPTH:
        raise TextError(event.start_mark.line, "not YAML: aliases stand for too much")
    if isinstance(value, dict):
        fresh: dict[str, Any] = {}
        for key, item in value.items():
            fresh[key], left = _copy(item, depth + 1, left, event)
        return fresh, left
    if isinstance(value, list):
        items = []
        for item in value:
            copied, left = _copy(item, depth + 1, left, event)
            items.append(copied)
        return items, left
    return value, left


def _merge(container: dict[str, Any], merges: list[Any], event: Any) -> None:
    """Add what `<<` names: a key of the mapping's own wins, then the first mapping that has it."""
    for merge in merges:
        for mapping in merge if isinstance(merge, list) else [merge]:
            if not isinstance(mapping, dict):
                raise TextError(event.start_mark.line, "not YAML: only a mapping can be merged with <<")
            for key, item in mapping.items():
                container.setdefault(key, item)
