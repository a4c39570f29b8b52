"""Panels, and the expressions that they have in common. `$__rate_interval` is Grafana's."""

from typing import NamedTuple

RATE = "[$__rate_interval]"


class Panel(NamedTuple):
    """What one panel asks and how it is written: expressions with their legends."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    width: int = 8
    about: str = ""


class Variable(NamedTuple):
    """A selection at the top, of the values that a label has."""

    name: str
    metric: str
    label: str


class Dashboard(NamedTuple):
    """A dashboard: rows with their panels."""

    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def rate(metric: str, by: str, selector: str) -> str:
    """Return how often per second something happens."""
    return f"sum by ({by}) (rate({metric}{{{selector}}}{RATE}))"


def quantile(share: float, metric: str, by: str, selector: str) -> str:
    """Return a quantile of a histogram."""
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{selector}}}{RATE})))"


def failing(metric: str, by: str, selector: str) -> str:
    """Return the share of requests that were answered with a status of 500 and above."""
    failed = rate(metric, by, f'{selector},envoy_response_code_class="5"')
    return f"({failed} or 0 * {rate(metric, by, selector)}) / {rate(metric, by, selector)}"


def stat(title: str, expression: str, unit: str = "none", about: str = "") -> Panel:
    """Return a panel of one number."""
    return Panel(title, unit, ((expression, ""),), "stat", 4, about)


def both(title: str, metric: str, by: str, selector: str, unit: str, legend: str = "", about: str = "") -> Panel:
    """Return the median and the 99th percentile of a histogram."""
    label = f" {{{{{by}}}}}" if by else legend
    halves = ((0.5, "p50"), (0.99, "p99"))
    return Panel(
        title, unit, tuple((quantile(it, metric, by, selector), f"{name}{label}") for it, name in halves), about=about
    )
