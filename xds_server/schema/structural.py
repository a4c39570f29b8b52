"""Structural schemas compiled into visitors that validate, prune and default in one walk.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from collections.abc import Callable, Mapping
from typing import Any

from xds_server.schema import findings, scalars
from xds_server.schema.assertions import Holds, assertion
from xds_server.schema.findings import Trail
from xds_server.schema.rules import Rules
from xds_server.schema.visit import Compiler, Findings, Visit

JUNCTIONS: Mapping[str, str] = {
    "anyOf": "must validate at least one schema (anyOf)",
    "oneOf": "must validate one and only one schema (oneOf)",
    "not": "must not validate the schema (not)",
}


def visitor(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    """Compile a schema, its junctions and its rules."""
    visit = _typed(schema, compiler)
    for keyword, complaint in JUNCTIONS.items():
        if keyword in schema:
            visit = _with_junction(visit, assertion({keyword: schema[keyword]}), complaint)
    rules = Rules(compiler.cel, schema.get("x-kubernetes-validations", ()))
    return _with_rules(visit, rules) if rules else visit


def _typed(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    if schema.get("x-kubernetes-int-or-string"):
        return scalars.int_or_string(schema, compiler)
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return lambda value, trail, found: value
    return _TYPES[schema["type"]](schema, compiler)


def _with_junction(visit: Visit, holds: Holds, complaint: str) -> Visit:
    def visit_and_assert(value: Any, trail: Trail, found: Findings) -> Any:
        seen = visit(value, trail, found)
        if not holds(seen):
            found.violations.append(findings.invalid(trail, complaint, seen))
        return seen

    return visit_and_assert


def _with_rules(visit: Visit, rules: Rules) -> Visit:
    def visit_and_note(value: Any, trail: Trail, found: Findings) -> Any:
        seen = visit(value, trail, found)
        found.rules.append((rules, seen, trail))
        return seen

    return visit_and_note


def _object(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    if "additionalProperties" in schema:
        return _map(schema, compiler)
    properties = {name: visitor(child, compiler) for name, child in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    defaults = tuple(_defaults(schema.get("properties", {}), properties))

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is not dict:
            found.violations.append(findings.wrong_type(trail, "object", value))
            return value
        seen = {}
        for name, child in value.items():
            visit_child = properties.get(name)
            if visit_child is None:
                found.unknown.append((trail, str(name)))
            elif child is not None:  # no field of these definitions is nullable: null is absence
                seen[name] = visit_child(child, (trail, name), found)
        for name, default in defaults:
            if name not in seen:
                seen[name] = fresh(default)
        for name in required:
            if name not in seen:
                found.violations.append(findings.required((trail, name)))
        return seen

    return visit


def _defaults(schemas: Mapping[str, Any], visits: Mapping[str, Visit]) -> list[tuple[str, Any]]:
    """Pair each property that has a default with it, the defaults inside of it filled in."""
    return [
        (name, visits[name](schema["default"], (), Findings()))
        for name, schema in schemas.items()
        if "default" in schema
    ]


def fresh(value: Any) -> Any:
    """Copy a JSON value, so that no two documents share a list."""
    if isinstance(value, dict):
        return {name: fresh(child) for name, child in value.items()}
    return [fresh(child) for child in value] if isinstance(value, list) else value


def _map(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    visit_child = visitor(schema["additionalProperties"], compiler)
    visit_key = visitor(schema["keys"], compiler) if "keys" in schema else None
    least, most = schema.get("minProperties", 0), schema.get("maxProperties", scalars.ENDLESS)

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is not dict:
            found.violations.append(findings.wrong_type(trail, "object", value))
            return value
        if not least <= len(value) <= most:
            found.violations.append(_miscounted(trail, len(value), least, most, "properties"))
        seen = {}
        for name, child in value.items():
            if type(name) is not str or not scalars.is_text(name):
                found.violations.append(findings.not_text((trail, str(name))))
                continue
            if visit_key is not None:
                visit_key(name, trail, found)
            if child is not None:
                seen[name] = visit_child(child, (trail, name), found)
        return seen

    return visit


def _array(schema: Mapping[str, Any], compiler: Compiler) -> Visit:
    visit_item = visitor(schema["items"], compiler)
    least, most = schema.get("minItems", 0), schema.get("maxItems", scalars.ENDLESS)
    identity = _IDENTITIES[schema.get("x-kubernetes-list-type", "atomic")](schema)

    def visit(value: Any, trail: Trail, found: Findings) -> Any:
        if type(value) is not list:
            found.violations.append(findings.wrong_type(trail, "array", value))
            return value
        if not least <= len(value) <= most:
            found.violations.append(_miscounted(trail, len(value), least, most, "items"))
        refused = len(found.violations)
        seen = [visit_item(item, (trail, index), found) for index, item in enumerate(value)]
        if identity is not None and len(seen) > 1 and len(found.violations) == refused:
            _refuse_duplicates(seen, identity, trail, found)
        return seen

    return visit


def _miscounted(trail: Trail, count: int, least: int, most: int, what: str) -> findings.Violation:
    if count > most:
        return findings.too_many(trail, count, most)
    return findings.invalid(trail, f"should have at least {least} {what}", count)


def _refuse_duplicates(items: list[Any], identity: Callable[[Any], Any], trail: Trail, found: Findings) -> None:
    known = set()
    for index, item in enumerate(items):
        key = repr(identity(item))
        if key in known:
            found.violations.append(findings.duplicate((trail, index), identity(item)))
        known.add(key)


def _keys(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    names = tuple(schema["x-kubernetes-list-map-keys"])
    return lambda item: {name: item.get(name) for name in names} if isinstance(item, dict) else item


_IDENTITIES: Mapping[str, Callable[[Mapping[str, Any]], Callable[[Any], Any] | None]] = {
    "atomic": lambda schema: None,
    "set": lambda schema: lambda item: item,
    "map": _keys,
}

_TYPES: Mapping[str, Callable[[Mapping[str, Any], Compiler], Visit]] = {
    "object": _object,
    "array": _array,
    "string": scalars.string,
    "integer": scalars.integer,
    "boolean": scalars.boolean,
}
