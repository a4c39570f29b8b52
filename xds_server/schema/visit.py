"""What the parts of a compiled schema share: the visitor's shape, what it finds, and the compiled patterns."""

from collections.abc import Callable
from typing import Any, TypeAlias

from cel_expr_python import cel

from xds_server.schema.findings import BLOCKING, Trail, Violation, invalid
from xds_server.schema.rules import Rules, environment


class Findings:
    """What one document's visit has found; rules wait here until the whole structure is known to be sound."""

    __slots__ = ("rules", "unknown", "violations")

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.unknown: list[Trail] = []
        self.rules: list[tuple[Rules, Any, Trail]] = []

    def judge(self) -> None:
        """Ask the rules, unless a violation makes their answer meaningless."""
        if not any(violation.cause in BLOCKING for violation in self.violations):
            for rules, value, trail in self.rules:
                self.violations.extend(invalid(trail, message) for message in rules.broken(value))


Visit: TypeAlias = Callable[[Any, Trail, Findings], Any]
"""Judge a value at a place; the answer is the value pruned and defaulted, in new dicts and lists."""


class Compiler:
    """Compiled things that many nodes of many kinds share."""

    def __init__(self) -> None:
        self.cel: cel.Env = environment()
        self._patterns: dict[str, Callable[[str], bool]] = {}

    def pattern(self, expression: str, compiled: Callable[[str], Callable[[str], bool]]) -> Callable[[str], bool]:
        """Return the predicate of a pattern, compiled once."""
        if expression not in self._patterns:
            self._patterns[expression] = compiled(expression)
        return self._patterns[expression]
