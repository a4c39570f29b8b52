"""`gatehouse bootstrap` prints what the package renders."""

import subprocess
import sys
from pathlib import Path

from translator.value import Key
from xds_server import bootstrap

PROGRAM = Path(sys.executable).parent / "gatehouse"


def command(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, "bootstrap", *options], capture_output=True, text=True, timeout=60)


def test_the_options_are_what_the_bootstrap_says() -> None:
    options = (
        "--gateway",
        "infra/edge",
        "--node",
        "edge-1",
        "--xds-address",
        "gatehouse:18000",
        "--admin-port",
        "9901",
    )
    expected = bootstrap.render(
        Key("infra", "edge"), node="edge-1", xds_host="gatehouse", xds_port=18000, admin_port=9901
    )
    assert command(*options).stdout == expected


def test_an_option_that_is_none_is_told() -> None:
    assert "is not NAMESPACE/NAME" in command("--gateway", "edge").stderr
    assert "is not HOST:PORT" in command("--gateway", "infra/edge", "--xds-address", "gatehouse").stderr
