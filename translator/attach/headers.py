"""Header modifiers, free of what HTTP or Envoy would refuse (HTTPHeaderFilter in apis/v1/httproute_types.go)."""

import re
from collections.abc import Iterable

from translator import ir
from translator.api.routes import HTTPHeader, HTTPHeaderFilter
from translator.attach.conditions import Reason

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+", re.ASCII)
_NOT_IN_VALUE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_LONGEST_VALUE = 4096


def is_name(name: str) -> bool:
    """Say whether this can be the name of a header."""
    return _NAME.fullmatch(name) is not None


def changes(modifier: HTTPHeaderFilter) -> ir.HeaderChanges | ir.Refusal:
    """Read a modifier; one name may be set, added or removed, not two of these, and Host is not its to change."""
    set_, add, remove = _first(modifier.set), _first(modifier.add), {name.lower(): name for name in modifier.remove}
    for name in (*set_, *add, *remove):
        if not is_name(name):
            return _refuse(f"{name!r} is not the name of a header")
        if name == "host":
            return _refuse("header Host is not changed by header modifiers: use hostname of filter URLRewrite")
    for twice in (set_.keys() & add.keys()) | (set_.keys() & remove.keys()) | (add.keys() & remove.keys()):
        return _refuse(f"header {twice} has more than one action: only one of set, add and remove is permitted")
    for name, (_, value) in (*set_.items(), *add.items()):
        if len(value) > _LONGEST_VALUE or _NOT_IN_VALUE.search(value):
            return _refuse(f"the value of header {name} holds control characters or is too long")
    return ir.HeaderChanges(tuple(set_.values()), tuple(add.values()), tuple(remove.values()))


def _first(headers: Iterable[HTTPHeader]) -> dict[str, tuple[str, str]]:
    """Of entries with equivalent names the first one counts."""
    found: dict[str, tuple[str, str]] = {}
    for it in headers:
        found.setdefault(it.name.lower(), (it.name, it.value))
    return found


def _refuse(message: str) -> ir.Refusal:
    return ir.Refusal(Reason.UNSUPPORTED_VALUE, message)
