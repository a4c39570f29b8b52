"""Sections that start something: all of their commands answer as written beside it."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.pages import RUN_HERE, Section, sections, stays
from tests.examples.console import matches
from tests.examples.running import output, running, until_it_matches, until_it_says

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("addresses-of-gatehouse-up")]

LIVE = tuple(section for page in RUN_HERE for section in sections(page) if section.is_live)


@pytest.mark.parametrize("section", LIVE, ids=str)
def test_commands_answer_as_written(section: Section, tmp_path: Path) -> None:
    """Commands give the output that stands below them, in order, and what stays says what it is promised to say."""
    with ExitStack() as stack:
        process, log = None, tmp_path / "none.log"
        for number, step in enumerate(section.steps):
            if stays(step):
                log = tmp_path / f"{number}.log"
                process = stack.enter_context(running(step.command, log))
                given = until_it_says(step.expected, log, process) if step.expected else ""
            else:
                given = output(step.command) if process is None else until_it_matches(step, process)
            said = log.read_text() if process is not None else ""
            assert matches(step.expected, given), f"$ {step.command}\n{given}\n{said}"
