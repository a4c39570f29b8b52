"""JSON to plain values: one value or several in a row, as `kubectl` reads them; duplicate keys are an error."""

import json
import re
from collections.abc import Iterator
from typing import Any

from xds_server.files.yaml_text import Document, TextError

BLANK = re.compile(r"\s*")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def documents(text: bytes) -> Iterator[Document]:
    """Yield each value; raises TextError where the text stops being JSON."""
    try:
        string = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(text.count(b"\n", 0, error.start), f"not text: {error.reason}") from error
    surrogates = SURROGATE.search(string)
    at = _after_blank(string, 0)
    line = string.count("\n", 0, at)
    while at < len(string):
        try:
            value, end = DECODER.raw_decode(string, at)
            if surrogates:
                json.dumps(value, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            raise TextError(error.lineno - 1, f"not JSON: {error.msg}") from error
        except UnicodeEncodeError as error:
            raise TextError(line, "not JSON: half of a surrogate pair") from error
        except RecursionError as error:
            raise TextError(line, "not JSON: nested too deep") from error
        except ValueError as error:
            raise TextError(line, f"not JSON: {error}") from error
        yield Document(line, value)
        end = _after_blank(string, end)
        line += string.count("\n", at, end)
        at = end


def _after_blank(string: str, at: int) -> int:
    match = BLANK.match(string, at)
    return match.end() if match else at


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return mapping


def _constant(name: str) -> Any:
    raise ValueError(f"{name} has no place in JSON")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _int(text: str) -> int | float:
    value = int(text) if len(text) <= 20 else _float(text)
    return value if -(2**63) <= value < 2**64 else float(value)


DECODER = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_constant, parse_float=_float, parse_int=_int)
