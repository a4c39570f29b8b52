"""What cannot start says why in one line and exits with 2."""

import subprocess

import pytest

from tests.envoy.running import LOOPBACK, free_port, wait_until
from tests.live.stack import PROGRAM, ROOT, Folder, Ports, descendants, is_alive, serve

pytestmark = pytest.mark.live

QUICKSTART = ROOT / "examples/quickstart"
PATIENCE = 30.0


def failure(*arguments: str) -> str:
    """What a command says that cannot start."""
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 2, run.stderr
    return run.stderr


def test_without_an_envoy_it_says_so() -> None:
    assert failure("up", "--debug-port", "0", "--page-port", "0", "--envoy", "/nowhere", str(QUICKSTART)) == (
        "/nowhere is not a program that can be run\n"
    )


def test_an_address_that_somebody_has_is_named(folder: Folder) -> None:
    """Of any of the three servers."""
    ports = Ports()
    with serve(folder, ports):
        for option, taken in (("xds", ports.xds), ("debug", ports.debug), ("metrics", ports.metrics)):
            places = {name: f"{LOOPBACK}:{free_port()}" for name in ("xds", "debug", "metrics")}
            places[option] = f"{LOOPBACK}:{taken}"
            addresses = [word for name, place in places.items() for word in (f"--{name}-address", place)]
            assert (
                failure("serve", "--resources", str(QUICKSTART), *addresses)
                .splitlines()[-1]
                .startswith(f"cannot listen at {LOOPBACK}:{taken}: ")
            )


def test_what_is_no_address_is_named() -> None:
    assert failure("serve", "--resources", str(QUICKSTART), "--xds-address", "nowhere") == (
        "cannot listen at nowhere: 'nowhere' is not HOST:PORT\n"
    )


def test_where_nobody_reads_its_lines_it_ends_in_order() -> None:
    """As in `gatehouse up ... | head -1`: no traceback, and no Envoy that lives on."""
    command = [PROGRAM, "up", "--plain", "--debug-port", "0", "--page-port", "0", str(QUICKSTART)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Page: ")
        process.stdout.close()
        family: set[int] = set()
        wait_until(lambda: family.update(descendants(process.pid)) or process.poll() is not None, "it to end", PATIENCE)
        assert (process.returncode, process.stderr.read()) == (1, "")
    assert family
    assert not [pid for pid in family if is_alive(pid)]
