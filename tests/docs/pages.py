"""The pages of the documentation: their sections, the commands in them and the links between them.

Commands stand in ```console blocks as in the examples' READMEs. Those of a section are run in order. A command that
stays (`gatehouse up`, `gatehouse serve`, `make run`) is ended where its section ends; the commands after it run beside
it, until they answer as promised.
"""

import re
from pathlib import Path
from typing import NamedTuple

from tests.examples.console import ROOT, UP, Step, steps

PAGES = tuple(
    sorted(
        str(path.relative_to(ROOT))
        for path in (
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/**/*.md"),
            *ROOT.glob("examples/**/*.md"),
            ROOT / "envoy/README.md",
        )
    )
)
"""All that people read, by path from the root."""
RUN_HERE = tuple(page for page in PAGES if not page.startswith("examples/"))
"""Pages whose commands are run by the tests of this folder; the examples have tests of their own."""

MAKE = {"make run": f"{UP}examples/quickstart"}
"""Targets of the Makefile that pages tell people to run, and what they run once set up."""
STAYS = (UP, "gatehouse serve ")
ASKS_CLUSTER = ("kubectl ",)

_HEADING = re.compile(r"^(#+) +(.+?) *$")
_FENCE = re.compile(r"^ *```")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


class Section(NamedTuple):
    """What stands below one heading, up to the next one."""

    page: str
    heading: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}#{anchor(self.heading)}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its commands in order, those of make replaced by what they run."""
        return tuple(Step(MAKE.get(step.command, step.command), step.expected) for step in steps(self.text))

    @property
    def is_live(self) -> bool:
        """Whether something is started that stays."""
        return any(stays(step) for step in self.steps)

    @property
    def needs_cluster(self) -> bool:
        """Whether its commands ask a cluster."""
        return any(step.command.startswith(ASKS_CLUSTER) for step in self.steps)


def stays(step: Step) -> bool:
    """Whether a command runs until it is ended."""
    return step.command.startswith(STAYS)


def sections(page: str) -> tuple[Section, ...]:
    """Split a page at its headings; what looks like one in a block of code is none."""
    found = [Section(page, "", "")]
    in_code = False
    for line in (ROOT / page).read_text().splitlines(keepends=True):
        in_code ^= bool(_FENCE.match(line))
        heading = None if in_code else _HEADING.match(line)
        if heading:
            found.append(Section(page, heading[2], ""))
        found[-1] = found[-1]._replace(text=found[-1].text + line)
    return tuple(found)


def anchor(heading: str) -> str:
    """Return the fragment by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(page: str) -> tuple[str, ...]:
    """Return where a page links to, blocks of code apart."""
    text = re.sub(r"^ *```.*?^ *```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return tuple(_LINK.findall(text))


def target(page: str, link: str) -> Path:
    """Return the file or folder that a relative link leads to."""
    path, _, _ = link.partition("#")
    return (ROOT / page).parent / path if path else ROOT / page
