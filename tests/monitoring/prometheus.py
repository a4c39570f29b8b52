"""promtool and prometheus: on the PATH, or where hack/prometheus.sh has built them."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "rules" / "gatehouse.yaml"
DASHBOARDS = ROOT / "deploy" / "dashboards"


@cache
def program(name: str) -> str | None:
    """Return where a program is; None where there is none."""
    found = re.search(r"github.com/prometheus/prometheus v(\S+)", (ROOT / "hack/prometheus/go.mod").read_text())
    assert found
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = home / "gatehouse" / f"prometheus-{found[1]}" / name
    return str(built) if built.is_file() else shutil.which(name)


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where a program is missing."""
    return pytest.mark.skipif(program(name) is None, reason=f"{name} is missing: run hack/prometheus.sh --server")


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    path = program("promtool")
    assert path is not None
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=60)
