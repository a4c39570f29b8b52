"""The command itself: exit statuses and outputs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checking.test_files import CART, CLASS, ROUTE, WORLD
from tests.files.written import write

GOOD = ROUTE.replace("port: 81", "port: 80")


def gatehouse(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from xds_server.cli.main import main; main()", "check", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_nothing_found_is_one_quiet_line(tmp_path: Path) -> None:
    done = gatehouse(write(tmp_path / "a.yaml", CLASS, WORLD, GOOD, CART))
    assert (done.returncode, done.stdout, done.stderr) == (0, "4 objects, nothing found\n", "")


def test_findings_are_lines_of_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", CLASS, WORLD, ROUTE, CART)
    done = gatehouse(path)
    first, summary = done.stdout.splitlines()
    assert done.returncode == 1
    assert first.startswith(f"{path}:24: error: HTTPRoute team/r: BackendNotFound: Service team/cart has no port 81")
    assert summary == "4 objects: 1 error"


def test_warnings_alone_do_not_fail_unless_strict(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", CLASS, WORLD, GOOD)
    assert gatehouse(path).stdout.splitlines()[-1] == "3 objects: 1 warning"
    assert [gatehouse(path).returncode, gatehouse(path, "--strict").returncode] == [0, 1]


def test_json_is_one_document_of_a_stable_shape() -> None:
    done = gatehouse("-", "-o", "json", stdin=WORLD)
    (finding,) = json.loads(done.stdout)
    assert finding.pop("message").startswith("GatewayClass gatehouse is not among the files")
    assert finding == {
        "file": "-",
        "line": 1,
        "object": {"kind": "Gateway", "namespace": "team", "name": "gateway"},
        "severity": "warning",
        "reason": "NotFound",
    }


def test_json_of_nothing_is_an_empty_list(tmp_path: Path) -> None:
    assert json.loads(gatehouse(write(tmp_path / "a.yaml", CLASS), "--output", "json").stdout) == []


@pytest.mark.parametrize("arguments", [["no/such/path"], ["--output", "xml", "."], ["--channel", "beta", "."], []])
def test_what_cannot_run_exits_with_2(arguments: list[str]) -> None:
    assert gatehouse(*arguments).returncode == 2
