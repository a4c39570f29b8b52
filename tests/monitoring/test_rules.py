"""The alerts: promtool reads them, they fire when they should, and each says what to do."""

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import anchor, sections
from tests.monitoring.expressions import of_dashboards, rules
from tests.monitoring.prometheus import RULES, needs, promtool

RUNBOOK = re.compile(r"https://gatehouse\.dev/docs/debugging\.md#(.+)")
ALERTS = [rule for rule in rules() if "alert" in rule]


@needs("promtool")
def test_promtool_finds_nothing_amiss() -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("promtool")
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    document = yaml.safe_load(RULES.read_text())
    for group in document["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    (tmp_path / "gatehouse.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "test.yaml").write_text(Path(__file__).with_name("rules_test.yaml").read_text())
    tested = promtool("test", "rules", tmp_path / "test.yaml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs("promtool")
def test_promtool_reads_what_the_dashboards_ask(tmp_path: Path) -> None:
    asked = [{"record": f"panel:{number}", "expr": it.text} for number, it in enumerate(of_dashboards())]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))
    checked = promtool("check", "rules", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_is_tried() -> None:
    tests = yaml.safe_load(Path(__file__).with_name("rules_test.yaml").read_text())["tests"]
    cases = [case for it in tests for case in it["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_it_is_and_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    found = RUNBOOK.fullmatch(rule["annotations"]["runbook_url"])
    assert found
    assert found[1] in {anchor(it.heading) for it in sections("docs/debugging.md")}


def test_each_alert_is_listed_with_its_runbook() -> None:
    text = Path(RULES.parents[2], "docs/metrics.md").read_text()
    page, _, ticket = text.partition("`severity: ticket`")
    for rule in ALERTS:
        place = page if rule["labels"]["severity"] == "page" else ticket
        runbook = rule["annotations"]["runbook_url"].partition("#")[2]
        [row] = re.findall(rf"^\| {rule['alert']} \|.*$", place, flags=re.MULTILINE)
        assert f"(debugging.md#{runbook})" in row
