"""Whole files, read and judged: the Gateway API's own, Gatehouse's examples, and a few that show the places."""

from pathlib import Path

import pytest

from tests.files.written import bad_route, source, write
from tests.schema.documents import DATA
from xds_server.cli.check import Report, checked
from xds_server.files import Severity
from xds_server.schema import Channel

EXAMPLES = Path(__file__).parents[2] / "examples"
UPSTREAM = sorted((DATA / "examples").rglob("*.yaml"))
WORLD = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: team}
spec:
  gatewayClassName: gatehouse
  listeners:
  - {name: http, port: 80, protocol: HTTP}
"""
CLASS = """apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
"""
ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: team}
spec:
  parentRefs:
  - name: gateway
  rules:
  - backendRefs:
    - name: cart
      port: 80
    - name: cart
      port: 81
"""
CART = """apiVersion: v1
kind: Service
metadata: {name: cart, namespace: team}
spec: {ports: [{port: 80}]}
"""


def check(*paths: Path, channel: str = "experimental") -> Report:
    return checked(paths, strict=False, channel=channel, controller_name="gatehouse.dev/gateway-controller")


def told(report: Report) -> list[tuple[str, int, str]]:
    return [(Path(it.file).name, it.line, it.reason) for it in report.findings]


def name(path: Path) -> str:
    return path.parts[-1] if path.is_relative_to(EXAMPLES) else str(path.relative_to(DATA))


def test_a_finding_names_the_line_of_the_field_at_fault(tmp_path: Path) -> None:
    report = check(write(tmp_path / "a.yaml", CLASS, WORLD, ROUTE, CART))
    assert told(report) == [("a.yaml", 24, "BackendNotFound")]
    assert (report.objects, report.exit_status) == (4, 1)


def test_findings_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", ROUTE, bad_route("bad"))
    write(tmp_path / "b.yaml", WORLD)
    assert told(check(tmp_path)) == [
        ("a.yaml", 9, "NotFound"),
        ("a.yaml", 23, "Invalid"),
        ("b.yaml", 5, "NotFound"),
    ]


def test_an_unknown_field_is_an_error_for_kubectl_refuses_it(tmp_path: Path) -> None:
    report = check(write(tmp_path / "a.yaml", CLASS, f"{WORLD}  listenerz: []\n"))
    assert told(report) == [("a.yaml", 13, "UnknownField")]
    assert report.findings[0].severity is Severity.ERROR


def test_a_refused_object_is_not_missing_to_those_that_name_it(tmp_path: Path) -> None:
    refused = CART.replace("port: 80", "port: 80000")
    report = check(write(tmp_path / "a.yaml", CLASS, WORLD, ROUTE, refused))
    assert [it.reason for it in report.findings] == ["Invalid"]


def test_the_standard_channel_refuses_experimental_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", CLASS, f"{WORLD}  defaultScope: All\n")
    assert [it.reason for it in check(path, channel="standard").findings] == ["UnknownField"]
    assert check(path).findings == []


def test_kinds_of_others_are_ignored(tmp_path: Path) -> None:
    report = check(write(tmp_path / "a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"))
    assert (report.findings, report.exit_status) == ([], 0)


@pytest.mark.parametrize("path", sorted((DATA / "invalid-examples").rglob("*.yaml")), ids=name)
def test_every_invalid_example_of_the_gateway_api_fails(path: Path) -> None:
    assert check(path).exit_status == 1


@pytest.mark.parametrize("path", UPSTREAM, ids=name)
def test_every_example_of_the_gateway_api_is_understood(path: Path) -> None:
    channel = Channel.EXPERIMENTAL if "experimental" in path.parts else Channel.STANDARD
    assert source(path, channel=channel).read().findings == ()
    report = check(path, channel=channel)
    assert report.readable
    assert {it.severity for it in report.findings if it.reason == "NotFound"} <= {Severity.WARNING}


@pytest.mark.parametrize("path", sorted(it for it in EXAMPLES.iterdir() if it.is_dir()), ids=name)
def test_the_examples_are_clean_but_for_what_is_refused_on_purpose(path: Path) -> None:
    refused = {
        "teams": ("red.yaml", "HTTPRoute team-red/intruder", "NotAllowedByListeners"),
        "tenants": ("florist.yaml", "ListenerSet florist/florist", "HostnameConflict"),
    }
    expected = [refused[path.name]] if path.name in refused else []
    assert [(Path(it.file).name, str(it.ref), it.reason) for it in check(path).findings] == expected
