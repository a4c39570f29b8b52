"""Fail where a conformance report falls below an earlier one, or says that a test failed or was skipped.

python hack/conformance_counts.py EARLIER NEW
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


def counts(report: Mapping[str, Any]) -> dict[tuple[str, str, str], int]:
    """The numbers of passed, skipped and failed tests, by profile, level and outcome."""
    return {
        (profile["name"], level, outcome): number
        for profile in report.get("profiles") or ()
        for level in ("core", "extended")
        for outcome, number in (profile.get(level) or {}).get("statistics", {}).items()
    }


def shortfalls(earlier: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Say where fewer passed than before, as where a claim was given up, and what failed or was skipped."""
    before, now = counts(earlier), counts(new)
    for key in sorted(before.keys() | now.keys()):
        profile, level, outcome = key
        was, is_ = before.get(key, 0), now.get(key, 0)
        if outcome == "Passed" and is_ < was:
            yield f"{profile}, {level}: {was} passed before, {is_} now"
        if outcome != "Passed" and is_:
            yield f"{profile}, {level}: {is_} {outcome.lower()}"
    before_set, now_set = (set(report.get("succeededProvisionalTests") or ()) for report in (earlier, new))
    yield from (f"provisional: {name} passed before" for name in sorted(before_set - now_set))


if __name__ == "__main__":
    reports = [yaml.safe_load(Path(path).read_text()) for path in sys.argv[1:3]]
    sys.exit("\n".join(shortfalls(*reports)) or None)
