"""Resources as they come from the debug endpoint, piece by piece, put together again."""

import json
from collections.abc import Iterable, Iterator
from typing import Any


def assembled(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield each resource with its `config`; virtual hosts stand in the route table before them, if it came too."""
    table: dict[str, Any] | None = None
    for it in _whole(messages):
        if table is not None and it["type"] == "routes" and it["name"] == table["name"] and it.get("host"):
            table["config"].setdefault("virtual_hosts", []).append(it["config"])
            continue
        if table is not None:
            yield table
        table = it
    if table is not None:
        yield table


def _whole(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Join what goes on in the next message."""
    text: list[str] = []
    for it in messages:
        text.append(it.json)
        if not it.more:
            place = {"type": it.type, "name": it.name, **({"host": it.host} if it.host else {})}
            written = "".join(text)
            yield {**place, "version": it.version, "config": json.loads(written) if written else {}}
            text = []
