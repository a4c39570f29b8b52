"""What it costs to divide a table anew, with the very host that makes it 4, 16 and 64 shards."""

from statistics import median

from tests.bench.product import Cost, Product, gateway, product
from tests.bench.shards.tables import DECIDED, Figures, edited, exact
from translator.api.kinds import from_document
from translator.xds.resource import ResourceType
from translator.xds.shards import COUNTS

BACK_AND_FORTH = 3
"""How often each step is taken, and taken back."""
BEFORE = 8
"""Hosts that are added before a step, to compare with."""
REST_SECONDS = 1.0
"""Until tables that no scope names any more are gone, too."""


def stepping() -> dict[str, Figures]:
    """Grow a table host by host over each step, and back."""
    found: dict[str, Figures] = {}
    with product(DECIDED.sharding, exact(0)) as served:
        there = 1
        for shards, last in zip(reversed(COUNTS), steps(), strict=True):
            served.put(*(exact(number) for number in range(there, last - BEFORE)))
            served.answered()
            ordinary = [edited(served, exact(number)) for number in range(last - BEFORE, last)]
            divided, joined = [], []
            for _ in range(BACK_AND_FORTH):
                served.put(exact(last))
                divided.append(_divided(served))
                served.delete(exact(last)["metadata"]["name"])
                joined.append(_divided(served))
            found[f"{shards} shards with host {last + 1:,}"] = {
                **_told("the host", divided),
                **_told("a host before", ordinary),
                **_told("the host gone again", joined),
            }
            there = last
    return found


def steps() -> list[int]:
    """How many hosts there are before the one with which a table is divided, for each of the steps."""
    alone, found, there = gateway(DECIDED.sharding), list[int](), 0
    while len(found) < len(COUNTS):
        alone.put("HTTPRoute", from_document("HTTPRoute", exact(there)))
        if any(it.type is ResourceType.SCOPE for it in alone.commit().resources) and there:
            found.append(there)
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
