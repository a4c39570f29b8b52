"""When results of the cluster fail a build."""

from typing import Any

import pytest

from hack.conformance_counts import shortfalls
from hack.none_skipped import skipped


def report(passed: int, failed: int = 0, left_out: int = 0) -> dict[str, Any]:
    counted = {"Passed": passed, "Failed": failed, "Skipped": left_out}
    return {"profiles": [{"name": "GATEWAY-HTTP", "core": {"result": "success", "statistics": counted}}]}


def test_as_many_or_more_passed_tests_are_well() -> None:
    assert not list(shortfalls(report(40), report(40)))
    assert not list(shortfalls(report(39, failed=1), report(40)))


def test_fewer_passed_tests_are_a_shortfall() -> None:
    assert list(shortfalls(report(40), report(39))) == ["GATEWAY-HTTP, core: Passed 40 before, 39 now"]


def test_more_failed_or_skipped_tests_are_a_shortfall() -> None:
    assert list(shortfalls(report(40), report(40, failed=1))) == ["GATEWAY-HTTP, core: Failed 0 before, 1 now"]
    assert list(shortfalls(report(40), report(40, left_out=2))) == ["GATEWAY-HTTP, core: Skipped 0 before, 2 now"]


def test_a_profile_that_was_not_run_is_a_shortfall() -> None:
    assert list(shortfalls(report(40), {"profiles": []})) == ["GATEWAY-HTTP, core: Passed 40 before, 0 now"]


def test_skipped_tests_are_named() -> None:
    results = '<testsuites><testsuite><testcase classname="a" name="b"><skipped/></testcase></testsuite></testsuites>'
    assert skipped(results) == ["a.b"]


def test_a_run_without_tests_is_none() -> None:
    with pytest.raises(ValueError, match="no test ran"):
        skipped("<testsuites/>")
