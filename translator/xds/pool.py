"""Pools in Envoy's words: a cluster whose localities are the backends, weighted.

What is for a backend without endpoints goes where nobody answers: to the discard port (RFC 863) of Envoy's own host.
"""

from collections.abc import Callable
from typing import Any

from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3

from translator import ir
from translator.value import Key, Lookup, Ref
from translator.xds import discovery, wire
from translator.xds.endpoint import lb_endpoint
from translator.xds.limits import circuit_breakers
from translator.xds.names import pooled
from translator.xds.resource import Resource, resource

NOBODY = ("127.0.0.1", 9)
"""Datagrams that are sent here are dropped, whether somebody listens or not."""


def encode(key: object, pool: ir.Pool) -> Resource:
    """Encode the cluster; it holds no endpoint and no weight, but where names are resolved.

    Backends take turns in proportion to their weights, however many endpoints each has. Endpoints do too: Envoy does
    not count the sessions of one.
    """
    message = wire.new(
        cluster_v3.Cluster,
        name=pool.name,
        lb_policy=cluster_v3.ClusterLbPolicy.ROUND_ROBIN,
        circuit_breakers=circuit_breakers(),
        common_lb_config=wire.new(
            cluster_v3.ClusterCommonLbConfig,
            locality_weighted_lb_config=wire.new(cluster_v3.ClusterCommonLbConfigLocalityWeightedLbConfig),
        ),
        **(discovery.resolved(_assignment(pool)) if pool.resolves else discovery.told()),
    )
    return resource(pool.name, wire.encode(message))


def locate(key: object, pool: ir.Pool) -> Resource | None:
    """Encode its endpoints; None where they are names, which the cluster itself holds."""
    return None if pool.resolves else resource(pool.name, wire.encode(_assignment(pool)))


def or_backend(
    of_gateway: Callable[..., Resource | None],
    key: tuple[Key, str],
    used: object,
    pool_rows: Lookup[Ref, Resource],
    *rows: Lookup[Any, Any],
) -> Resource | None:
    """Return what a Gateway uses: that of a pool, or else that of a backend."""
    _, name = key
    route = pooled(name)
    return of_gateway(key, used, *rows) if route is None else pool_rows.get(route)


def _assignment(pool: ir.Pool) -> endpoint_v3.ClusterLoadAssignment:
    return wire.new(
        endpoint_v3.ClusterLoadAssignment, cluster_name=pool.name, endpoints=[_locality(it) for it in pool.shares]
    )


def _locality(share: ir.Share) -> endpoint_v3.LocalityLbEndpoints:
    return wire.new(
        endpoint_v3.LocalityLbEndpoints,
        locality=wire.new(core_v3.Locality, sub_zone=share.place),
        lb_endpoints=[lb_endpoint(*address) for address in share.addresses or (NOBODY,)],
        load_balancing_weight=share.weight,
    )
