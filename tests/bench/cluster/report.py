"""Figures as a table for people, and as JSON."""

from itertools import chain
from typing import TypeAlias

from rich.table import Table

from tests.bench.cluster.expected import PEERS, limit

Result: TypeAlias = dict[str, dict[int, dict[str, float]]]
"""Figures by world, size and name."""


def tables(result: Result) -> list[Table]:
    """One table a size: the worlds side by side, what is expected, and what others reach."""
    return [_table(result, size) for size in sorted({size for sizes in result.values() for size in sizes})]


def misses(result: Result) -> list[str]:
    """Every figure that is worse than expected, in words."""
    return [
        f"{world}, {size:,} routes: {name} {figure:,.4g} > {most:g}"
        for world, sizes in result.items()
        for size, figures in sizes.items()
        for name, figure in figures.items()
        if (most := limit(name, size)) is not None and figure > most
    ]


def _table(result: Result, size: int) -> Table:
    worlds = [world for world, sizes in result.items() if size in sizes]
    peers = [it for it in PEERS if any(size in figures for figures in it.figures.values())]
    shown = Table("", *worlds, "expected", *(it.name for it in peers), title=f"{size:,} routes")
    for name in dict.fromkeys(chain.from_iterable(result[world][size] for world in worlds)):
        most = limit(name, size)
        cells = [_cell(result[world][size].get(name), most) for world in worlds]
        others = (_cell(it.figures.get(name, {}).get(size), None) for it in peers)
        shown.add_row(name, *cells, "" if most is None else f"≤ {most:g}", *others)
    return shown


def _cell(figure: float | None, most: float | None) -> str:
    if figure is None:
        return ""
    text = f"{figure:,.0f}" if float(figure).is_integer() or figure >= 1000 else f"{figure:,.2f}"
    return text if most is None or figure <= most else f"[bold red]{text} (!)[/]"
