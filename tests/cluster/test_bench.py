"""The benchmark of a cluster, at a size that takes a minute: it measures what it says, and no request fails."""

import os

import pytest

from tests.bench.cluster.report import Result, misses, tables
from tests.bench.cluster.routes import Figures
from tests.bench.cluster.run import Plan, measured
from tests.bench.cluster.site import End, World
from xds_server.kube.client import Client

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

CLASS_NAME = "gatehouse"
FEW = 50
ROUTES = int(os.environ.get("BENCH_ROUTES", "300"))
ERRORS = (
    "failed requests",
    "5xx of new routes",
    "errors of changed routes",
    "5xx of removed routes",
    "errors of edited endpoints",
)


async def test_what_is_measured_is_there_and_nothing_fails(client: Client) -> None:
    world = World("a Service each", services_of_their_own=True)
    plan = Plan(CLASS_NAME, (FEW,), one_by_one=5, edits=3, starts=False, end=End.BEGUN)
    result: Result = {world.name: {}}
    await measured(client, world, plan, result[world.name])
    figures = result[world.name][FEW]
    assert {name: figures[name] for name in ERRORS} == dict.fromkeys(ERRORS, 0)
    assert figures["requests"] > FEW
    assert 1 <= figures["status writes per route"] <= 2
    assert 0 < figures["new route live, median ms"] <= figures["new route live, worst ms"]
    assert figures["CPU per added route ms"] > 0
    assert figures["Envoy memory MiB"] > 0
    assert [table.row_count for table in tables(result)] == [len(figures)]
    assert not [it for it in misses(result) if "failed" in it or "5xx" in it or "errors" in it]


async def test_no_request_fails_while_routes_and_backends_change(client: Client) -> None:
    """Routes are added, changed and removed while backends that end gracefully are replaced."""
    world = World("one shared Service")
    plan = Plan(
        CLASS_NAME, (ROUTES,), (ROUTES,), one_by_one=10, edits=1, rollouts=1, churn=100, starts=False, end=End.BEGUN
    )
    result: dict[int, Figures] = {}
    await measured(client, world, plan, result)
    figures = result[ROUTES]
    assert {name: figures[name] for name in ERRORS} == dict.fromkeys(ERRORS, 0)
    assert figures["failed meanwhile"] == 0
    assert figures["pods replaced"] > 0
    assert figures["requests meanwhile"] > ROUTES
