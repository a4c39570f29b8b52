"""Fail where a test was skipped, or none ran: python hack/none_skipped.py RESULTS.xml (of pytest's --junit-xml)."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def skipped(results: str) -> list[str]:
    """The names of the tests that were skipped; raises ValueError where no test ran."""
    cases = list(ElementTree.fromstring(results).iter("testcase"))  # noqa: S314  pytest's own words
    if not cases:
        raise ValueError("no test ran")
    return [f"{case.get('classname')}.{case.get('name')}" for case in cases if case.find("skipped") is not None]


if __name__ == "__main__":
    names = skipped(Path(sys.argv[1]).read_text())
    sys.exit("\n".join(f"skipped: {name}" for name in names) or None)
