"""Which line of a text a field stands on: found out only when there is something to say about it."""

import re
from typing import Any, TypeAlias

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from xds_server.files.yaml_text import Parser

Path: TypeAlias = tuple[str | int, ...]
"""A field: the keys and indexes that lead to it from the document's root."""

STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\]")


def path_of(text: str) -> Path:
    """Read a path as it is printed: `spec.rules[0].name`, with or without a leading `$`."""
    steps = STEP.findall(text.removeprefix("$"))
    return tuple(int(index) if index else key or odd for key, index, odd in steps)


class Lines:
    """The lines of one document of a text, counted from 0, by field; read at the first question."""

    def __init__(self, text: bytes, index: int, first: int) -> None:
        self.first = first
        self._text = text
        self._index = index
        self._by_path: dict[Path, int] | None = None

    def of(self, path: Path) -> int:
        """Return the line of a field, or of the innermost field around it that is written."""
        if self._by_path is None:
            self._by_path = _lines(self._text, self._index)
        while path and path not in self._by_path:
            path = path[:-1]
        return self._by_path[path] if path else self.first


class _Level:
    """A collection that is open: its path, and how far it has been read."""

    __slots__ = ("at", "path")

    def __init__(self, path: Path, sequence: bool) -> None:
        self.path = path
        self.at: str | int | None = 0 if sequence else None


def _lines(text: bytes, index: int) -> dict[Path, int]:
    """Map the fields of one document to lines; the line of a mapping's field is that of its key."""
    found: dict[Path, int] = {}
    levels: list[_Level] = []
    try:
        parser = Parser(text)
        while index >= -1 and not isinstance(event := parser.get_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                index -= 1
            elif index == -1:
                _follow(event, levels, found)
    except YAMLError:
        return found
    return found


def _follow(event: Any, levels: list[_Level], found: dict[Path, int]) -> None:
    """Take one event of the document: leave a collection, pass a key, or come to a value."""
    line: int = event.start_mark.line
    if isinstance(event, MappingEndEvent | SequenceEndEvent):
        levels.pop()
        return
    if not isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
        return
    place: Path = ()
    if levels:
        level = levels[-1]
        if level.at is None:
            level.at = event.value if isinstance(event, ScalarEvent) else ""
            found.setdefault((*level.path, level.at), line)
            return
        place = (*level.path, level.at)
        found.setdefault(place, line)
        level.at = level.at + 1 if isinstance(level.at, int) else None
    if isinstance(event, MappingStartEvent | SequenceStartEvent):
        levels.append(_Level(place, isinstance(event, SequenceStartEvent)))
