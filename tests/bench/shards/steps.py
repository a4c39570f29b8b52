"""What it costs to divide a table anew: one that has exact hosts alone, and one with a wildcard host to be copied."""

from statistics import median

from tests.bench.product import Cost, Document, Product, gateway, product
from tests.bench.shards.tables import DECIDED, Figures, edited, exact, wildcard
from translator.api.kinds import from_document
from translator.xds.shards import COUNTS

FIRST = 1
"""The number of the first exact host."""
BACK_AND_FORTH = 3
"""How often each step is taken, and taken back."""
BEFORE = 8
"""Hosts that are added before a step, to compare with."""
REST_SECONDS = 1.0
"""Until tables that no scope names any more are gone, too."""


def stepping() -> dict[str, Figures]:
    """Grow a table host by host over each step, and back."""
    return {**_stepping(), **_stepping(wildcard(0))}


def _stepping(*copied: Document) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    beside = f" beside {len(copied)} wildcard host" if copied else ""
    with product(DECIDED.sharding, *copied, exact(FIRST)) as served:
        there = FIRST + 1
        for last, shards in steps(*copied):
            served.put(*(exact(number) for number in range(there, last - BEFORE)))
            served.answered()
            ordinary = [edited(served, exact(number)) for number in range(last - BEFORE, last)]
            divided, joined = [], []
            for _ in range(BACK_AND_FORTH):
                served.put(exact(last))
                divided.append(_divided(served))
                served.delete(exact(last)["metadata"]["name"])
                joined.append(_divided(served))
            found[f"{shards} shards with host {last:,}{beside}"] = {
                **_told("the host", divided),
                **_told("a host before", ordinary),
                **_told("the host gone again", joined),
            }
            there = last
    return found


def steps(*copied: Document) -> list[tuple[int, int]]:
    """With which exact hosts a table is divided, and into how many shards."""
    alone, found, there = gateway(DECIDED.sharding), list[tuple[int, int]](), FIRST
    while not found or found[-1][1] != COUNTS[0]:
        for document in (*copied, exact(there)):
            alone.put("HTTPRoute", from_document("HTTPRoute", document))
        shards = sum(it.table is not None for it in alone.commit().tables)
        if shards > 1:
            found.append((there, shards))
        there += 1
    return found


def _divided(served: Product) -> Cost:
    cost = served.answered(REST_SECONDS)
    assert served.divided
    return cost


def _told(what: str, costs: list[Cost]) -> Figures:
    return {
        f"{what}: Envoy CPU ms": median(it.envoy for it in costs),
        f"{what}: control plane CPU ms": median(it.control_plane for it in costs),
        f"{what}: until all is answered ms": median(it.took for it in costs),
    }
