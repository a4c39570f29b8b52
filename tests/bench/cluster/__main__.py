"""`make bench-cluster`: thousands of routes in the cluster of KUBECONFIG, against what is expected of them.

The chart is installed there (`make image install`) with one replica, which serves the class. Everything that is made is
in namespaces of its own, and removed in the end. `--quick` is for trying that it works.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import gmtime, strftime

import uvloop
from rich.console import Console

from tests.bench.cluster.page import Run, write
from tests.bench.cluster.plot import plot
from tests.bench.cluster.report import Result, misses, tables
from tests.bench.cluster.run import Plan, measured
from tests.bench.cluster.site import End, World
from xds_server.kube.client import Client

SHARED = World("one shared Service")
EACH = World("a Service each", services_of_their_own=True)


def main() -> None:
    """Measure, print, and write what is asked for after each size; what was measured until somebody ends it counts."""
    options = _options()
    machine = f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB, Linux {os.uname().release}"
    run = Run(strftime("%Y-%m-%d %H:%M", gmtime()), machine)
    result: Result = {}
    earlier = [read(file, result) for file in options.also]
    plans = tuple(_plans(options))
    if plans:
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_all(plans, result, lambda: save(options, run, result)))
    else:
        save(options, earlier[-1] if earlier else run, result)
    show(result)


def save(options: argparse.Namespace, run: Run, result: Result) -> None:
    """Write the figures where they are asked for."""
    if options.json:
        options.json.write_text(json.dumps({**run._asdict(), "worlds": result}, indent=1) + "\n")
    if options.page:
        write(options.page, run, result)
    if options.plot:
        options.plot.write_text(plot(result))


def show(result: Result) -> None:
    """Print tables, and what is worse than expected."""
    console = Console(width=150)
    for table in tables(result):
        console.print(table)
    for miss in misses(result):
        console.print(f"worse than expected: {miss}", style="red")


def read(file: Path, result: Result) -> Run:
    """Add figures that were written as JSON to a result; they count where it has the same already."""
    earlier = json.loads(file.read_text())
    for world, sizes in earlier["worlds"].items():
        result.setdefault(world, {}).update({int(size): figures for size, figures in sizes.items()})
    return Run(earlier["began"], earlier["machine"])


def _plans(options: argparse.Namespace) -> Iterator[tuple[World, Plan]]:
    end = End.LEFT if options.leave else End.WAITED_FOR
    plan = Plan(options.class_name, options.routes, options.enduring, end=end)
    if options.quick:
        plan = plan._replace(one_by_one=5, edits=5, rollouts=1, churn=100, starts=False)
    if options.listener_sets:
        world = World(f"{options.listener_sets:,} ListenerSets", listener_sets=options.listener_sets)
        yield world, plan._replace(sizes=options.listener_set_routes)
    yield from ((world, plan) for world in (EACH, SHARED) if world.name in options.worlds)


async def _all(plans: Iterable[tuple[World, Plan]], result: Result, done: Callable[[], None]) -> None:
    stopped = asyncio.current_task()
    assert stopped is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.cancel)  # what was made is removed all the same
    async with await Client.load() as client:
        for world, plan in plans:
            await measured(client, world, plan, result.setdefault(world.name, {}), done)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cluster", description=__doc__)
    parser.add_argument("--routes", type=_sizes, default=(1000, 5000), help="sizes, e.g. 1000,5000,40000")
    parser.add_argument(
        "--worlds", type=lambda it: it.split(","), default=[SHARED.name, EACH.name], help="or one of them"
    )
    parser.add_argument(
        "--enduring", type=_sizes, default=(5000,), help="the sizes at which backends roll and an hour's changes come"
    )
    parser.add_argument("--listener-sets", type=int, default=0, help="how many in a world of their own; 2500 is a lot")
    parser.add_argument("--listener-set-routes", type=_sizes, default=(40_000,), help="sizes of it")
    parser.add_argument("--class-name", default="gatehouse", help="the GatewayClass")
    parser.add_argument("--quick", action="store_true", help="few repetitions, nothing started anew")
    parser.add_argument("--leave", action="store_true", help="leave the world in the cluster; of one world only")
    parser.add_argument("--also", type=Path, nargs="*", default=(), help="JSON of earlier runs, to be shown as well")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--page", type=Path, help="write the table into this page, between its marks, and the plot beside it"
    )
    parser.add_argument("--plot", type=Path, help="draw them in this SVG file")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(it) for it in text.split(",")))


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    main()
