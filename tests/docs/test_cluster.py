"""Sections whose commands ask a cluster: they answer as written, in the order in which they stand."""

import pytest

from tests.docs.pages import RUN_HERE, Section, sections
from tests.examples.console import matches
from tests.examples.running import until_it_matches

pytestmark = pytest.mark.cluster

OF_CLUSTER = tuple(section for page in RUN_HERE for section in sections(page) if section.needs_cluster)


@pytest.mark.parametrize("section", OF_CLUSTER, ids=str)
def test_commands_answer_as_written(section: Section) -> None:
    """The last command of each section removes what the first one made, whatever came of those between."""
    *steps, last = section.steps
    try:
        for step in steps:
            given = until_it_matches(step)
            assert matches(step.expected, given), f"$ {step.command}\n{given}"
    finally:
        until_it_matches(last)
