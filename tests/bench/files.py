"""`make bench`: cold start, edits and memory with thousands of routes from files, against what is expected of them.

`python -m tests.bench.files [--routes N...] [--json FILE]` measures, and marks what is worse than expected. Memory
counts mapped libraries too; how much of it is the process's own stands beside it. Reading and checking YAML is what
files alone take: it stands by itself, and an edit's CPU has it.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.edits import Figures, measure
from tests.bench.worlds import World

LIMITS = {
    "imports s + translation s + first snapshot s": (1.0, 2.0, 8.0),
    "CPU per edit ms": (3.0, 3.0, 5.0),
    "CPU per added route ms": (3.0, 3.0, 5.0),
    "memory after churn MiB": (120.0, 150.0, 400.0),
}
"""What is expected on an idle machine of two cores of 1,000, 5,000 and 40,000 routes."""
SIZES = (1000, 5000, 40_000)


def expected(routes: int) -> dict[str, float]:
    """Return the upper limits for a number of routes: those of the next larger size."""
    nth = next((nth for nth, size in enumerate(SIZES) if routes <= size), len(SIZES) - 1)
    return {name: limits[nth] for name, limits in LIMITS.items()}


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
    names = [name for name in next(iter(measured.values())) if name not in LIMITS]
    for name in names:
        shown.add_row(name, *(f"{value(figures, name):,.2f}" for figures in measured.values()))
    for name, limit in expected(routes).items():
        shown.add_row(name, *(judged(value(figures, name), limit) for figures in measured.values()), f"≤ {limit:g}")
    return shown


def judged(figure: float, limit: float) -> str:
    """Show a figure, marked where it is worse than expected."""
    return f"{figure:,.2f}" if figure <= limit else f"[bold red]{figure:,.2f} (!)[/]"


def main() -> None:
    """Measure, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.files", description=__doc__)
    parser.add_argument(
        "--routes", type=int, nargs="+", default=[5000], help="1000 5000 40000 for all that is expected"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    found = []
    for routes in options.routes:
        measured: dict[str, Figures] = {}
        for world in worlds(routes):
            print(f"measuring: {routes:,} routes, {world.name}", file=sys.stderr)
            measured[world.name] = measure(world)
        Console(width=120).print(table(routes, measured))
        found.append({"routes": routes, "worlds": measured, "expected": expected(routes)})
    if options.json:
        options.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
