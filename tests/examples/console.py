"""The examples and what their READMEs promise: ```console blocks of `$ command` and the output to expect.

In an expected output `...` stands for anything, as in doctest; spaces at the ends of lines do not count.
"""

import doctest
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = tuple(sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir()))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UP = "gatehouse up "


class Step(NamedTuple):
    """A command and its output."""

    command: str
    expected: str


def steps(readme: str) -> tuple[Step, ...]:
    """Read all commands of a README, in order."""
    found = []
    for block in BLOCK.findall(readme):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            found.append(Step(command, expected))
    return tuple(found)


def matches(expected: str, output: str) -> bool:
    """Whether an output is what was promised."""
    trimmed = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    return doctest.OutputChecker().check_output(expected, trimmed, doctest.ELLIPSIS)


def readme(example: str) -> str:
    """The README of an example."""
    return (ROOT / "examples" / example / "README.md").read_text()


def documents(example: str) -> list[dict[str, Any]]:
    """All documents of an example, in the order in which kubectl applies them."""
    return [
        document
        for path in sorted((ROOT / "examples" / example).glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]
