"""What status there should be, and a writer that is told so: what all tests of the writer begin with."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from translator.api.routes import ParentReference
from translator.status import Condition, GatewayStatus, ListenerStatus, ParentStatus, RouteStatus, Status, StatusChange
from translator.value import Ref
from xds_server.kube.status import StatusWriter

US, THEM = "status-test.gatehouse.dev/controller", "example.com/other"

Document = dict[str, Any]


def said(type_: str = "Accepted", state: bool = True, seen: int = 1) -> Condition:
    return Condition(type_, state, type_, "", seen)


def route(seen: int = 1, state: bool = True) -> RouteStatus:
    return RouteStatus((ParentStatus(ParentReference("edge"), (said(state=state, seen=seen),)),))


def gateway(seen: int = 1, attached: int = 0) -> GatewayStatus:
    listener = ListenerStatus("http", (("gateway.networking.k8s.io", "HTTPRoute"),), attached, (said(seen=seen),))
    return GatewayStatus((said(seen=seen), said("Programmed", seen=seen)), (listener,), (("IPAddress", "10.9.8.7"),))


def owners(status: Mapping[str, Any]) -> list[str]:
    """The controllers that have an entry in a route's status."""
    return [entry["controllerName"] for entry in status.get("parents", ())]


class Writing:
    """A writer, and what it is told to say."""

    writer: StatusWriter

    def __init__(self) -> None:
        self.wanted: dict[Ref, Status] = {}

    def want(self, ref: Ref, status: Status | None) -> None:
        if status is None:
            self.wanted.pop(ref, None)
        else:
            self.wanted[ref] = status
        self.writer.change([StatusChange(ref, status)])

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[None]:
        """Write for as long as the block lasts."""
        task = asyncio.create_task(self.writer.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def is_quiet(self) -> bool:
        """Whether nothing is left to be written."""
        return len(self.writer._agenda) == 0
