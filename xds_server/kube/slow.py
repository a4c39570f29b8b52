"""Envoys that do not answer: told once, at the Gateway and at the routes that made what they do not answer for."""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice

import structlog

from translator.value import Key, Ref
from translator.wiring.owners import Owners
from translator.xds.resource import ResourceType
from xds_server.ads.troubles import SLOW_SECONDS, Trouble
from xds_server.kube.events import MOST_ROUTES, Recorder

log = structlog.get_logger()

LOOK_SECONDS = 10.0
REASON = "EnvoySlow"
NAMED = 3
"""Resources that a note names."""

Place = tuple[Key, str, ResourceType]


class SlowEnvoys:
    """Tells of an Envoy once when it becomes slow to answer for a type, and again only after it has answered."""

    def __init__(self, troubles: Callable[[], Iterable[Trouble]], owners: Owners, recorder: Recorder) -> None:
        self._troubles = troubles
        self._owners = owners
        self._recorder = recorder
        self._told: set[Place] = set()

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Tell of those that have become slow."""
        found: dict[Place, list[Trouble]] = {}
        for it in self._troubles():
            if not it.is_refusal:
                found.setdefault((it.gateway, it.node, it.type), []).append(it)
        for place in found.keys() - self._told:
            self._tell(place, found[place])
        self._told = set(found)

    def _tell(self, place: Place, troubles: list[Trouble]) -> None:
        gateway, node, kind = place
        names = [f"{it.item.name}{f' host {it.item.host}' if it.item.host else ''}" for it in troubles]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        what = f"{kind.name.lower()} {', '.join(names[:NAMED])}{more}"
        log.warning("xds.slow", gateway=str(gateway), node=node, type=kind.name.lower(), waiting=len(troubles))
        note = f"Envoy {node} of Gateway {gateway} has not answered for more than {SLOW_SECONDS:.0f} s for {what}"
        made = dict.fromkeys(ref for it in troubles for ref in self._owners.of(gateway, kind, *it.item))
        for ref in (Ref("Gateway", *gateway), *islice((it for it in made if it.kind.endswith("Route")), MOST_ROUTES)):
            self._recorder.warn(ref, REASON, note)
