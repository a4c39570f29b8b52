"""`gatehouse diff` and `gatehouse watch`: what changed for Envoys, and which objects caused it."""

import json
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from typing import Any

import yaml

from xds_server.cli.asking import Server, asked, document, write
from xds_server.cli.options import Target
from xds_server.debug.v1 import debug_pb2 as pb

SHOWN = 5
"""Causes that are named."""


def diff(server: Target, *, gateway: str, limit: int, output: str) -> int:
    """Print the last changes, the oldest first, each with what was and what is."""

    def question(it: Server) -> int:
        request = pb.ListChangesRequest(gateway=gateway, limit=limit, contents=True)
        found = it.ask("ListChanges", request, pb.ListChangesResponse).changes
        _print(reversed(found), output)
        return 0

    return asked(server, question)


def watch(server: Target, *, gateway: str, contents: bool, output: str) -> int:
    """Print changes as they happen, until Ctrl-C."""

    def question(it: Server) -> int:
        request = pb.WatchChangesRequest(gateway=gateway, contents=contents)
        _print(it.every("WatchChanges", request, pb.Change), output)
        return 0

    return asked(server, question)


def _print(changes: Iterable[Any], output: str) -> None:
    if output != "text":
        write(map(document, changes), output)
        return
    for change in changes:
        print("\n".join(_lines(change)), flush=True)


def _lines(change: Any) -> Iterator[str]:
    causes = [f"{it.kind} {it.namespace}/{it.name}".replace(" /", " ") for it in change.causes]
    left_out = len(causes[SHOWN:]) + change.causes_left_out
    more = f" and {left_out} more" if left_out else ""
    when = change.time.ToDatetime().isoformat(timespec="milliseconds")
    yield f"#{change.number} {when}Z {', '.join(causes[:SHOWN]) or 'an answer of an Envoy'}{more}"
    for it in change.edits:
        verb = "changed" if it.before and it.after else "added" if it.after else "removed"
        yield f"  {verb} {it.gateway} {it.type} {it.name}{f' {it.host}' if it.host else ''}"
        if it.before_json and it.after_json:
            yield from (f"    {line}" for line in _diff(it.before_json, it.after_json))
    if change.edits_left_out:
        yield f"  and {change.edits_left_out} more"


def _diff(before: str, after: str) -> list[str]:
    lines = unified_diff(_yaml(before), _yaml(after), lineterm="", n=2)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _yaml(text: str) -> list[str]:
    return yaml.safe_dump(json.loads(text), sort_keys=False, width=120).splitlines() if text else []
