"""A file's text in parts that stand alone, so that an edit costs what it touches and an error harms one part."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from xds_server.files import json_text, yaml_text
from xds_server.files.yaml_text import Document, TextError

SEPARATOR = re.compile(rb"\n---(?=[ \t\r\n]|\Z)")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Part(NamedTuple):
    """Some bytes of a file and the number of lines before them."""

    start: int
    text: bytes


class Content(NamedTuple):
    """The documents of a part, up to the error that ends them, if one does."""

    documents: list[Document]
    error: TextError | None


def parts(text: bytes) -> list[Part]:
    """Split at document separators; a YAML directive binds to the text after it, so such a file stays whole."""
    if text.startswith(b"%") or b"\n%" in text:
        return [Part(0, text)]
    marks = [0, *(match.start() + 1 for match in SEPARATOR.finditer(text)), len(text)]
    found: list[Part] = []
    line = 0
    for start, end in pairwise(marks):
        part = text[start:end]
        found.append(Part(line, part))
        line += part.count(b"\n")
    return found


def content(part: bytes, json: bool) -> Content:
    """Parse a part: as JSON where it must be or where it begins like it and is; else as YAML."""
    if json or part.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] == b"{":
        read = _content(part, json_text.documents)
        if json or read.error is None:
            return read
        as_yaml = _content(part, yaml_text.documents)
        return as_yaml if as_yaml.error is None else read
    return _content(part, yaml_text.documents)


def _content(part: bytes, read: Callable[[bytes], Iterator[Document]]) -> Content:
    documents: list[Document] = []
    try:
        for document in read(part):
            documents.append(document)  # noqa: PERF402 - what was read before an error stays
    except TextError as error:
        return Content(documents, error)
    return Content(documents, None)
