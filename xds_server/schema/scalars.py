"""Strings, integers and booleans: the leaves of a structural schema."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import re2

from xds_server.schema import findings, formats
from xds_server.schema.findings import Trail, Violation
from xds_server.schema.visit import Compiler, Findings, Visit

INTEGER_RANGE = {"int32": (-(2**31), 2**31 - 1)}
INT64 = (-(2**63), 2**63 - 1)
ENDLESS = 2**63


def is_text(value: str) -> bool:
    """A string that can be written as UTF-8 and holds no NUL."""
    return "\0" not in value and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))


def pattern(expression: str) -> Callable[[str], bool]:
    """Compile an unanchored search in RE2, in time linear in the text; a Set is RE2's quickest way to say yes or no."""
    searched = re2.Set.SearchSet()
    searched.Add(expression)
    searched.Compile()
    match: Callable[[str], list[int]] = searched.Match
    return lambda text: bool(match(text))


def string(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    """A string within its length, enumeration, pattern and format."""
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", ENDLESS)
    enum = frozenset(schema["enum"]) if "enum" in schema else None
    matches = compiler.pattern(schema["pattern"], pattern) if "pattern" in schema else None
    formatted = formats.OPENAPI[schema["format"]] if "format" in schema else None

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is not str:
            found.violations.append(findings.wrong_type(trail, "string", value))
        elif not (
            is_text(value)
            and shortest <= len(value) <= longest
            and (enum is None or value in enum)
            and (matches is None or matches(value))
            and (formatted is None or formatted(value))
        ):
            found.violations.extend(_refusals(schema, value, trail, matches, formatted))
        return value

    return visit


def _refusals(
    schema: Mapping[str, Any],
    value: str,
    trail: Trail,
    matches: Callable[[str], bool] | None,
    formatted: Callable[[str], bool] | None,
) -> Iterator[Violation]:
    if not is_text(value):
        yield findings.not_text(trail)
        return
    if len(value) < schema.get("minLength", 0):
        yield findings.invalid(trail, f"should be at least {schema['minLength']} chars long", value)
    if len(value) > schema.get("maxLength", ENDLESS):
        yield findings.too_long(trail, schema["maxLength"])
    if "enum" in schema and value not in schema["enum"]:
        yield findings.not_supported(trail, value, schema["enum"])
    if matches is not None and not matches(value):
        yield findings.invalid(trail, f"should match '{schema['pattern']}'", value)
    if formatted is not None and not formatted(value):
        yield findings.invalid(
            trail, f"must be a valid {schema['format']}", *(() if schema.get("secret") else (value,))
        )


def integer(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    """A whole number within its bounds; 80.0 is the integer 80, as in JSON."""
    least, most = INTEGER_RANGE.get(schema.get("format", "int64"), INT64)
    least, most = max(least, schema.get("minimum", least)), min(most, schema.get("maximum", most))

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            found.violations.append(findings.wrong_type(trail, "integer", value))
        elif value < least:
            found.violations.append(findings.invalid(trail, f"should be greater than or equal to {least}", value))
        elif value > most:
            found.violations.append(findings.invalid(trail, f"should be less than or equal to {most}", value))
        return value

    return visit


def boolean(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    """True or false."""

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is not bool:
            found.violations.append(findings.wrong_type(trail, "boolean", value))
        return value

    return visit


def int_or_string(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    """An integer as `integer` judges it, or a string as `string` does (x-kubernetes-int-or-string)."""
    as_integer, as_string = (
        integer({"format": "int32", **schema}, compiler),
        string({**schema, "format": "port-name"}, compiler),
    )

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        return as_string(value, trail, found) if isinstance(value, str) else as_integer(value, trail, found)

    return visit
