"""What is done with a world, in order, while requests go on."""

import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple, TypeAlias

from tests.bench.cluster.backends import endpoints_edited, endured
from tests.bench.cluster.lifetime import churned, started
from tests.bench.cluster.routes import Figures, added, attached, changed, removed
from tests.bench.cluster.site import End, Site, World, site
from tests.bench.cluster.spending import rested
from tests.bench.cluster.traffic import traffic
from xds_server.kube.client import Client

Axis: TypeAlias = Callable[[Site], Awaitable[Figures]]

SEED = 10
"""Routes that are there before anything is measured: there are requests from the beginning."""


class Plan(NamedTuple):
    """How much is done."""

    class_name: str
    sizes: tuple[int, ...]
    enduring: tuple[int, ...] = ()
    """The sizes at which backends are replaced and an hour's changes are made."""
    one_by_one: int = 60
    """How many routes are added, and how many changed and removed, one by one."""
    edits: int = 30
    """How often endpoints are edited, each time waited for; and five times as often unwaited."""
    rollouts: int = 2
    churn: int = 3600
    starts: bool = True
    """Whether the control plane is started anew."""
    end: End = End.WAITED_FOR


def axes(plan: Plan, size: int) -> Iterator[tuple[str, Axis]]:
    """What is measured at a size."""
    yield "rested", rested
    yield "attached", lambda it: attached(it, size)
    yield "rested with them", rested
    yield "added", lambda it: added(it, plan.one_by_one)
    yield "changed", lambda it: changed(it, plan.one_by_one)
    yield "removed", lambda it: removed(it, plan.one_by_one)
    yield "endpoints", lambda it: endpoints_edited(it, plan.edits)
    if size in plan.enduring:
        yield "endured", lambda it: endured(it, plan.one_by_one, plan.rollouts)
        yield "churned", lambda it: churned(it, plan.churn)
    if plan.starts:
        yield "started", started


async def measured(
    client: Client, world: World, plan: Plan, result: dict[int, Figures], done: Callable[[], None] = lambda: None
) -> None:
    """Measure a world at one size after the other, and add the figures to the result; tell when a size is done."""
    async with site(client, world, plan.class_name, end=plan.end) as place:
        targets = [world.target(number) for number in range(SEED)]
        if world.listener_sets:
            took = await place.add_listener_sets()
            say(f"{world.name}: {world.listener_sets} ListenerSets in {took:.0f} s")
        await place.create_all(place.documents(number) for number in range(SEED))
        place.routes = SEED
        for target in targets:
            await place.serves(target)
        for size in plan.sizes:
            async with traffic(place.address, targets) as place.load:
                figures = result[size] = {}
                for name, axis in axes(plan, size):
                    began = time.perf_counter()
                    figures |= await axis(place)
                    say(f"{world.name}, {size:,}: {name} in {time.perf_counter() - began:.0f} s {place.load.errors}")
                figures["requests"] = place.load.outcomes.total()
                figures["failed requests"] = place.load.errors.total()
                figures["connections refused once"] = place.load.refused
                targets = place.load.targets
            done()
        say(f"{world.name}: {plan.end.value}")


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"{time.strftime('%T')} {text}", file=sys.stderr, flush=True)
