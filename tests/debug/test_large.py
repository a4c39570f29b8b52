"""A snapshot of 40,000 hosts comes in messages that every client takes, and is whole."""

import json
from collections.abc import Iterator

from tests.builders import gateway, gateway_class
from translator.pipeline import Settings
from translator.value import Key, Ref
from translator.xds import wire
from translator.xds.resource import (
    HostChange,
    ResourceChange,
    ResourceType,
    TableChange,
    resource,
    route_table,
    virtual_host,
)
from xds_server.cli.resources import assembled
from xds_server.control_plane import ControlPlane
from xds_server.debug.snapshots import LARGEST, snapshot
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.files import Put

EDGE = Key("shop", "edge")
HOSTS = 40_000
MOST = 4 << 20
"""What a gRPC client takes unless told otherwise."""


def hosts() -> Iterator[HostChange]:
    for number in range(HOSTS):
        name = f"h{number}.example.com"
        frame = wire.frame(2, wire.frame(1, name.encode()) + wire.frame(2, name.encode()))
        yield HostChange(EDGE, "http/80/0", name, virtual_host(name, frame))


def plane() -> ControlPlane:
    plane = ControlPlane(Settings())
    for kind, value in (("GatewayClass", gateway_class()), ("Gateway", gateway())):
        plane.change([Put(Ref(kind, *value.metadata.key), value)])
    plane.snapshots.apply([TableChange(EDGE, "http/80/0", route_table("http/80/0", wire.frame(1, b"http/80/0")))])
    plane.snapshots.apply(hosts())
    return plane


def test_hosts_come_one_by_one() -> None:
    """Nothing is decoded before it is its turn: the first message does not wait for the last."""
    held = plane()
    messages = snapshot(pb.GetSnapshotRequest(gateway="shop/edge", type="routes"), held.snapshots)
    sizes, count = 0, 0
    for it in messages:
        sizes, count = max(sizes, it.ByteSize()), count + 1
    assert count == HOSTS + 1
    assert sizes < MOST


def test_one_host_of_many_is_had_at_once() -> None:
    held = plane()
    request = pb.GetSnapshotRequest(gateway="shop/edge", type="routes", host="h7.example.com")
    [found] = snapshot(request, held.snapshots)
    assert (found.name, found.host, json.loads(found.json)["domains"]) == (
        "http/80/0",
        "h7.example.com",
        ["h7.example.com"],
    )


def test_a_resource_that_is_large_by_itself_is_told_in_parts_and_put_together_again() -> None:
    held = ControlPlane(Settings())
    name = "shop/large/80"
    body = wire.frame(1, name.encode()) + wire.frame(28, (3 * MOST // 2) * b"x")  # Cluster.alt_stat_name
    held.snapshots.apply([ResourceChange(EDGE, ResourceType.CLUSTER, name, resource(name, body))])
    messages = list(snapshot(pb.GetSnapshotRequest(gateway="shop/edge"), held.snapshots))
    assert len(messages) > 4
    assert all(it.ByteSize() < LARGEST + 1000 for it in messages)
    [whole] = assembled(messages)
    assert len(whole["config"]["alt_stat_name"]) == 3 * MOST // 2
