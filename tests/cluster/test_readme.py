"""What README.md tells people to do in a cluster, done as it is written."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.cluster.commands import ROOT, as_list, helm, kubectl, run, tried, until
from tests.cluster.test_examples import KEPT, PATIENCE, documents
from tests.docs.pages import sections

pytestmark = pytest.mark.cluster

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DONE_BEFORE = ("kind create cluster", "make image KIND=kind")
"""What makes a cluster and brings images there; whoever runs these tests has both."""
FORWARD = "kubectl port-forward "


def commands() -> list[str]:
    """The commands below README's heading, in order."""
    [section] = (it for it in sections("README.md") if it.heading == "In a cluster")
    return [line for block in BLOCK.findall(section.text) for line in block.splitlines()]


@pytest.fixture
def bare() -> Iterator[None]:
    """A cluster without Gatehouse, which in the end has it as README installs it, and nothing else of it."""
    helm("uninstall", "gatehouse", "--namespace=gatehouse-system", "--ignore-not-found", "--wait")
    yield
    made = as_list(it for it in documents("quickstart") if it["kind"] not in KEPT)
    kubectl("delete", "--ignore-not-found", "--filename=-", given=made)


class Forward:
    """`kubectl port-forward`, started again while there is nothing to forward to."""

    def __init__(self, command: str) -> None:
        self._command = command.split()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stands(self) -> None:
        """Start it again if it has ended."""
        if self._process.poll() is not None:
            self._process = self._start()

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@pytest.mark.usefixtures("bare")
def test_the_commands_lead_to_an_answer() -> None:
    """First those before the port is forwarded; then each curl answers, with the port forwarded and at the address."""
    told = commands()
    assert tuple(told[:2]) == DONE_BEFORE
    [forward] = (it for it in told if it.startswith(FORWARD))
    at = told.index(forward)
    for command in told[2:at]:
        run("bash", "-c", command, seconds=PATIENCE)
    forwarded = Forward(forward)

    def answer(command: str) -> str:
        forwarded.stands()
        return tried("bash", "-c", f"{command} --silent --max-time 10").stdout

    try:
        for command in told[at + 1 :]:
            assert command.startswith("curl ")
            until(lambda command=command: '"path": "/"' in answer(command), f"an answer to {command}", PATIENCE)
    finally:
        forwarded.end()


def test_the_commands_are_those_of_this_checkout() -> None:
    """The chart and the example that README names are there."""
    paths = re.findall(r"\b(?:deploy|examples)/\S+", "\n".join(commands()))
    assert paths
    assert all((ROOT / path).exists() for path in paths)
