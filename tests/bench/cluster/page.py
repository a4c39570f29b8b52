"""The figures in docs/performance.md: what stands between two marks there is replaced."""

from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.bench.cluster.expected import EXPECTED, PEERS, limit
from tests.bench.cluster.plot import plot
from tests.bench.cluster.report import Result

BEGINS, ENDS = "<!-- figures of make bench-cluster -->", "<!-- end of figures -->"
ALSO = ("new route live, worst ms", "working set MiB", "Envoy memory MiB", "Envoy CPU per added route ms")
"""Figures that are shown though nothing is expected of them."""


class Run(NamedTuple):
    """When and where the figures were measured."""

    began: str
    machine: str


def write(page: Path, run: Run, result: Result) -> None:
    """Put the figures into a page, and the plot beside it."""
    head, _, rest = page.read_text().partition(BEGINS)
    _, found, tail = rest.partition(ENDS)
    assert found, f"{page} has no place for figures"
    page.write_text(f"{head}{BEGINS}\n\n{figures(run, result)}\n{ENDS}{tail}")
    page.with_suffix(".svg").write_text(plot(result))


def figures(run: Run, result: Result) -> str:
    """Say all of it in Markdown: what is expected in bold where it is not reached."""
    sizes = sorted({size for sizes in result.values() for size in sizes})
    tables = "\n".join(_table(result, size) for size in sizes)
    return f"Measured {run.began} UTC on {run.machine}.\n\n{tables}"


def _table(result: Result, size: int) -> str:
    worlds = [world for world, sizes in result.items() if size in sizes]
    head = [f"{size:,} routes", *worlds, "expected", *(it.name for it in PEERS)]
    lines = [head, ["---"] * len(head)]
    for name in dict.fromkeys(chain.from_iterable(result[world][size] for world in worlds)):
        if name not in (*EXPECTED, *ALSO):
            continue
        measured = [result[world][size].get(name) for world in worlds]
        most = limit(name, size)
        cells = [_cell(it, most) for it in measured]
        others = [_cell(it.figures.get(name, {}).get(size), None) for it in PEERS]
        lines.append([name, *cells, "" if most is None else f"≤ {most:g}", *others])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(figure: float | None, most: float | None) -> str:
    if figure is None:
        return ""
    text = f"{figure:,.0f}" if float(figure).is_integer() or figure >= 100 else f"{figure:,.1f}"
    return text if most is None or figure <= most else f"**{text}**"
