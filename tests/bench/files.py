"""`make bench`: cold start, edits and memory with thousands of routes from files, against what is expected of them.

`python -m tests.bench.files [--routes N] [--json FILE]` measures, and marks what is worse than expected. Memory counts
mapped libraries too; how much of it is the process's own stands beside it.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.edits import Figures, measure
from tests.bench.worlds import World

EXPECTED = {"translation s + first snapshot s": 2.0, "CPU per edit ms": 5.0, "memory after churn MiB": 150.0}
"""Upper limits on an idle machine of two cores, for 5,000 routes."""


def worlds(routes: int) -> tuple[World, ...]:
    """Return the worlds that are measured."""
    return (
        World("one Service", routes, services_of_their_own=False, hosts_of_their_own=True),
        World("a Service each", routes, services_of_their_own=True, hosts_of_their_own=True),
        World("one Service, one host", routes, services_of_their_own=False, hosts_of_their_own=False),
    )


def value(figures: Figures, name: str) -> float:
    """Return a figure, or the sum of several."""
    return sum(figures[part] for part in name.split(" + "))


def table(routes: int, measured: dict[str, Figures]) -> Table:
    """Show figures side by side."""
    shown = Table("", *measured, "expected", title=f"{routes:,} routes")
    names = [name for name in next(iter(measured.values())) if name not in EXPECTED]
    for name in names:
        shown.add_row(name, *(f"{value(figures, name):,.2f}" for figures in measured.values()))
    for name, limit in EXPECTED.items():
        shown.add_row(name, *(judged(value(figures, name), limit) for figures in measured.values()), f"≤ {limit:g}")
    return shown


def judged(figure: float, limit: float) -> str:
    """Show a figure, marked where it is worse than expected."""
    return f"{figure:,.2f}" if figure <= limit else f"[bold red]{figure:,.2f} (!)[/]"


def main() -> None:
    """Measure, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.files", description=__doc__)
    parser.add_argument("--routes", type=int, default=5000)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    measured: dict[str, Figures] = {}
    for world in worlds(options.routes):
        print(f"measuring: {world.name}", file=sys.stderr)
        measured[world.name] = measure(world)
    Console(width=120).print(table(options.routes, measured))
    if options.json:
        options.json.write_text(json.dumps({"routes": options.routes, "worlds": measured, "expected": EXPECTED}))


if __name__ == "__main__":
    main()
