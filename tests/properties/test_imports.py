"""Only what runs is imported: memory and the time of a start are counted in modules here, not in MiB and seconds."""

import subprocess
import sys

import pytest

MESSAGES = 25
"""Packages of Envoy's messages that `gatehouse serve` needs, with what they need; each takes a MiB or so."""


MODULES = 1020
"""All that `gatehouse serve` imports in a pod, Python's own among them."""


def modules(serving: str) -> frozenset[str]:
    """The modules of `gatehouse serve` before it has read anything."""
    program = f"import sys, xds_server.cli.main, xds_server.cli.serve, {serving}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """Those that serve files."""
    return modules("xds_server.app")


@pytest.fixture(scope="module")
def imported_in_a_pod() -> frozenset[str]:
    """Those that serve a cluster."""
    return modules("xds_server.cluster")


@pytest.mark.parametrize(
    ("package", "purpose"),
    [
        ("kubernetes", "kubeconfigs"),
        ("watchfiles", "files"),
        ("xds_server.files", "files"),
        ("xds_server.local", "`up`"),
        ("hypercorn", "the echo backend"),
        ("envoy", "the debug endpoint's descriptors, from xds-protos"),
    ],
)
def test_serving_a_cluster_does_without(package: str, purpose: str, imported_in_a_pod: frozenset[str]) -> None:
    assert package not in imported_in_a_pod, f"{package} is for {purpose} alone"


def test_serving_a_cluster_takes_few_modules(imported_in_a_pod: frozenset[str]) -> None:
    assert len(imported_in_a_pod) <= MODULES


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
