"""Durations as GEP-2257 defines them."""

import re

_DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}", re.ASCII)
_COMPONENT = re.compile(r"([0-9]+)(ms|h|m|s)", re.ASCII)
_MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


def milliseconds(text: str) -> int | None:
    """Return a duration in milliseconds, the sum of its components; None where the text is no duration."""
    if _DURATION.fullmatch(text) is None:
        return None
    return sum(int(value) * _MILLISECONDS[unit] for value, unit in _COMPONENT.findall(text))
