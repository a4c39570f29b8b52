"""A Gateway of a cluster whose requests are traced: the policy is told, and a collector gets spans."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.commands import ROOT, got, kubectl, tried, until

pytestmark = pytest.mark.cluster

FILES = ("examples/quickstart/echo.yaml", "examples/quickstart/gateway.yaml", "docs/tracing.yaml")
OURS, THEIRS = "gatehouse.dev/gateway-controller", "example.com/other"
PATIENCE = 240.0
"""Seconds for Envoys to start beside everything else."""


@pytest.fixture
def home() -> Iterator[str]:
    """A namespace with the quickstart, traced."""
    name = f"telemetry-{secrets.token_hex(4)}"
    kubectl("create", "namespace", name)
    kubectl("apply", "--namespace", name, *(f"--filename={ROOT / file}" for file in FILES))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def ancestors(home: str) -> dict[str, dict[str, Any]]:
    """The entries of the policy's status, by controller."""
    policy = got("xtelemetrypolicy", "tracing", "--namespace", home)
    return {it["controllerName"]: it for it in policy.get("status", {}).get("ancestors", ())}


def test_a_gateway_is_traced(home: str) -> None:
    """The policy is accepted, beside what another controller says of it; what is traced reaches the collector."""
    until(lambda: OURS in ancestors(home), "the policy to be told")
    theirs = {**ancestors(home)[OURS], "controllerName": THEIRS}
    status = {"status": {"ancestors": [theirs, ancestors(home)[OURS]]}}
    patch = ("--subresource=status", "--type=merge", "--patch", json.dumps(status))
    kubectl("patch", "xtelemetrypolicy", "tracing", "--namespace", home, *patch)
    asked = {"spec": {"tracing": {"samplingRate": {"numerator": 100}}}}
    kubectl("patch", "xtelemetrypolicy", "tracing", "--namespace", home, "--type=merge", "--patch", json.dumps(asked))

    def is_told() -> bool:
        conditions = ancestors(home)[OURS]["conditions"]
        return {it["type"]: (it["status"], it["observedGeneration"]) for it in conditions} == {
            "Accepted": ("True", 2),
            "ResolvedRefs": ("True", 2),
        }

    until(is_told, "the policy to be accepted as it is now")
    assert THEIRS in ancestors(home)
    until(lambda: _address(home), "the Gateway to have an address", PATIENCE)
    until(lambda: "POST /v1/traces" in _received(_address(home)), "spans to reach the collector", PATIENCE)
    ask = ("curl", "-s", "-m", "10", f"http://{_address(home)}/")
    until(lambda: '"Traceparent"' in tried(*ask).stdout, "a traced request to reach the backend", PATIENCE)


def _address(home: str) -> str:
    found = got("gateway", "gateway", "--namespace", home).get("status", {}).get("addresses") or [{"value": ""}]
    return str(found[0]["value"])


def _received(address: str) -> str:
    """What the collector has got, asked for through the Gateway itself."""
    return tried("curl", "-s", "-m", "10", "-H", "Host: collector.example.com", f"http://{address}/received").stdout
