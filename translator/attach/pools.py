"""Pools: the backends of a UDPRoute as one cluster, each with its share of the sessions.

Envoy's UDP proxy knows one cluster, and forgets every session when its listener changes. So the listener names the
route's own pool, and weights and endpoints are the pool's.
"""

from translator import ir
from translator.value import Lookup, Ref
from translator.xds.names import cluster_name, pool_name

NOBODY = ""
"""The place of what is dropped."""


def gather(
    ref: Ref, resolved: ir.Resolved, reached: Lookup[str, ir.Cluster], located: Lookup[str, ir.Endpoints]
) -> ir.Pool | None:
    """Gather the addresses of a UDPRoute's backends; None for other kinds.

    Equal backends have one share together, and so have all those that nobody is behind.
    """
    if ref.kind != "UDPRoute" or resolved.stream is None:
        return None
    found: dict[str, tuple[int, tuple[tuple[str, int], ...]]] = {}
    resolves = False
    for backend in resolved.stream.backends:
        place = NOBODY if backend.cluster is None else cluster_name(backend.cluster)
        cluster, endpoints = reached.get(place), located.get(place)
        resolves = resolves or bool(cluster is not None and cluster.dns)
        addresses = (() if cluster is None else cluster.dns) or (() if endpoints is None else endpoints.addresses)
        place = place if addresses else NOBODY
        weight, _ = found.get(place, (0, ()))
        found[place] = weight + backend.weight, addresses
    shares = tuple(ir.Share(place, weight, addresses) for place, (weight, addresses) in found.items() if weight)
    return ir.Pool(pool_name(ref), shares, resolves)
