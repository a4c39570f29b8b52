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
from pathlib import Path
from time import gmtime, strftime

from rich.console import Console

from tests.bench.cluster.plot import plot
from tests.bench.cluster.report import Result, misses, tables
from tests.bench.cluster.run import Plan, measured
from tests.bench.cluster.site import World
from xds_server.kube.client import Client

SHARED = World("one shared Service")
EACH = World("a Service each", services_of_their_own=True)


def main() -> None:
    """Measure, print, and write what is asked for; what was measured until somebody ends it, too."""
    options = _options()
    began = strftime("%Y-%m-%d %H:%M", gmtime())
    result: Result = {}
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_all(options, result))
    console = Console(width=150)
    for table in tables(result):
        console.print(table)
    for miss in misses(result):
        console.print(f"worse than expected: {miss}", style="red")
    if options.json:
        machine = f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB"
        options.json.write_text(json.dumps({"began": began, "machine": machine, "worlds": result}, indent=1) + "\n")
    if options.plot:
        options.plot.write_text(plot(result))


async def _all(options: argparse.Namespace, result: Result) -> None:
    plan = Plan(options.class_name, options.routes, options.enduring)
    if options.quick:
        plan = plan._replace(one_by_one=5, edits=5, rollouts=1, churn=100, starts=False)
    stopped = asyncio.current_task()
    assert stopped is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.cancel)  # what was made is removed all the same
    async with await Client.load() as client:
        for world in (SHARED, EACH):
            if world.name in options.worlds:
                await measured(client, world, plan, result.setdefault(world.name, {}))
        if options.listener_sets:
            world = World(f"{options.listener_sets:,} ListenerSets", listener_sets=options.listener_sets)
            alone = plan._replace(sizes=(options.listener_set_routes,), enduring=0)
            await measured(client, world, alone, result.setdefault(world.name, {}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cluster", description=__doc__)
    parser.add_argument("--routes", type=_sizes, default=(1000, 5000), help="sizes, e.g. 1000,5000,40000")
    parser.add_argument(
        "--worlds", type=lambda it: it.split(","), default=[SHARED.name, EACH.name], help="or one of them"
    )
    parser.add_argument(
        "--enduring", type=int, default=5000, help="at which size backends roll and an hour's changes come"
    )
    parser.add_argument("--listener-sets", type=int, default=0, help="how many in a world of their own; 2500 is a lot")
    parser.add_argument("--listener-set-routes", type=int, default=40_000, help="how many routes attach to them")
    parser.add_argument("--class-name", default="gatehouse", help="the GatewayClass")
    parser.add_argument("--quick", action="store_true", help="few repetitions, nothing started anew")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--plot", type=Path, help="draw them in this SVG file")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(it) for it in text.split(",")))


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    main()
