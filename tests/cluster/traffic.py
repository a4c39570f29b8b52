"""Requests to a Gateway's address: one by one, or as a steady load of which every answer is kept."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp

PAUSE = 0.02
TURN_HEADER = "x-turn"


class Answer(NamedTuple):
    """What came of a request."""

    outcome: int | str
    """The status, or what went wrong."""
    service: str = ""
    """Which of the echo backends answered."""
    turn: str = ""
    """What a route has set in the response's `x-turn`."""

    @property
    def is_refused(self) -> bool:
        """Whether there was no connection to send anything on."""
        return isinstance(self.outcome, str) and self.outcome.startswith(aiohttp.ClientConnectorError.__name__)


@asynccontextmanager
async def clients() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that opens a connection for each request."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield http


async def asked(http: aiohttp.ClientSession, address: str, port: int = 80, path: str = "/") -> Answer:
    """Send one request."""
    timeout = aiohttp.ClientTimeout(total=5)
    url = f"http://{address}:{port}{path}"
    try:
        async with http.get(url, allow_redirects=False, timeout=timeout) as answer:
            body = await answer.read()
            echoed = answer.content_type == "application/json"
            service = json.loads(body)["service"] if answer.status == 200 and echoed else ""
            return Answer(answer.status, service, answer.headers.get(TURN_HEADER, ""))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Answer(f"{type(error).__name__}: {error}")


@asynccontextmanager
async def load(address: str, port: int = 80) -> AsyncIterator[list[Answer]]:
    """Send requests for as long as the block lasts, over new and over lasting connections; give the answers.

    Some 150 a second: a client that has used all of its ports within two minutes is led to pods that are gone,
    for the node still knows where a port led to before.

    While a node writes its rules anew it now and then takes a packet for its own and refuses it. So a connection that
    was refused, on which nothing was sent, is tried once more; a pod that listens no more refuses that as well.
    """
    answers: list[Answer] = []
    over = asyncio.Event()

    async def ask(http: aiohttp.ClientSession) -> None:
        while not over.is_set():
            answer = await asked(http, address, port)
            answers.append(await asked(http, address, port) if answer.is_refused else answer)
            await asyncio.sleep(PAUSE)

    async with clients() as brief, aiohttp.ClientSession() as lasting, asyncio.TaskGroup() as group:
        for http in (brief, brief, lasting, lasting):
            group.create_task(ask(http))
        try:
            yield answers
        finally:
            over.set()


def outcomes(answers: list[Answer]) -> Counter[int | str]:
    """Count how requests ended."""
    return Counter(it.outcome for it in answers)
