"""Who is at fault in a route table that an Envoy brought along, in a version that nobody here knows.

The Envoy serves that version, and would answer 404 for whatever a part of the new one lacks. So such a table is not
divided as other suspects are: all of it is sent again and again, each time without another of its virtual hosts, or
without all that Envoy's words seem to name.
"""

from collections.abc import Iterable, Sequence

from xds_server.snapshot import Item

TRIED_ONE_BY_ONE = 128
"""Hosts of a table up to which all are left out in turn; of a larger one, those that Envoy's words name."""


class Trials:
    """The tables of one stream that are on trial."""

    def __init__(self) -> None:
        self._left_out: dict[str, list[Item]] = {}
        self._turns: dict[str, list[list[Item]]] = {}
        """What is to be left out yet, the next turn last."""

    def go_on(self, table: str, items: Sequence[Item], accused: Iterable[Item]) -> list[Item]:
        """Return what of a refused table to send now: nearly all; nothing, when each turn was in vain."""
        whole = [*items, *self._left_out.pop(table, [])]
        if table not in self._turns:
            self._turns[table] = _turns([item for item in whole if item.host], set(accused))
        if not self._turns[table]:
            return []
        self._left_out[table] = left_out = self._turns[table].pop()
        return [item for item in whole if item not in left_out]

    def end(self, tables: Iterable[str]) -> list[Item]:
        """Note that tables were accepted, or given up; return the hosts that were left out of them."""
        for table in tables:
            self._turns.pop(table, None)
        return [item for table in tables for item in self._left_out.pop(table, [])]


def _turns(hosts: list[Item], accused: set[Item]) -> list[list[Item]]:
    named = [item for item in hosts if item in accused]
    others = [item for item in hosts if item not in accused] if len(hosts) <= TRIED_ONE_BY_ONE else []
    turns = [[item] for item in named] + [named] * (len(named) > 1) + [[item] for item in others]
    return turns[::-1]
