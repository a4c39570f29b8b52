"""What is wrong with a document, said as a kube-apiserver says it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, TypeAlias

from translator.value import Value

Trail: TypeAlias = tuple[Any, ...]
"""A place on the way down: `()` is the document, `(parent, step)` a property, a map key or an index of parent."""

LONGEST_VALUE = 120


class Cause(StrEnum):
    """Why a field was refused (k8s.io/apimachinery/pkg/util/validation/field.ErrorType)."""

    REQUIRED = "FieldValueRequired"
    DUPLICATE = "FieldValueDuplicate"
    INVALID = "FieldValueInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    TYPE_INVALID = "FieldValueTypeInvalid"


BLOCKING = frozenset({Cause.REQUIRED, Cause.NOT_SUPPORTED, Cause.TOO_LONG, Cause.TOO_MANY, Cause.TYPE_INVALID})
"""Causes after which a kube-apiserver evaluates no CEL rule of the document."""


class FieldPath(tuple[str | int, ...]):
    """A field of a document: property names, map keys and indexes; printed like `spec.rules[0].name`."""

    __slots__ = ()

    def __str__(self) -> str:
        return "".join(_step(step) for step in self).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{printable(step)}]"


def field_path(trail: Trail) -> FieldPath:
    """Collect the steps that lead to a place."""
    return FieldPath(reversed(tuple(_upwards(trail))))


def _upwards(trail: Trail) -> Iterator[str | int]:
    while trail:
        trail, step = trail
        yield step


class Violation(Value):
    """One reason why a kube-apiserver would refuse the document; the message starts with the cause in its words."""

    path: FieldPath
    cause: Cause
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def not_text(trail: Trail) -> Violation:
    """A string or a key cannot be written as UTF-8 or holds a NUL, so no rule could read it."""
    return Violation(field_path(trail), Cause.TYPE_INVALID, "Invalid value: must be UTF-8 text without NUL")


def required(trail: Trail, detail: str = "") -> Violation:
    """A field that must be there is not."""
    return Violation(field_path(trail), Cause.REQUIRED, f"Required value: {detail}" if detail else "Required value")


def invalid(trail: Trail, detail: str, *value: object) -> Violation:
    """A field has a value that it may not have; the value is shown where one is given."""
    return Violation(field_path(trail), Cause.INVALID, ": ".join(("Invalid value", *map(shown, value), detail)))


def wrong_type(trail: Trail, wanted: str, value: object) -> Violation:
    """A field has a value of another JSON type; the value itself is not shown."""
    message = f"Invalid value: {field_path(trail)} must be of type {wanted}, not {json_type(value)}"
    return Violation(field_path(trail), Cause.TYPE_INVALID, message)


def not_supported(trail: Trail, value: object, supported: Iterable[object]) -> Violation:
    """A field has a value outside of its enumeration."""
    names = ", ".join(map(shown, supported))
    return Violation(
        field_path(trail), Cause.NOT_SUPPORTED, f"Unsupported value: {shown(value)}: supported values: {names}"
    )


def too_long(trail: Trail, limit: int) -> Violation:
    """A string has too many characters."""
    return Violation(field_path(trail), Cause.TOO_LONG, f"Too long: may not be more than {limit} characters")


def too_many(trail: Trail, count: int, limit: int) -> Violation:
    """A list or map has too many entries."""
    return Violation(field_path(trail), Cause.TOO_MANY, f"Too many: {count}: must have at most {limit} items")


def duplicate(trail: Trail, value: object) -> Violation:
    """An entry's key, or a set's element, is there twice."""
    return Violation(field_path(trail), Cause.DUPLICATE, f"Duplicate value: {shown(value)}")


def shown(value: object) -> str:
    """Print a value as JSON, cut where it is long."""
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def printable(text: str) -> str:
    """Replace what UTF-8 cannot write."""
    return text.encode(errors="replace").decode()


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value; a value that JSON lacks, such as a YAML date, goes by its own name."""
    return _JSON_TYPES.get(type(value), type(value).__name__)


_JSON_TYPES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
