"""What the dashboards and rules ask Prometheus, and which metrics and labels that needs."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from tests.monitoring.prometheus import DASHBOARDS, RULES

RATE_INTERVAL = "1m"
"""In the place of Grafana's."""
METRIC = re.compile(r"\b((?:gatehouse|envoy|process)_\w+)\b(?!\s*\()")
SELECTOR = re.compile(r"\b(\w+)\{([^}]*)\}")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


class Asked(NamedTuple):
    """An expression and where it stands."""

    place: str
    text: str


def of_dashboards() -> Iterator[Asked]:
    """Yield the expressions of all panels, every selection being all of it."""
    for file in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield Asked(f"{file.stem}: {panel['title']}", plain(target["expr"]))


def variables() -> Iterator[tuple[str, str, str]]:
    """Yield each variable's dashboard, metric and label."""
    for file in sorted(DASHBOARDS.glob("*.json")):
        for variable in json.loads(file.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()  # type: ignore[union-attr]
                yield file.stem, plain(metric), label


def plain(text: str) -> str:
    """Put values in the place of Grafana's variables."""
    return re.sub(r"\$(?!__)\w+", ".+", text.replace("$__rate_interval", RATE_INTERVAL))


def rules() -> list[dict[str, Any]]:
    """Return all alerts and recordings."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def of_rules() -> Iterator[Asked]:
    """Yield the expressions of all rules."""
    for rule in rules():
        yield Asked(rule.get("alert") or rule["record"], rule["expr"])


def metrics(text: str) -> set[str]:
    """Return the families that an expression asks for; of a histogram, without the suffix."""
    bare = BY.sub("", re.sub(r"\{[^}]*\}", "", text))
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for name in recorded:
        bare = re.sub(rf"{re.escape(name)}(?!\w)", "", bare)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in METRIC.findall(bare)}


def selected(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each family with the labels by which it is selected."""
    for name, inside in SELECTOR.findall(text):
        yield re.sub(r"_(bucket|sum|count)$", "", name), set(LABEL.findall(inside))


def grouped(text: str) -> set[str]:
    """Return the labels by which results are told apart."""
    return {label.strip() for inside in BY.findall(text) for label in inside.split(",") if label.strip()}
