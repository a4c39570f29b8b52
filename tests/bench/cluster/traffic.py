"""Requests that go on while something changes: over connections that last and over new ones; outcomes are counted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from tests.bench.cluster.documents import Target
from tests.bench.cluster.requests import FAILURES, Connection

LASTING, BRIEF = 3, 1
"""How many clients ask over a connection that lasts, and how many over a new one each time."""
PAUSE = 0.02
"""Seconds between two requests of a client."""


class Traffic:
    """Requests for what has a route, one after the other; whatever is not answered with 200 is an error."""

    def __init__(self, address: str, targets: list[Target]) -> None:
        self.targets = targets
        """What has a route now; may change at any time."""
        self.outcomes: Counter[str] = Counter()
        """By status, or by what went wrong; what a connection that was made lost is told from one that was not made."""
        self.refused = 0
        """Connections that were not made and, tried once more, were: a node that writes its rules anew refuses some."""
        self._address = address
        self._turn = 0

    @property
    def errors(self) -> Counter[str]:
        """Every outcome but 200."""
        return Counter({outcome: count for outcome, count in self.outcomes.items() if outcome != str(HTTPStatus.OK)})

    async def ask(self, *, lasting: bool) -> None:
        """Ask for ever."""
        connection: Connection | None = None
        while True:
            if self.targets:
                connection, outcome = await self._asked(connection)
                self.outcomes[outcome] += 1
                if connection is not None and not (lasting and connection.is_open):
                    connection.close()
                    connection = None
            await asyncio.sleep(PAUSE)

    async def _asked(self, connection: Connection | None) -> tuple[Connection | None, str]:
        if connection is None:
            try:
                connection = await self._connected()
            except FAILURES as error:
                return None, f"no connection: {type(error).__name__}"
        self._turn += 1
        try:
            response = await connection.ask(*self.targets[self._turn % len(self.targets)])
        except FAILURES as error:
            connection.close()
            return None, f"no response: {type(error).__name__}"
        return connection, str(response.status)

    async def _connected(self) -> Connection:
        try:
            return await Connection.open(self._address)
        except OSError:
            self.refused += 1
            return await Connection.open(self._address)


@asynccontextmanager
async def traffic(address: str, targets: list[Target]) -> AsyncIterator[Traffic]:
    """Send requests for as long as the block lasts."""
    load = Traffic(address, targets)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(load.ask(lasting=number < LASTING)) for number in range(LASTING + BRIEF)]
        yield load
        for task in tasks:
            task.cancel()
