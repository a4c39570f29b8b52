"""Large pieces of work leave room for small ones."""

import asyncio
import time
from itertools import pairwise

import pytest

from xds_server.ads.turnstile import Turnstile

pytestmark = pytest.mark.anyio


async def test_between_two_large_pieces_of_work_everybody_has_a_turn() -> None:
    turnstile = Turnstile()
    done: list[str] = []

    async def large(name: str) -> None:
        async with turnstile.one():
            done.append(name)

    async def small() -> None:
        while "large 9" not in done:
            done.append("small")
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for nth in range(10):
            group.create_task(large(f"large {nth}"))
        group.create_task(small())
    assert [it for it in done if it != "small"] == [f"large {nth}" for nth in range(10)]
    assert not any(one != "small" and other != "small" for one, other in pairwise(done))


async def test_a_failure_lets_the_next_one_pass() -> None:
    turnstile = Turnstile()
    with pytest.raises(ValueError, match="no request"):
        async with turnstile.one():
            raise ValueError("no request")
    async with asyncio.timeout(10), turnstile.one():
        pass


async def test_who_is_waited_for_is_not_blamed_for_the_work_of_others() -> None:
    turnstile, said = Turnstile(), asyncio.Event()

    async def large() -> None:
        async with turnstile.one():
            end = time.monotonic() + 0.05
            while time.monotonic() < end:
                pass

    async def storm() -> None:
        for _ in range(10):
            await large()
        said.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(storm())
        assert await turnstile.within(0.2, said.wait())


async def test_who_is_waited_for_in_vain_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        await Turnstile().within(0.05, asyncio.Event().wait())


async def test_a_failure_of_who_is_waited_for_is_told() -> None:
    async def fail() -> None:
        raise ValueError("no request")

    with pytest.raises(ValueError, match="no request"):
        await Turnstile().within(10, fail())
