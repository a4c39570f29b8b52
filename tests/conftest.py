"""What all tests share."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutines under test run on asyncio, as the product does."""
    return "asyncio"
