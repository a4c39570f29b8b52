"""Only what runs is imported: memory and the time of a start are counted in modules here, not in MiB and seconds."""

import subprocess
import sys

import pytest

MESSAGES = 25
"""Packages of Envoy's messages that `gatehouse serve` needs, with what they need; each takes a MiB or so."""


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """The modules of `gatehouse serve` before it has read a file."""
    program = "import sys, xds_server.cli.main, xds_server.cli.serve, xds_server.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    ("package", "purpose"),
    [
        ("kubernetes", "a cluster"),
        ("aiohttp", "a cluster"),
        ("hypercorn", "the echo backend"),
        ("cryptography", "the first certificate"),
        ("envoy", "the debug endpoint's descriptors, from xds-protos"),
    ],
)
def test_serving_files_does_without(package: str, purpose: str, imported: frozenset[str]) -> None:
    assert package not in {module.partition(".")[0] for module in imported}, f"{package} is for {purpose} alone"


def test_serving_files_needs_few_of_envoys_messages(imported: frozenset[str]) -> None:
    packages = {module for module in imported if module.startswith("envoy_data_plane.") and module.endswith(".v3")}
    assert len(packages) <= MESSAGES, sorted(packages)


def test_messages_are_made_without_their_checks() -> None:
    """Nobody makes a message by its class, and the checks would be half of all that a start takes."""
    program = (
        "import xds_server.app, pydantic, envoy_data_plane.envoy.config.route.v3 as it;"
        "print(pydantic.dataclasses.is_pydantic_dataclass(it.Route))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
