"""Completion in the shells, as they ask for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "gatehouse"


def told(**environment: str) -> str:
    ended = subprocess.run([PROGRAM], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
    return ended.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_given_its_own_words(shell: str) -> None:
    """What `--show-completion` prints asks the program in the way that the shell can."""
    assert f"complete_{shell}" in told(_GATEHOUSE_COMPLETE=f"source_{shell}")


@pytest.mark.parametrize(
    ("shell", "typed"),
    [
        ("bash", {"COMP_WORDS": "gatehouse stat", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "gatehouse stat"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "gatehouse stat", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_commands_are_completed(shell: str, typed: dict[str, str]) -> None:
    assert "status" in told(_GATEHOUSE_COMPLETE=f"complete_{shell}", **typed)


def test_options_are_completed() -> None:
    words = told(_GATEHOUSE_COMPLETE="complete_bash", COMP_WORDS="gatehouse explain --cred", COMP_CWORD="2")
    assert words.split() == ["--credentials"]
