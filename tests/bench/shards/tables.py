"""What one changed host costs with a table divided as decided, with one table, and with the most shards."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple, TypeAlias

from tests.bench.process import memory
from tests.bench.product import Cost, Document, Product, as_it_is, product, route
from tests.bench.shards.plain import by_name
from translator.xds.shards import Sharding

EDITS = 15
Figures: TypeAlias = dict[str, float]


class Way(NamedTuple):
    """How a table is divided."""

    name: str
    sharding: Sharding
    plain: bool = False


DECIDED = Way("as decided", Sharding())
WHOLE = Way("one table, by scopes", Sharding(table_bytes=1 << 40))
PLAIN = Way("one table, by name", Sharding(table_bytes=1 << 40), plain=True)
MOST = Way("64 shards", Sharding(table_bytes=0, copies=0))


def exact(number: int, turn: int = 0) -> Document:
    """A route of a host of its own."""
    return route(f"r{number}", f"h{number}.example.com", path=f"/{turn}")


def wildcard(number: int, turn: int = 0) -> Document:
    """A route of a wildcard host of its own."""
    return route(f"r{number}", f"*.h{number}.example.com", path=f"/{turn}")


def anywhere(number: int, turn: int = 0) -> Document:
    """A route of every host, by path."""
    return route(f"r{number}", path=f"/{number}/{turn}")


KINDS: dict[str, Callable[[int, int], Document]] = {"hosts": exact, "wildcard hosts": wildcard, "routes on *": anywhere}


def changing(kind: str, count: int, way: Way) -> dict[str, Figures]:
    """Serve so many, and change one after the other."""
    made = KINDS[kind]
    rewrite = by_name if way.plain else as_it_is
    with product(way.sharding, *(made(number, 0) for number in range(count)), rewrite=rewrite) as served:
        changed = [edited(served, made(number * 7 % count, 1)) for number in range(EDITS)]
        added = [edited(served, made(count + number, 0)) for number in range(EDITS)]
        envoy = memory(served.envoy.pid).now
    figures = {
        "Envoy CPU per change ms": median(it.envoy for it in changed),
        "control plane CPU per change ms": median(it.control_plane for it in changed),
        "change until ACK ms": median(it.took for it in changed),
        "Envoy CPU per added ms": median(it.envoy for it in added),
        "control plane CPU per added ms": median(it.control_plane for it in added),
        "Envoy memory MiB": envoy,
    }
    return {way.name: figures}


def edited(served: Product, route: Document) -> Cost:
    """Add or change a route."""
    served.put(route)
    return served.answered()
