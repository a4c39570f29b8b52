"""Each example runs with `gatehouse up` and answers as its README says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.examples.console import EXAMPLES, ROOT, UP, Step, matches, readme, steps

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("addresses-of-gatehouse-up")]

PATIENCE = 60.0
"""Seconds until a command must have answered as promised; the first ones wait for Envoy to start."""
PAUSE = 0.1
PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_answers_as_its_readme_says(example: str, tmp_path: Path) -> None:
    """Every command of the README gives the output that stands below it."""
    up, *others = steps(readme(example))
    assert up.command.startswith(UP)
    log = tmp_path / "up.log"
    with running(up.command, log) as process:
        for step in others:
            output = _until_it_matches(step, process)
            assert matches(step.expected, output), f"$ {step.command}\n{output}\n{log.read_text()}"


@contextmanager
def running(command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that stays, and end it as Ctrl-C does."""
    program, *arguments = command.split()
    with log.open("w") as output:
        process = subprocess.Popen(
            [PROGRAMS / program, *arguments],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()


def _until_it_matches(step: Step, process: subprocess.Popen[bytes]) -> str:
    """Run a command until its output is what was promised, for a while as long as the process lives."""
    end = time.monotonic() + PATIENCE
    while True:
        output = _output(step.command)
        if matches(step.expected, output) or time.monotonic() > end or process.poll() is not None:
            return output
        time.sleep(PAUSE)


def _output(command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    # The commands are written for people, with pipes and quotes: a shell reads them.
    run = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, timeout=PATIENCE)
    return run.stdout.decode(errors="replace")
