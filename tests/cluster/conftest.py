from collections.abc import AsyncIterator

import pytest

from tests.cluster.namespace import namespace
from xds_server.kube.client import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with await Client.load() as client:
        yield client


@pytest.fixture
async def home(client: Client) -> AsyncIterator[str]:
    """A namespace that goes away with the test."""
    async with namespace(client, "test") as made:
        yield made.home


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stops a part of the cluster comes last."""
    items.sort(key=lambda it: it.get_closest_marker("outage") is not None)
