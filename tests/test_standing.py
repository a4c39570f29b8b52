"""How much the Envoys of a Gateway shall hold, as it is when somebody asks."""

from translator.value import Key
from translator.xds.resource import HostChange, ResourceChange, ResourceType, TableChange, resource, route_table
from translator.xds.resource import virtual_host as host
from xds_server.snapshot import Change, SnapshotCache
from xds_server.standing import Standing

EDGE = Key("shop", "edge")
CLUSTER = ResourceChange(EDGE, ResourceType.CLUSTER, "cart", resource("cart", b"cart"))
TABLE = TableChange(EDGE, "web", route_table("web", b"web"))
HOSTS = tuple(HostChange(EDGE, "web", name, host(name, name.encode())) for name in ("a.example.com", "b.example.com"))


def held(standing: Standing) -> dict[tuple[str, str], float]:
    """What is exported of resources, those that there are none of apart."""
    (family,) = (it for it in standing.collect() if it.name == "gatehouse_gateway_resources")
    return {(it.labels["gateway"], it.labels["type"]): it.value for it in family.samples if it.value}


def publish(standing: Standing, snapshots: SnapshotCache, *changes: Change) -> None:
    standing.published(snapshots.apply(changes), snapshots)


def test_resources_are_counted_and_of_routes_virtual_hosts() -> None:
    standing, snapshots = Standing(), SnapshotCache()
    publish(standing, snapshots, CLUSTER, TABLE, *HOSTS)
    assert held(standing) == {("shop/edge", "cluster"): 1, ("shop/edge", "route"): 2}
    publish(standing, snapshots, HOSTS[0]._replace(host=None))
    assert held(standing) == {("shop/edge", "cluster"): 1, ("shop/edge", "route"): 1}


def test_a_gateway_that_is_gone_is_not_counted() -> None:
    standing, snapshots = Standing(), SnapshotCache()
    publish(standing, snapshots, CLUSTER)
    publish(standing, snapshots, CLUSTER._replace(resource=None))
    assert held(standing) == {}


def test_a_gateway_that_comes_back_is_counted_anew() -> None:
    standing, snapshots = Standing(), SnapshotCache()
    publish(standing, snapshots, CLUSTER)
    publish(standing, snapshots, CLUSTER._replace(resource=None))
    publish(standing, snapshots, TABLE, *HOSTS)
    assert held(standing) == {("shop/edge", "route"): 2}
