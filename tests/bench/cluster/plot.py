"""The figures that matter most as SVG: a panel each, over the number of routes; both axes are logarithmic."""

from collections.abc import Iterator
from math import ceil, floor, log10
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.bench.cluster.expected import EXPECTED, PEERS, SIZES
from tests.bench.cluster.report import Result

PANELS = {
    "new route live, median ms": "created → first 200, median, ms",
    "CPU per added route ms": "control plane CPU per added route, ms",
    "all Accepted after the last s": "all routes Accepted after the last was created, s",
    "peak memory MiB": "control plane memory, peak, MiB",
}
WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 34, 36
LEGEND = 40
COLOURS = ("#0b6bcb", "#1a9850", "#7b3fa0", "#c05600")
EXPECTED_COLOUR = "#888888"

Points = dict[int, float]


class Line(NamedTuple):
    """What is drawn of somebody's figures."""

    name: str
    colour: str
    points: Points
    dashed: bool = False


class Scale(NamedTuple):
    """A logarithmic axis from one power of ten to another, over some pixels."""

    least: int
    most: int
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is; what is below the axis is at its beginning."""
        share = (log10(max(value, 10.0**self.least)) - self.least) / (self.most - self.least)
        return self.start + share * (self.end - self.start)


def plot(result: Result) -> str:
    """Draw the panels, two in a row, and who is who below."""
    panels = [_panel(_lines(result, name), title) for name, title in PANELS.items()]
    places = [(WIDTH * (it % 2), HEIGHT * (it // 2)) for it in range(len(panels))]
    width, height = 2 * WIDTH, HEIGHT * ceil(len(panels) / 2)
    drawn = (f'<g transform="translate({x},{y})">{panel}</g>' for (x, y), panel in zip(places, panels, strict=True))
    legend = "".join(_legend(_lines(result, next(iter(PANELS))), height))
    size = f'width="{width}" height="{height + LEGEND}" viewBox="0 0 {width} {height + LEGEND}"'
    style = 'font-family="sans-serif" font-size="11" fill="#222"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{background}{"".join(drawn)}{legend}</svg>\n'


def _lines(result: Result, name: str) -> list[Line]:
    ours = {world: {size: it[name] for size, it in sizes.items() if name in it} for world, sizes in result.items()}
    lines = [Line(f"Gatehouse, {world}", colour, ours[world]) for world, colour in zip(ours, COLOURS, strict=False)]
    lines += [Line(it.name, "#d62728", it.figures.get(name, {})) for it in PEERS]
    return [*lines, Line("expected at most", EXPECTED_COLOUR, dict(zip(SIZES, EXPECTED[name], strict=True)), True)]


def _panel(lines: list[Line], title: str) -> str:
    values = [value for line in lines for value in line.points.values() if value > 0]
    sizes = sorted({size for line in lines for size in line.points})
    across = Scale(floor(log10(min(sizes))), ceil(log10(max(sizes))), LEFT, WIDTH - RIGHT)
    up = Scale(floor(log10(min(values))), ceil(log10(max(values))), HEIGHT - BOTTOM, TOP)
    grid = "".join(_grid(across, up, sizes))
    heading = f'<text x="{LEFT}" y="20" font-size="13">{escape(title)}</text>'
    return heading + grid + "".join(_line(line, across, up) for line in lines)


def _grid(across: Scale, up: Scale, sizes: list[int]) -> Iterator[str]:
    for exponent in range(up.least, up.most + 1):
        y = up.at(10.0**exponent)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**exponent:,g}</text>'
    for size in sizes:
        yield f'<text x="{across.at(size):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{size:,}</text>'


def _line(line: Line, across: Scale, up: Scale) -> str:
    places = [(across.at(size), up.at(value)) for size, value in sorted(line.points.items())]
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>' for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dash}/>{marks}'


def _legend(lines: list[Line], top: int) -> Iterator[str]:
    step = (2 * WIDTH - LEFT) / len(lines)
    for number, line in enumerate(lines):
        x, y = LEFT + number * step, top + LEGEND / 2
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        yield f'<line x1="{x}" x2="{x + 20}" y1="{y}" y2="{y}" stroke="{line.colour}" stroke-width="1.8"{dash}/>'
        yield f'<text x="{x + 26}" y="{y + 4}">{escape(line.name)}</text>'
