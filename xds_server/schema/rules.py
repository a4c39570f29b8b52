"""CEL rules (x-kubernetes-validations), compiled when a value first meets them.

Google's CEL evaluates; Kubernetes adds its own functions, and the few that the rules call are declared here.
Source: https://kubernetes.io/docs/reference/using-api/cel/
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from xds_server.schema import formats

OLD_SELF = re.compile(r"\boldSelf\b")
ESCAPED_NAMESPACE = re.compile(r"\b__namespace__\b")


def _named_format(name: str) -> cel.FunctionDecl:
    overload = cel.Overload(f"format_{name}", return_type=cel.Type.STRING, parameters=[], impl=lambda: name)
    return cel.FunctionDecl(f"format.{name}", [overload])


def _complaints(format_name: str, text: str) -> list[str]:
    return [] if formats.NAMED[format_name](text) else [f"must be a {format_name}"]


def environment() -> cel.Env:
    """What a rule may call: CEL's own functions and strings, and of Kubernetes' library isIP and the named formats.

    `validate` answers a list of complaints where Kubernetes answers an optional; `hasValue` asks whether there are any.
    """
    string, boolean, complaints = cel.Type.STRING, cel.Type.BOOL, cel.Type.List(cel.Type.STRING)
    is_ip = cel.Overload("is_ip", return_type=boolean, parameters=[string], impl=formats.is_ip)
    validate = cel.Overload(
        "validate_format", return_type=complaints, parameters=[string, string], is_member=True, impl=_complaints
    )
    has_value = cel.Overload("has_value", return_type=boolean, parameters=[complaints], is_member=True, impl=bool)
    return cel.NewEnv(
        variables={"self": cel.Type.DYN, "oldSelf": cel.Type.DYN},
        extensions=[ext_strings.ExtStrings()],
        functions=[
            cel.FunctionDecl("isIP", [is_ip]),
            *map(_named_format, formats.NAMED),
            cel.FunctionDecl("validate", [validate]),
            cel.FunctionDecl("hasValue", [has_value]),
        ],
    )


def compile_rule(env: cel.Env, rule: str) -> cel.Expression:
    """Compile one rule; `__namespace__` is how older Kubernetes had to spell the field `namespace`."""
    return env.compile(ESCAPED_NAMESPACE.sub("namespace", rule))


class Rules:
    """The rules of one schema node.

    Their conjunction is asked first: in CEL it is true exactly when each of them is, and a value is converted once.
    Only a value that fails it meets the rules one by one. Rules about `oldSelf` speak of updates and are not asked.
    """

    __slots__ = ("_all", "_each", "_env", "_rules")

    def __init__(self, env: cel.Env, validations: Sequence[Mapping[str, str]]) -> None:
        self._env = env
        self._rules = {
            v["rule"]: v.get("message", f"failed rule: {v['rule']}")
            for v in validations
            if not OLD_SELF.search(v["rule"])
        }
        self._all: cel.Expression | None = None
        self._each: dict[str, cel.Expression] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def broken(self, value: object) -> Iterator[str]:
        """Yield the message of each rule that is not true of a value."""
        if self._all is None:
            self._all = compile_rule(self._env, " && ".join(f"({rule})" for rule in self._rules))
        if self._all.eval(data={"self": value}).value() is not True:
            yield from self._one_by_one(value)

    def _one_by_one(self, value: object) -> Iterator[str]:
        for rule, message in self._rules.items():
            if rule not in self._each:
                self._each[rule] = compile_rule(self._env, rule)
            answer = self._each[rule].eval(data={"self": value})
            if answer.type() == cel.Type.ERROR:
                yield f"{answer.value()} evaluating rule: {message}"
            elif answer.value() is not True:
                yield message
