"""Each CEL rule of both channels, and of the core kinds, compiles and answers true or false."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from cel_expr_python import cel

from xds_server.schema.catalog import DATA
from xds_server.schema.rules import Rules, compile_rule, environment

ENV = environment()


class Ruled(NamedTuple):
    rule: str
    sample: Any


def sample(schema: dict[str, Any]) -> Any:
    """A value with every field present, right in type and within the enumerations."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return {}
    match schema.get("type", "string"):
        case "object":
            values = {"example.com/key": schema["additionalProperties"]} if "additionalProperties" in schema else {}
            return {name: sample(child) for name, child in {**schema.get("properties", {}), **values}.items()}
        case "array":
            return [sample(schema["items"])]
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return schema.get("enum", ["5s" if "h|m|s|ms" in schema.get("pattern", "") else "a"])[0]


def ruled(schema: Any) -> Iterator[Ruled]:
    match schema:
        case dict():
            for validation in schema.get("x-kubernetes-validations", ()):
                yield Ruled(validation["rule"], sample(schema))
            for child in schema.values():
                yield from ruled(child)
        case list():
            for child in schema:
                yield from ruled(child)


def every_rule(folder: str) -> list[Ruled]:
    sources = (json.loads(file.read_text()) for file in (DATA / folder).iterdir())
    return list({each.rule: each for source in sources for each in ruled(source)}.values())


@pytest.mark.parametrize(("folder", "count"), [("standard", 79), ("experimental", 115), ("core", 12)])
def test_every_rule_answers_true_or_false(folder: str, count: int) -> None:
    rules = every_rule(folder)
    assert len(rules) == count
    for rule, value in rules:
        answer = compile_rule(ENV, rule).eval(data={"self": value, "oldSelf": value})
        assert answer.type() == cel.Type.BOOL, f"{rule}: {answer.value()}"


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("isIP(self)", "10.0.0.1", True),
        ("isIP(self)", "2001:db8::1", True),
        ("isIP(self)", "010.0.0.1", False),
        ("isIP(self)", "::ffff:10.0.0.1", False),
        ("isIP(self)", "fe80::1%eth0", False),
        ("!format.dns1123Subdomain().validate(self).hasValue()", "example.com", True),
        ("!format.dns1123Subdomain().validate(self).hasValue()", "Example.com", False),
        ("!format.qualifiedName().validate(self).hasValue()", "example.com/My_name", True),
        ("!format.qualifiedName().validate(self).hasValue()", "a/b/c", False),
        ("self.size() == 1", "é", True),
        ("self.split('/')[0] == 'a'", "a/b", True),
        ("self.substring(2) == 'b'", "*.b", True),
        (r'self.matches(r"""^\d+$""")', "12", True),
        (r'self.matches(r"""^\d+$""")', "12\n", False),
        ("duration(self) <= duration('1h')", "59m59s", True),
        ("has(self.__namespace__) && self.__namespace__ == 'a'", {"namespace": "a"}, True),
        ("size(self.absent) > 0 || true", {}, True),
    ],
)
def test_what_a_rule_says(rule: str, value: Any, holds: bool) -> None:
    assert list(Rules(ENV, [{"rule": rule, "message": "no"}]).broken(value)) == ([] if holds else ["no"])


def test_each_broken_rule_is_told_and_no_other() -> None:
    rules = [{"rule": "self > 1", "message": "small"}, {"rule": "self > 0", "message": "none"}, {"rule": "self == 5"}]
    assert list(Rules(ENV, rules).broken(1)) == ["small", "failed rule: self == 5"]


def test_a_rule_that_cannot_be_answered_is_broken() -> None:
    rules = Rules(ENV, [{"rule": "self.absent > 1", "message": "small"}, {"rule": "true", "message": "never"}])
    assert list(rules.broken({})) == ['NOT_FOUND: Key not found in map : "absent" evaluating rule: small']


def test_rules_about_updates_are_not_asked() -> None:
    assert not Rules(ENV, [{"rule": "self == oldSelf", "message": "immutable"}])
