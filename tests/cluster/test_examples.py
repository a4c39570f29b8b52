"""Each folder of examples/, applied as it is to a cluster where Gatehouse is installed, is programmed and answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.commands import as_list, got, kubectl, tried, until

pytestmark = pytest.mark.cluster

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 240.0
"""Seconds for Envoys to start beside everything else."""
ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
REFUSED = {"intruder"}
"""Routes that an example shows being refused."""


def documents(example: str, kind: str = "") -> list[dict[str, Any]]:
    """An example's documents, all of them or those of a kind."""
    texts = (path.read_text() for path in sorted((EXAMPLES / example).glob("*.yaml")))
    return [it for text in texts for it in yaml.safe_load_all(text) if it and kind in ("", it["kind"])]


def found(document: dict[str, Any]) -> dict[str, Any]:
    """The object as the cluster has it."""
    metadata = document["metadata"]
    return got(document["kind"], metadata["name"], "--namespace", metadata.get("namespace", "default"))


def conditions(holder: dict[str, Any]) -> dict[str, str]:
    """Status by type."""
    return {it["type"]: it["status"] for it in holder.get("conditions", ())}


NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
KEPT = {"GatewayClass", "Namespace"}


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> Iterator[None]:
    """Namespaces stay until the last example is done, for some have the same and each takes its time to go."""
    yield
    made = {it["metadata"]["name"] for name in NAMES for it in documents(name, "Namespace")}
    kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", *sorted(made))


@pytest.fixture(params=NAMES)
def example(request: pytest.FixtureRequest) -> Iterator[str]:
    """An example that is applied for as long as the test runs; the GatewayClass is the installation's and stays."""
    folder = EXAMPLES / request.param
    files = [f"--filename={path}" for path in sorted(folder.glob("*.yaml")) if path.name != "gatewayclass.yaml"]
    kubectl("apply", *files)
    yield request.param
    going = as_list(it for it in documents(request.param) if it["kind"] not in KEPT)
    kubectl("delete", "--ignore-not-found", "--filename=-", given=going)


def test_it_is_programmed_and_answers(example: str) -> None:
    """Gateways are Programmed and answer; routes are accepted, but for the one that is refused on purpose."""
    for gateway in documents(example, "Gateway"):
        until(
            lambda gateway=gateway: conditions(found(gateway).get("status", {})).get("Programmed") == "True",
            f"Gateway {gateway['metadata']['name']} of {example} to be programmed",
            PATIENCE,
        )
        address = found(gateway)["status"]["addresses"][0]["value"]
        for port in (it["port"] for it in gateway["spec"]["listeners"] if it["protocol"] == "HTTP"):
            place = f"{address}:{port}"
            until(lambda place=place: _answer(place), f"an answer from {place}", PATIENCE)
    for route in (it for kind in ROUTES for it in documents(example, kind)):
        name = route["metadata"]["name"]
        accepted = "False" if name in REFUSED else "True"
        until(
            lambda route=route, accepted=accepted: all(
                conditions(it)["Accepted"] == accepted for it in found(route)["status"]["parents"]
            ),
            f"route {name} of {example} to be Accepted={accepted}",
            PATIENCE,
        )


def _answer(place: str) -> str:
    """The HTTP status of a request, or nothing while nobody serves."""
    status = tried("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "10", f"http://{place}/").stdout
    return "" if status in ("000", "503") else status
