"""The tables of docs/metrics.md."""

import re
from typing import NamedTuple

from tests.docs.pages import sections

ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|", re.MULTILINE)


class Family(NamedTuple):
    """One row: a metric, its type and the names of its labels."""

    name: str
    type: str
    labels: frozenset[str]


def listed(heading: str) -> dict[str, Family]:
    """Return the families that stand under a heading."""
    [section] = (it for it in sections("docs/metrics.md") if it.heading == heading)
    rows = (
        Family(name, kind, frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(section.text)
    )
    return {row.name: row for row in rows}


OURS = listed("Of the control plane")
OF_ENVOY = listed("Of Envoys")
