"""docker-compose.yml, run for real by docker compose or what COMPOSE names; its ports are reached by COMPOSE_EXEC."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.commands import ROOT, until

pytestmark = pytest.mark.cluster

COMPOSE = os.environ.get("COMPOSE", "docker compose").split()
REACH = os.environ.get("COMPOSE_EXEC", "").split()
URL = "http://127.0.0.1:8080/"
SERVICES = ("gatehouse", "envoy", "blue", "green")


class Stack:
    """A copy of the compose file and of what it mounts, so that the files can be edited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "docker-compose.yml", folder)
        shutil.copytree(ROOT / "deploy/compose", folder / "deploy/compose")
        self.route = folder / "deploy/compose/resources/route.yaml"
        folder.chmod(0o755)

    def compose(self, *arguments: str) -> str:
        ended = subprocess.run(
            [*COMPOSE, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        assert ended.returncode == 0, f"{' '.join(arguments)}\n{ended.stdout}"
        return ended.stdout

    def pod(self, *headers: str) -> str:
        """Who answers; empty if nobody does."""
        options = [option for header in headers for option in ("--header", header)]
        ended = subprocess.run([*REACH, "curl", "--silent", "--fail", *options, URL], capture_output=True, timeout=30)
        return str(json.loads(ended.stdout)["pod"]) if ended.returncode == 0 else ""

    def logs(self) -> str:
        return "\n".join(self.compose("logs", service) for service in SERVICES)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("gatehouse-compose"))
    stack.compose("up", "--detach", "--no-build")
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes")


def test_one_curl_is_answered(stack: Stack) -> None:
    until(lambda: stack.pod() == "blue", "an answer of blue")
    until(lambda: stack.pod("x-version: green") == "green", "an answer of green, which may start last")


def test_an_edited_file_changes_where_requests_go(stack: Stack) -> None:
    until(lambda: stack.pod() == "blue", "an answer of blue")
    before = stack.route.read_text()
    stack.route.write_text(before.replace("name: blue", "name: green"))
    until(lambda: stack.pod() == "green", "an answer of green")
    stack.route.write_text(before)
    until(lambda: stack.pod() == "blue", "an answer of blue again")


def test_stopping_is_clean(stack: Stack) -> None:
    until(lambda: stack.pod() == "blue", "an answer of blue")
    stack.compose("stop", "--timeout", "10")
    logs = stack.logs()
    assert "stopped" in logs
    assert "Traceback" not in logs
    assert stack.pod() == ""
    stack.compose("down")
    assert not stack.compose("ps", "--quiet").strip()
