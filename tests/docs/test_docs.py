"""What the documentation says is so: its commands answer as written, its links lead somewhere, its lists are whole."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import MAKE, PAGES, RUN_HERE, Section, anchor, links, sections, target
from tests.examples.console import ROOT, UP, matches, steps
from tests.examples.running import output
from translator.attach.conditions import Reason, Type
from translator.features import SUPPORTED_FEATURES

SECTIONS = tuple(section for page in RUN_HERE for section in sections(page) if section.steps)
PLAIN = tuple(section for section in SECTIONS if not (section.is_live or section.needs_cluster))


@pytest.mark.parametrize("section", PLAIN, ids=str)
def test_commands_answer_as_written(section: Section) -> None:
    """Every command that needs nothing running gives the output that stands below it."""
    for step in section.steps:
        given = output(step.command)
        assert matches(step.expected, given), f"$ {step.command}\n{given}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every link to a file, a folder or a heading of the repository finds it."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        file = target(page, link)
        assert file.exists(), f"{page} links to {link}"
        _, _, fragment = link.partition("#")
        if fragment:
            headings = sections(str(file.resolve().relative_to(ROOT)))
            assert fragment in {anchor(section.heading) for section in headings}, f"{page} links to {link}"


def test_make_run_is_what_the_tests_take_it_for() -> None:
    """The Makefile's targets run what is run here in their place."""
    makefile = (ROOT / "Makefile").read_text()
    for command, meant in MAKE.items():
        rule = f"{command.removeprefix('make ')}: setup\n\t$(BIN)/{meant}\n"
        assert rule in makefile


def test_the_readme_begins_with_make_run_and_make_test() -> None:
    """The first two commands of the README set everything up, run it and test it."""
    text = (ROOT / "README.md").read_text()
    lines = [line.removeprefix("$ ") for block in _blocks(text) for line in block.splitlines()]
    assert [line for line in lines if line.startswith("make ")][:2] == ["make run", "make test"]


def test_the_first_request_is_the_one_that_up_tells_to_try() -> None:
    """What the README shows of `make run` ends with the very command that it shows next, as does the quickstart."""
    run, first, *_ = steps((ROOT / "README.md").read_text())
    assert run.command == "make run"
    assert run.expected.splitlines()[-1] == f"Try: {first.command}"
    up, same, *_ = steps((ROOT / "examples/quickstart/README.md").read_text())
    assert (up.command, same.command) == (f"{UP}examples/quickstart", first.command)


def test_every_feature_is_explained() -> None:
    """The table of features has each feature that is claimed, in order, and no other."""
    named = re.findall(r"^\| `([A-Z]\w+)` \|", (ROOT / "docs/conformance.md").read_text(), flags=re.MULTILINE)
    assert tuple(named) == SUPPORTED_FEATURES


def test_every_condition_that_is_set_is_explained() -> None:
    """The tables of conditions have each Type and Reason that the translator sets, and no Reason that it does not."""
    text = (ROOT / "docs/conditions.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    used = _used("Reason", Reason) | {"NotFound", "CertificateExpired", "CertificateExpiresSoon"}
    assert set(rows) == used
    assert all(f"`{type_}`" in text for type_ in _used("Type", Type))


def test_every_decision_is_listed() -> None:
    """The list of decisions links to each of them, in order of their numbers."""
    files = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [link for link in links("docs/adr/README.md") if link in files] == files


def _blocks(text: str) -> list[str]:
    return re.findall(r"^```\w+\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def _used(name: str, words: type[Reason] | type[Type]) -> set[str]:
    """Return the values of those words that the translator's code names."""
    vocabulary = Path("translator/attach/conditions.py")
    code = "".join(
        path.read_text() for path in sorted((ROOT / "translator").rglob("*.py")) if path.relative_to(ROOT) != vocabulary
    )
    return {
        words[member].value for member in re.findall(rf"\b{name}\.([A-Z_]+)\b", code) if member in words.__members__
    }
