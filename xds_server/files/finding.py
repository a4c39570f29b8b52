"""What is to be said about a file: where, of which object, why, and whether the object was left out for it."""

from enum import StrEnum
from typing import NamedTuple

from translator.value import Ref, Value


class Severity(StrEnum):
    """An error keeps a document out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Reason(StrEnum):
    """Why a file or a document is reported."""

    UNREADABLE = "Unreadable"
    """The file is not there, may not be read, is too large or is no file."""
    MALFORMED = "Malformed"
    """The text is no YAML or JSON that a kube-apiserver would be sent."""
    NOT_AN_OBJECT = "NotAnObject"
    """The document lacks what every Kubernetes object has."""
    NOT_SERVED = "NotServed"
    """The definitions of the channel serve no such kind or version."""
    INVALID = "Invalid"
    """The schema, or one of its rules, refuses a field."""
    UNKNOWN_FIELD = "UnknownField"
    """The schema has no such field; a kube-apiserver drops it and kubectl refuses it."""
    DUPLICATE = "Duplicate"
    """The object is written twice; the first in the order of the paths counts."""


class Finding(Value):
    """One thing that is wrong with the files; `line` counts from 1, and 0 means the file as a whole."""

    file: str
    line: int
    ref: Ref | None
    reason: Reason
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {f'{self.ref}: ' if self.ref else ''}{self.message}"


class Note(NamedTuple):
    """A finding within a part of a file, its line counted from the part's beginning."""

    line: int
    ref: Ref | None
    reason: Reason
    message: str
    severity: Severity = Severity.ERROR

    def at(self, file: str, start: int) -> Finding:
        """Say where the part stands."""
        return Finding(file, start + self.line, self.ref, self.reason, self.message, self.severity)


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
