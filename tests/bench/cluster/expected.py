"""What is expected of figures, and what others reach."""

from typing import NamedTuple

SIZES = (1000, 5000, 40_000)

EXPECTED: dict[str, tuple[float, float, float]] = {
    "new route live, median ms": (8, 10, 25),
    "5xx of new routes": (0, 0, 0),
    "errors of changed routes": (0, 0, 0),
    "5xx of removed routes": (0, 0, 0),
    "errors of edited endpoints": (0, 0, 0),
    "failed requests": (0, 0, 0),
    "CPU per added route ms": (3, 3, 5),
    "CPU per endpoint edit ms": (1, 1, 1),
    "all Accepted after the last s": (2, 5, 30),
    "cold start to first snapshot s": (1, 2, 8),
    "peak memory MiB": (120, 150, 400),
    "memory after changes MiB": (120, 150, 400),
    "memory after the start MiB": (120, 150, 400),
}
"""Upper limits on a quiet machine of two cores, for each of SIZES."""


class Peer(NamedTuple):
    """What another control plane reaches."""

    name: str
    source: str
    figures: dict[str, dict[int, float]]


PEERS = (
    Peer(
        "Envoy Gateway 1.9.1",
        "measured on the same kind of machine and cluster",
        {
            "new route live, median ms": {1000: 119, 5000: 682},
            "new route live, worst ms": {1000: 153, 5000: 783},
            "5xx of new routes": {1000: 21, 5000: 7},
            "CPU per added route ms": {1000: 94, 5000: 618},
            "CPU per endpoint edit ms": {1000: 32, 5000: 44},
            "all Accepted after the last s": {1000: 18, 5000: 109},
            "peak memory MiB": {1000: 231, 5000: 619},
            "Envoy memory MiB": {1000: 146, 5000: 434},
        },
    ),
)


def limit(figure: str, size: int) -> float | None:
    """The upper limit of a figure at a size: that of the next greater of SIZES."""
    limits = EXPECTED.get(figure)
    if limits is None:
        return None
    return next((it for of, it in zip(SIZES, limits, strict=True) if size <= of), limits[-1])
