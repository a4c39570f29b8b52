"""`make bench-shards`: what divided route tables cost, and spare, a real Envoy and the control plane.

`python -m tests.bench.shards [--part NAME] [--hosts N] [--json FILE]`: a change among thousands of hosts, of wildcard
hosts and of routes of all hosts, with the table divided as decided, whole, and in 64 come what may; a table that is
divided anew; and what a request costs more. Each of them has a process, a control plane and an Envoy of its own.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.shards.requests import asking
from tests.bench.shards.steps import stepping
from tests.bench.shards.tables import DECIDED, KINDS, MOST, PLAIN, WHOLE, Figures, changing

FEW = 500
"""Of what would be copied into each shard, so many are divided all the same, to show what it is that is not done."""

Measurement = Callable[[], dict[str, Figures]]


def parts(hosts: int) -> Iterator[tuple[str, str, Measurement]]:
    """Name what can be measured: its part, its table, and what measures it."""
    for kind in KINDS:
        ways = (DECIDED, WHOLE, PLAIN) if kind == "hosts" else (DECIDED, PLAIN)
        for way in ways:
            yield kind, f"{hosts:,} {kind}", partial(changing, kind, hosts, way)
    for way in (DECIDED, MOST):
        yield "copies", f"{FEW:,} wildcard hosts", partial(changing, "wildcard hosts", FEW, way)
    yield "steps", "a table is divided anew", stepping
    yield "requests", "a request that Envoy answers", asking


def table(title: str, columns: dict[str, Figures]) -> Table:
    """Show figures side by side."""
    shown = Table("", *columns, title=title)
    for name in next(iter(columns.values())):
        shown.add_row(name, *(f"{figures[name]:,.1f}" for figures in columns.values()))
    return shown


def main() -> None:
    """Measure, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shards", description=__doc__)
    names = list(dict.fromkeys(part for part, _, _ in parts(0)))
    parser.add_argument("--part", action="append", choices=names, help="measure this alone; may be repeated")
    parser.add_argument("--hosts", type=int, default=5000, help="how many there are while one changes")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    found: dict[str, dict[str, Figures]] = {}
    for part, title, measure in parts(options.hosts):
        if options.part and part not in options.part:
            continue
        print(f"measuring: {title}", file=sys.stderr)
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            found.setdefault(title, {}).update(alone.submit(measure).result())
    for title, columns in found.items():
        Console(width=150).print(table(title, columns))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
