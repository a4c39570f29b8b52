"""Value validation inside `not`, `anyOf` and `oneOf`: a schema that only says yes or no."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from xds_server.schema import formats

Holds: TypeAlias = Callable[[Any], bool]


def assertion(schema: Mapping[str, Any]) -> Holds:
    """Compile a schema into a predicate that holds when each of its keywords does."""
    keywords = tuple(_KEYWORDS[key](operand) for key, operand in schema.items())
    return lambda value: all(holds(value) for holds in keywords)


def _enum(values: list[Any]) -> Holds:
    return lambda value: value in values


def _format(name: str) -> Holds:
    check = formats.OPENAPI[name]
    return lambda value: not isinstance(value, str) or check(value)


def _properties(schemas: Mapping[str, Any]) -> Holds:
    each = {name: assertion(schema) for name, schema in schemas.items()}
    return lambda value: (
        not isinstance(value, dict) or all(holds(value[name]) for name, holds in each.items() if name in value)
    )


def _not(schema: Mapping[str, Any]) -> Holds:
    holds = assertion(schema)
    return lambda value: not holds(value)


def _any_of(schemas: list[Any]) -> Holds:
    each = tuple(map(assertion, schemas))
    return lambda value: any(holds(value) for holds in each)


def _one_of(schemas: list[Any]) -> Holds:
    each = tuple(map(assertion, schemas))
    return lambda value: sum(holds(value) for holds in each) == 1


_KEYWORDS: Mapping[str, Callable[[Any], Holds]] = {
    "enum": _enum,
    "format": _format,
    "properties": _properties,
    "not": _not,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
"""The keywords that the vendored definitions use there; another one is a KeyError when its kind is loaded."""
