"""Random matches: of paths, headers, query parameters and methods that requests have often enough."""

import random
from typing import Any

PATHS = {
    "Exact": ("/a", "/a/b", "/", "/ab/"),
    "PathPrefix": ("/", "/a", "/a/b", "/ab", "/b/"),
    "RegularExpression": ("/a.*", "/[ab]/b?", "/(a|ab)"),
}


def match(chance: random.Random, *methods: str) -> dict[str, Any]:
    """Draw a match, perhaps of one of these methods."""
    kind = chance.choice(sorted(PATHS))
    found: dict[str, Any] = {"path": {"type": kind, "value": chance.choice(PATHS[kind])}}
    if chance.random() < 0.3:
        found["headers"] = [named(chance, "x-user")]
    if chance.random() < 0.3:
        found["queryParams"] = [named(chance, "q")]
    if chance.random() < 0.3:
        found["method"] = chance.choice(methods)
    return found


def named(chance: random.Random, name: str) -> dict[str, str]:
    """Draw a match of a header or query parameter."""
    kind = chance.choice(("Exact", "RegularExpression"))
    return {"name": name, "type": kind, "value": "1" if kind == "Exact" else "[12]+"}
