"""Quantities as Kubernetes writes them, as far as an Envoy's memory depends on them."""

import re
from decimal import Decimal

from translator.api.parameters import Resources

QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][-+]?[0-9]{1,2})|([mkMGTPE]|[KMGTPE]i)?)")
FACTORS = {
    "m": Decimal("0.001"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
HEAP_SHARE = Decimal("0.8")
"""Of the memory limit: the rest is for what Envoy does not count as heap."""


def quantity(text: int | float | str) -> Decimal | None:
    """Read a quantity, e.g. 512Mi or 0.5; None where it is none."""
    found = QUANTITY.fullmatch(str(text))
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(number + (exponent or "")) * FACTORS.get(suffix, Decimal(1))


def heap_bytes(resources: Resources | None, default: int) -> int:
    """Return the most that an Envoy's heap may be under its container's memory limit."""
    limits = (resources.limits if resources is not None else None) or {}
    limit = quantity(limits.get("memory", ""))
    return default if not limit else int(limit * HEAP_SHARE)
