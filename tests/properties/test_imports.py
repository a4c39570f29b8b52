"""Only what runs is imported: memory and the time of a start are counted in modules here, not in MiB and seconds."""

import os
import subprocess
import sys

import pytest

MESSAGES = 25
"""Packages of Envoy's messages that `gatehouse serve` needs, with what they need; each takes a MiB or so."""


MODULES = 920
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
        ("pydantic", "checks of messages"),
        ("pydantic_core", "checks of messages"),
        ("rich", "tables for people"),
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
        ("pydantic", "checks of messages"),
    ],
)
def test_serving_files_does_without(package: str, purpose: str, imported: frozenset[str]) -> None:
    assert package not in {module.partition(".")[0] for module in imported}, f"{package} is for {purpose} alone"


def test_serving_files_needs_few_of_envoys_messages(imported: frozenset[str]) -> None:
    packages = {module for module in imported if module.startswith("envoy_data_plane.") and module.endswith(".v3")}
    assert len(packages) <= MESSAGES, sorted(packages)


def test_pydantic_is_there_for_whoever_else_asks_for_it() -> None:
    program = (
        "import xds_server.app, pydantic.dataclasses, pydantic_core, envoy_data_plane.envoy.config.route.v3 as it;"
        "print(pydantic.dataclasses.is_pydantic_dataclass(it.Route), pydantic_core.__version__ >= '2')"
    )
    assert _printed(program) == "False True"


def test_aiohttp_is_imported_without_the_authorities_of_the_system() -> None:
    """Ours are the only certificates that a kube-apiserver is trusted by."""
    program = (
        "import xds_server.kube.client, aiohttp.connector as it, os;"
        "print(it._SSL_CONTEXT_VERIFIED.cert_store_stats()['x509'], os.environ.get('SSL_CERT_FILE'))"
    )
    assert _printed(program) == f"0 {os.environ.get('SSL_CERT_FILE')}"


def _printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
