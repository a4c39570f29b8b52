"""Commands of the documentation, run as people run them: in a shell, from the root, beside one that stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.examples.console import ROOT, Step, matches

PATIENCE = 60.0
"""Seconds until a command must have answered as promised; the first ones wait for Envoy to start."""
PAUSE = 0.1
PROGRAMS = Path(sys.executable).parent


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


def until_it_matches(step: Step, process: subprocess.Popen[bytes] | None = None) -> str:
    """Run a command until its output is what was promised, for a while, and as long as the process lives."""
    end = time.monotonic() + PATIENCE
    while True:
        given = output(step.command)
        over = time.monotonic() > end or (process is not None and process.poll() is not None)
        if matches(step.expected, given) or over:
            return given
        time.sleep(PAUSE)


def until_it_says(expected: str, log: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until a command that stays has said what was promised, for a while as long as it lives."""
    end = time.monotonic() + PATIENCE
    while True:
        said = log.read_text()
        if matches(expected, said) or time.monotonic() > end or process.poll() is not None:
            return said
        time.sleep(PAUSE)


def output(command: str) -> str:
    """Run a command and return what it prints."""
    # The commands are written for people, with pipes and quotes: a shell reads them.
    environment = {**os.environ, "LC_ALL": "C", "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, timeout=PATIENCE)
    return run.stdout.decode(errors="replace")
