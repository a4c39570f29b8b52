"""`make bench-streams`: 100 Envoys that reconnect, 300 Gateways, 1,000 streams and storms against `gatehouse serve`.

`python -m tests.bench.streams [--scene NAME] [--scale FRACTION] [--json FILE]`. The Envoys are simulated, and share the
machine with what is measured: real ones would not.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.streams.scenes import Figures, many_gateways, many_streams, reconnecting
from tests.bench.streams.storm import storm
from tests.bench.streams.world import Gateways

ROUTES = 5000


def scenes(scale: float) -> dict[str, Callable[[], Figures]]:
    """Return what can be measured, at full scale or at a fraction of it."""

    def of(number: int) -> int:
        return max(2, round(number * scale))

    return {
        "reconnect": lambda: reconnecting(Gateways(1, of(ROUTES)), of(100)),
        "reconnect, shared Service": lambda: reconnecting(Gateways(1, of(ROUTES), False), of(100)),
        "gateways": lambda: many_gateways(Gateways(of(300), ROUTES // 300)),
        "storm": storm,
        "streams": lambda: many_streams(Gateways(10, of(ROUTES) // 10), of(1000)),
    }


def table(name: str, figures: Figures) -> Table:
    """Show the figures of a scene."""
    shown = Table(name, "")
    for figure, value in figures.items():
        shown.add_row(figure, f"{value:,.2f}")
    return shown


def main() -> None:
    """Measure, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streams", description=__doc__)
    parser.add_argument("--scene", action="append", choices=[*scenes(1)], help="measure this alone; may be repeated")
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the routes, Gateways and streams")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    measured: dict[str, Figures] = {}
    for name, measure in scenes(options.scale).items():
        if options.scene and name not in options.scene:
            continue
        print(f"measuring: {name}", file=sys.stderr)
        measured[name] = measure()
        Console(width=100).print(table(name, measured[name]))
    if options.json:
        options.json.write_text(json.dumps({"scale": options.scale, "scenes": measured}))


if __name__ == "__main__":
    main()
