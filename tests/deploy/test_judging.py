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
    assert not list(shortfalls(report(39), report(40)))


def test_fewer_passed_tests_are_a_shortfall() -> None:
    assert list(shortfalls(report(40), report(39))) == ["GATEWAY-HTTP, core: 40 passed before, 39 now"]


def test_tests_that_failed_or_were_skipped_are_a_shortfall_whatever_was_before() -> None:
    for before in (report(40), report(40, failed=1, left_out=2)):
        assert list(shortfalls(before, report(40, failed=1))) == ["GATEWAY-HTTP, core: 1 failed"]
        assert list(shortfalls(before, report(40, left_out=2))) == ["GATEWAY-HTTP, core: 2 skipped"]


def test_a_provisional_test_that_passes_no_more_is_a_shortfall() -> None:
    before = {"succeededProvisionalTests": ["Old", "Kept"]}
    assert list(shortfalls(before, {"succeededProvisionalTests": ["Kept"]})) == ["provisional: Old passed before"]


def test_a_profile_that_was_not_run_is_a_shortfall() -> None:
    assert list(shortfalls(report(40), {"profiles": []})) == ["GATEWAY-HTTP, core: 40 passed before, 0 now"]


def test_skipped_tests_are_named() -> None:
    results = '<testsuites><testsuite><testcase classname="a" name="b"><skipped/></testcase></testsuite></testsuites>'
    assert skipped(results) == ["a.b"]


def test_a_run_without_tests_is_none() -> None:
    with pytest.raises(ValueError, match="no test ran"):
        skipped("<testsuites/>")
