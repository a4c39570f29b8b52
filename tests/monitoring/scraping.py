"""What a process exports, as Prometheus' text format says it."""

import re
import urllib.request
from typing import NamedTuple

TYPE = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="')


class Scraped(NamedTuple):
    """The types of families, and the labels with which each has been seen."""

    types: dict[str, str]
    labels: dict[str, set[str]]


def scrape(url: str) -> Scraped:
    """Ask for metrics once."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    types = dict(TYPE.findall(text))
    labels: dict[str, set[str]] = {}
    for name, inside, _ in SAMPLE.findall(text):
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        labels.setdefault(family, set()).update(LABEL.findall(inside or ""))
    return Scraped(types, {name: found - {"le"} for name, found in labels.items()})
