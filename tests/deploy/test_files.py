"""What can be said of the files of deploy/ without a cluster, helm or docker."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from translator.api.kinds import KINDS
from translator.value import Key
from xds_server import bootstrap
from xds_server.cli.check import checked
from xds_server.cli.main import CONTROLLER

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "gatehouse"
READ = {"get", "list", "watch"}
STATUSES = {
    *("GatewayClass", "Gateway", "ListenerSet", "BackendTLSPolicy", "XTelemetryPolicy"),
    *("XBackend", "XBackendTrafficPolicy"),
    *("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
}
"""Kinds whose status says what we have made of them."""

Document = dict[str, Any]


def documents(path: Path) -> list[Document]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def one(kind: str, name: str) -> Document:
    """An object of the kustomize base, which is the chart with its default values."""
    found = [it for it in documents(DEPLOY / "kustomize/gatehouse.yaml") if it["kind"] == kind]
    return next(it for it in found if it["metadata"]["name"] == name)


def verbs(role: Document) -> dict[tuple[str, str], set[str]]:
    """The verbs of a role by group and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in role["rules"]:
        assert not rule.keys() - {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


ROLE = verbs(one("ClusterRole", "gatehouse-system-gatehouse"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_control_plane_may_read_every_kind_that_it_reads(kind: Any) -> None:
    assert ROLE[kind.group, kind.plural] >= READ


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_it_may_write_status_and_nothing_else_of_what_users_write(kind: Any) -> None:
    assert ROLE.get((kind.group, f"{kind.plural}/status"), set()) == ({"patch"} if kind.name in STATUSES else set())
    if kind.name not in {"Service", "ConfigMap"}:  # an Envoy has these
        assert ROLE[kind.group, kind.plural] == READ


def test_no_rule_is_a_wildcard() -> None:
    for role in documents(DEPLOY / "kustomize/gatehouse.yaml"):
        for rule in role.get("rules", ()):
            assert not any("*" in words for words in rule.values())


@pytest.mark.parametrize("folder", ["crds", "dashboards", "rules"])
def test_the_chart_carries_our_definitions_dashboards_and_rules(folder: str) -> None:
    carried = {path.name: path.read_text() for path in (CHART / folder).iterdir()}
    assert carried == {path.name: path.read_text() for path in (DEPLOY / folder).iterdir()}


def test_the_chart_s_controller_is_that_of_the_commands() -> None:
    assert yaml.safe_load((CHART / "values.yaml").read_text())["controllerName"] == CONTROLLER


def values(schema: Document, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in schema.get("properties", {}).items():
        yield (*at, name)
        yield from values(child, (*at, name))


def test_every_value_has_a_default_and_a_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    of_helm = {("global",), ("gateway-api",)}
    free = {"parametersRef", "resources", "imagePullSecrets"}  # objects of Kubernetes, or lists of them
    for path in set(values(schema)) - of_helm:
        at = defaults
        for name in path[:1] if free & set(path) else path:
            assert name in at, path
            at = at[name]
    assert defaults.keys() <= schema["properties"].keys()


def test_the_chart_s_version_is_the_program_s() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version[1], version[1])


def test_the_envoy_of_the_compose_file_is_started_as_the_program_says() -> None:
    expected = bootstrap.render(Key("shop", "edge"), node="compose", xds_host="gatehouse", xds_port=18000)
    assert (DEPLOY / "compose/bootstrap.yaml").read_text() == expected


def test_the_resources_of_the_compose_file_are_as_they_should_be() -> None:
    report = checked([DEPLOY / "compose/resources"], strict=True, channel="experimental", controller_name=CONTROLLER)
    assert not report.findings


def test_envoys_alone_reach_the_xds_port() -> None:
    """The clusters that tests run in may not enforce NetworkPolicies: what is asked for is judged, not what happens."""
    envoys, probes = one("NetworkPolicy", "gatehouse")["spec"]["ingress"]
    gateways_pods = {"matchExpressions": [{"key": "gateway.networking.k8s.io/gateway-name", "operator": "Exists"}]}
    assert envoys == {"from": [{"namespaceSelector": {}, "podSelector": gateways_pods}], "ports": [{"port": "xds"}]}
    assert probes == {"ports": [{"port": "http"}]}
