"""Plain YAML scalars as a kube-apiserver's clients read them: sigs.k8s.io/yaml, which is YAML 1.1 without timestamps.

So `yes`, `no`, `on`, `off`, `y` and `n` are booleans, 010 is eight, 1:30 and 2024-01-01 are strings.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
NUMERIC = frozenset("+-.0123456789")
INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
BASES = (16, 2, 8, 10)
PREFIX = "tag:yaml.org,2002:"


def plain(text: str) -> Scalar:
    """Resolve an unquoted scalar without a tag; raises ValueError for a number that JSON cannot hold."""
    if text in WORDS:
        return finite(WORDS[text], text)
    if text[0] in NUMERIC:
        return number(text)
    return text


def number(text: str) -> Scalar:
    """Resolve what begins like a number: an integer, a finite float, or else the text itself."""
    digits = text.replace("_", "")
    if (match := INTEGER.fullmatch(digits)) and len(digits) <= 66:
        sign, *bodies = match.groups()
        value = next(int(body, base) for body, base in zip(bodies, BASES, strict=True) if body is not None)
        value = -value if sign == "-" else value
        return value if -(2**63) <= value < 2**64 else float(value)
    if FLOAT.fullmatch(digits):
        exact = finite(float(digits), text)
        return int(exact) if isinstance(exact, float) and exact.is_integer() and abs(exact) < 2**63 else exact
    return text


def finite(value: Scalar, text: str) -> Scalar:
    """Pass the value on unless it is a float that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} has no place in JSON")
    return value


def tagged(tag: str, text: str) -> Scalar:
    """Resolve a scalar with an explicit tag; a tag that JSON knows nothing of leaves the text as it is."""
    convert = TAGS.get(tag)
    return text if convert is None else convert(text)


def key(scalar: Scalar) -> str:
    """Spell a mapping's key as JSON must: a string."""
    if isinstance(scalar, str):
        return scalar
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if scalar is None:
        raise ValueError("null cannot be a key")
    return str(scalar)


def _of_type(types: tuple[type, ...], name: str) -> Callable[[str], Scalar]:
    def convert(text: str) -> Scalar:
        value = plain(text)
        if type(value) not in types:
            raise ValueError(f"this is no !!{name}")
        return value

    return convert


def _binary(text: str) -> Scalar:
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("this !!binary is not text in base64") from error


TAGS: dict[str, Callable[[str], Scalar]] = {
    f"{PREFIX}int": _of_type((int,), "int"),
    f"{PREFIX}float": _of_type((int, float), "float"),
    f"{PREFIX}bool": _of_type((bool,), "bool"),
    f"{PREFIX}null": _of_type((type(None),), "null"),
    f"{PREFIX}binary": _binary,
}
