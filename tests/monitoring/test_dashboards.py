"""The dashboards as files."""

import json
from pathlib import Path

import pytest

from hack.dashboards import written
from tests.monitoring.prometheus import DASHBOARDS

FILES = sorted(DASHBOARDS.glob("*.json"))


def test_they_are_what_is_written_from_their_definitions() -> None:
    assert {file.name: file.read_text() for file in FILES} == written()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_panel_covers_another(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(file.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_panel_shows_has_names(file: Path) -> None:
    for panel in json.loads(file.read_text())["panels"]:
        if panel["type"] == "timeseries":
            assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]
