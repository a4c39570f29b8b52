"""Operators ask the control plane in a cluster from where they are: through a port-forward that the command opens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

GATEHOUSE = str(Path(sys.executable).parent / "gatehouse")


def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GATEHOUSE, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_every_object_of_ours_is_listed_with_its_conditions() -> None:
    """The chart's GatewayClass is there, and told that it is accepted."""
    answer = asked("status", "--server", "cluster", "--kind", "GatewayClass", "-o", "json")
    assert answer.returncode == 0, answer.stderr
    found = {it["object"]["name"]: it["conditions"] for it in map(json.loads, answer.stdout.splitlines())}
    assert {it["type"]: it["status"] for it in found["gatehouse"]}["Accepted"] == "True"


def test_where_there_is_no_control_plane_it_is_said() -> None:
    answer = asked("envoys", "--server", "cluster/kube-public")
    assert answer.returncode == 2
    assert "no pod of namespace kube-public" in answer.stderr
