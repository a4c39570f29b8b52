"""A control plane, an Envoy and a Prometheus that scrapes both: what is listed is there, every question is answered."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.authority import Authority
from tests.live.client import Edge
from tests.live.documents import Document, gateway, gateway_class, http_route, https, listener, rule, served, tls_secret
from tests.live.stack import Folder, Ports, bootstrap_of, echoes, serve
from tests.monitoring.expressions import Asked, metrics, of_dashboards, of_rules, variables
from tests.monitoring.listed import OF_ENVOY, OURS
from tests.monitoring.prometheus import RULES, needs, program
from tests.monitoring.scraping import Scraped, scrape

pytestmark = pytest.mark.live

RARE = ("> 0", "> 5", "== 0", "== 1", "> 60", "< 2", "< 14", "> 100", "absent(", "gateway:", "> 0.9")
"""What is asked so that nothing is the answer as long as all is well."""


class Stack(NamedTuple):
    """What is scraped."""

    ports: Ports
    envoy: Envoy

    @property
    def plane(self) -> Scraped:
        return scrape(f"http://{LOOPBACK}:{self.ports.metrics}/metrics")

    @property
    def data_plane(self) -> Scraped:
        return scrape(f"http://{LOOPBACK}:{self.envoy.admin_port}/stats/prometheus")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An Envoy with traffic: answered, refused by the backend's absence, and without a route; and an edit."""
    folder, ports = Folder(tmp_path_factory.mktemp("monitoring") / "world"), Ports()
    http, tls = Edge(LOOPBACK, free_port()), free_port()
    pair = Authority("tests").issue("shop.example.com")
    with echoes("shop") as backends:
        listeners = (listener(port=http.port), https("https", "shop", port=tls, hostname="shop.example.com"))
        folder.write("gateway.yaml", gateway_class(), counting(gateway(*listeners)), COUNTED)
        folder.write("secret.yaml", tls_secret("shop", pair.certificate, pair.key))
        folder.write("shop.yaml", *served("shop", backends["shop"]), route("shop"))
        folder.write("gone.yaml", *served("gone", free_port()), route("gone"))
        with serve(folder, ports), running(bootstrap_of(ports)) as envoy:
            wait_until(lambda: http.status("shop.example.com") == 200, "the first 200")
            folder.write("later.yaml", route("later", "shop"))
            wait_until(lambda: http.status("later.example.com") == 200, "the edit")
            assert http.status("gone.example.com") == 503
            assert http.status("unknown.example.com") == 404
            yield Stack(ports, envoy)


COUNTED = {
    "apiVersion": "gatehouse.dev/v1alpha1",
    "kind": "EnvoyParameters",
    "metadata": {"name": "counted", "namespace": "shop"},
    "spec": {"stats": {"routes": True}},
}


def counting(document: Document) -> Document:
    """Let the requests of a Gateway be counted by route."""
    reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": "counted"}
    document["spec"]["infrastructure"] = {"parametersRef": reference}
    return document


def route(name: str, service: str = "") -> dict[str, Any]:
    return http_route(name, rule(service or name), hostnames=[f"{name}.example.com"])


def test_the_control_plane_exports_what_is_listed_and_nothing_else(stack: Stack) -> None:
    types, labels = stack.plane
    assert {name: kind for name, kind in types.items() if not name.startswith("python_")} == {
        name: family.type for name, family in OURS.items()
    }
    for name, family in OURS.items():
        assert labels.get(name, family.labels) == family.labels, name


def test_a_change_is_timed_and_resources_are_counted(stack: Stack) -> None:
    wait_until(lambda: stack.plane.labels.get("gatehouse_propagation_seconds") == {"type"}, "an ACK of the edit")
    assert stack.plane.labels["gatehouse_gateway_certificate_expiry_timestamp_seconds"] == {"gateway"}


@pytest.mark.parametrize("family", OF_ENVOY.values(), ids=lambda family: family.name)
def test_envoy_exports_what_is_listed(stack: Stack, family: Any) -> None:
    wait_until(lambda: family.name in stack.data_plane.labels, family.name)
    types, labels = stack.data_plane
    assert types[family.name] == family.type
    assert family.labels <= labels[family.name]


class Prometheus:
    """A Prometheus on loopback."""

    def __init__(self, port: int) -> None:
        self._at = f"http://{LOOPBACK}:{port}"

    def ask(self, path: str, **parameters: str) -> Any:
        url = f"{self._at}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            found = json.load(answer)
        assert found["status"] == "success"
        return found["data"]

    def answer(self, expression: str) -> list[Any]:
        result: list[Any] = self.ask("query", query=expression)["result"]
        return result

    def answers(self, expression: str) -> bool:
        try:
            return bool(self.answer(expression))
        except OSError:
            return False


@pytest.fixture(scope="module")
def prometheus(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    targets = {
        "gatehouse": (stack.ports.metrics, "/metrics"),
        "envoys": (stack.envoy.admin_port, "/stats/prometheus"),
    }
    jobs = [
        {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [f"{LOOPBACK}:{port}"]}]}
        for job, (port, path) in targets.items()
    ]
    folder = tmp_path_factory.mktemp("prometheus")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yaml").write_text(json.dumps(config))
    with started(folder) as found:
        wait_until(lambda: found.answers("min(up) == 1 and count(up) == 2"), "both to be scraped")
        twice = "min(count_over_time(up[1m])) > 2 and on () sum(rate(envoy_http_downstream_rq_total[1m]))"
        wait_until(lambda: found.answers(twice), "rates")
        yield found


@contextmanager
def started(folder: Path) -> Iterator[Prometheus]:
    path, port = program("prometheus"), free_port()
    assert path is not None
    options = [
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--log.level=warn",
    ]
    process = subprocess.Popen([path, *options], stdin=subprocess.DEVNULL)
    try:
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(30)


@needs("prometheus")
@pytest.mark.parametrize("asked", [*of_dashboards(), *of_rules()], ids=lambda asked: asked.place)
def test_a_prometheus_answers(stack: Stack, prometheus: Prometheus, asked: Asked) -> None:
    """Every question of dashboards and rules, with something wherever all that it asks for is there."""
    result = prometheus.answer(asked.text)
    there = {*stack.plane.labels, *stack.data_plane.labels}
    if metrics(asked.text) <= there and not any(it in asked.text for it in RARE):
        assert result, asked.text


@needs("prometheus")
@pytest.mark.parametrize(("dashboard", "metric", "label"), tuple(variables()))
def test_selections_have_something_to_choose(prometheus: Prometheus, dashboard: str, metric: str, label: str) -> None:
    assert prometheus.ask(f"label/{label}/values", **{"match[]": metric}), dashboard


@needs("prometheus")
def test_a_prometheus_takes_the_rules_and_none_fires_that_should_not(prometheus: Prometheus) -> None:
    wait_until(
        lambda: all(rule["health"] == "ok" for group in prometheus.ask("rules")["groups"] for rule in group["rules"]),
        "the rules to be asked",
    )
    assert not [it for it in prometheus.ask("alerts")["alerts"] if it["state"] == "firing"]
