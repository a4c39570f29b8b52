"""Each example runs with `gatehouse up` and answers as its README says."""

from pathlib import Path

import pytest

from tests.examples.console import EXAMPLES, UP, matches, readme, steps
from tests.examples.running import running, until_it_matches

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("addresses-of-gatehouse-up")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_answers_as_its_readme_says(example: str, tmp_path: Path) -> None:
    """Every command of the README gives the output that stands below it."""
    up, *others = steps(readme(example))
    assert up.command.startswith(UP)
    log = tmp_path / "up.log"
    with running(up.command, log) as process:
        for step in others:
            output = until_it_matches(step, process)
            assert matches(step.expected, output), f"$ {step.command}\n{output}\n{log.read_text()}"
