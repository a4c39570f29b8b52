"""Pools: the backends of a UDPRoute as one cluster, each with its share of the sessions.

Envoy's UDP proxy knows one cluster, and forgets every session when its listener changes. So the listener names the
route's own pool, and weights and endpoints are the pool's.
"""

from translator import ir
from translator.value import Lookup, Ref
from translator.xds.names import cluster_name, pool_name


def gather(
    ref: Ref, resolved: ir.Resolved, reached: Lookup[str, ir.Cluster], located: Lookup[str, ir.Endpoints]
) -> ir.Pool | None:
    """Gather the addresses of a UDPRoute's backends; None for other kinds. Equal backends have one share together."""
    if ref.kind != "UDPRoute" or resolved.stream is None:
        return None
    weights: dict[str, int] = {}
    for backend in resolved.stream.backends:
        place = "" if backend.cluster is None else cluster_name(backend.cluster)
        weights[place] = weights.get(place, 0) + backend.weight
    shares = []
    resolves = False
    for place, weight in weights.items():
        names = _names(reached.get(place))
        resolves = resolves or bool(names)
        if weight:
            shares.append(ir.Share(place, weight, names or _addresses(located.get(place))))
    return ir.Pool(pool_name(ref), tuple(shares), resolves)


def _names(cluster: ir.Cluster | None) -> tuple[tuple[str, int], ...]:
    return () if cluster is None else cluster.dns


def _addresses(endpoints: ir.Endpoints | None) -> tuple[tuple[str, int], ...]:
    return () if endpoints is None else endpoints.addresses
