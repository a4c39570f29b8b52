"""`gatehouse serve` and Envoys that others start: killed and back on either side, nothing is lost or sent twice."""

import base64
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import yaml
from envoy.service.status.v3 import csds_pb2

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.client import Edge, requests
from tests.live.csds import fetch
from tests.live.documents import Document, gateway, http_route, https, listener, marks, rule, served, tls_secret
from tests.live.stack import PATIENCE, PROGRAM, Folder, Ports, bootstrap_of, echoes, serve

pytestmark = pytest.mark.live

SOON = 5.0
HOSTS = tuple(f"host-{number}.example.com" for number in range(20))


@pytest.fixture(scope="module")
def ports_of_echoes() -> Iterator[dict[str, int]]:
    with echoes("blue", "green") as ports:
        yield ports


@pytest.fixture
def edge() -> Edge:
    return Edge(LOOPBACK, free_port())


@pytest.fixture
def resources(folder: Folder, edge: Edge, ports_of_echoes: dict[str, int]) -> Folder:
    """The Gateway at the edge, 20 routes to the Service blue, and the Service green."""
    folder.write("gateway.yaml", gateway(listener(port=edge.port)))
    for name, port in ports_of_echoes.items():
        folder.write(f"{name}.yaml", *served(name, port))
    folder.write("routes.yaml", *(http_route(host.removesuffix(".example.com"), rule("blue")) for host in HOSTS))
    return folder


def updates(envoy: Envoy) -> dict[str, int]:
    """How many resources of each type this Envoy has taken in, and how many updates it refused."""
    stats = envoy.stats("(cluster_manager|listener_manager)")
    names = (
        "cluster_manager.cluster_added",
        "cluster_manager.cluster_modified",
        "cluster_manager.cluster_removed",
        "cluster_manager.cds.update_success",
        "cluster_manager.cds.update_rejected",
        "listener_manager.listener_added",
        "listener_manager.listener_create_success",
        "listener_manager.listener_modified",
        "listener_manager.listener_in_place_updated",
        "listener_manager.listener_removed",
        "listener_manager.lds.update_success",
        "listener_manager.lds.update_rejected",
    )
    return {name: stats.get(name, 0) for name in names}


def received(envoy: Envoy) -> dict[str, str]:
    """When each resource was last updated, by type and name, as Envoy dates it."""
    dates: dict[str, str] = {}
    for section in envoy.config_dump("?include_eds")["configs"]:
        for kind, entries in section.items():
            if kind.startswith("dynamic_") and isinstance(entries, list):
                for entry in entries:
                    state = entry.get("active_state", entry)
                    body = next((value for value in state.values() if isinstance(value, dict)), {})
                    name = body.get("name") or body.get("cluster_name") or entry.get("name", "")
                    dates[f"{kind} {name}"] = state.get("last_updated", "")
    return dates


def test_killed_and_started_again_it_changes_nothing_and_goes_on(
    resources: Folder, edge: Edge, ports_of_echoes: dict[str, int]
) -> None:
    """Envoys keep serving all along, get again only what changed meanwhile, and follow edits as before."""
    ports = Ports()
    with ExitStack() as stack:
        first = stack.enter_context(serve(resources, ports))
        envoy = stack.enter_context(running(bootstrap_of(ports)))
        first.wait_until(lambda: edge.status(HOSTS[-1]) == 200, "the first 200")
        before, dates = updates(envoy), received(envoy)
        with requests(edge, *HOSTS) as load:
            first.kill()
            wait_until(lambda: not connected(envoy), "the Envoy to notice")
            sent = load.count
            wait_until(lambda: load.count > sent + 200, "requests without a control plane")
            second = stack.enter_context(serve(resources, ports))
            second.wait_until(lambda: connected(envoy), "the Envoy to come back")
            resources.write("green-route.yaml", http_route("new", rule("green")))
            second.wait_until(lambda: edge.pod("new.example.com") == "green", "an edit after the restart", SOON)
            sent = load.count
            wait_until(lambda: load.count > sent + 200, "requests after the restart")
        assert load.failures == []
        one_cluster = ("cluster_manager.cluster_added", "cluster_manager.cds.update_success")
        assert updates(envoy) == {**before, **{name: before[name] + 1 for name in one_cluster}}
        unchanged = {name for name, date in received(envoy).items() if dates.get(name) == date}
        assert {name for name in dates if "shop/blue" in name or "listeners" in name} <= unchanged
        resources.remove("green-route.yaml")
        second.wait_until(lambda: edge.status("new.example.com") == 404, "a removal after the restart", SOON)
        assert edge.status(HOSTS[0]) == 200


def test_what_changed_while_it_was_away_takes_effect_when_it_is_back(resources: Folder, edge: Edge) -> None:
    ports = Ports()
    with ExitStack() as stack:
        first = stack.enter_context(serve(resources, ports))
        envoy = stack.enter_context(running(bootstrap_of(ports)))
        resources.write("more.yaml", http_route("gone", rule("green")), http_route("moved", rule("blue")))
        first.wait_until(lambda: edge.status("gone.example.com") == 200, "a route")
        with requests(edge, HOSTS[0], "moved.example.com") as load:
            first.kill()
            wait_until(lambda: not connected(envoy), "the Envoy to notice")
            resources.write("more.yaml", http_route("moved", rule("green")))
            second = stack.enter_context(serve(resources, ports))
            second.wait_until(lambda: edge.pod("moved.example.com") == "green", "the change", 20)
            second.wait_until(lambda: edge.status("gone.example.com") == 404, "the removal", 20)
        assert load.failures == []


def connected(envoy: Envoy) -> bool:
    return envoy.stats("control_plane.connected_state")["control_plane.connected_state"] == 1


def test_an_envoy_that_starts_anew_gets_everything(resources: Folder, edge: Edge) -> None:
    ports = Ports()
    with serve(resources, ports) as gatehouse:
        for _ in range(2):
            with running(bootstrap_of(ports)):
                gatehouse.wait_until(lambda: {edge.pod(host) for host in HOSTS} == {"blue"}, "all routes")
            wait_until(lambda: edge.status(HOSTS[0]) == 0, "the Envoy to end")


def test_an_envoy_that_waits_for_its_control_plane_serves_once_it_is_there(resources: Folder, edge: Edge) -> None:
    ports = Ports()
    with running(bootstrap_of(ports), wait=False) as envoy:
        assert not envoy.is_ready
        with serve(resources, ports) as gatehouse:
            gatehouse.wait_until(lambda: edge.status(HOSTS[0]) == 200, "the first 200")
            assert envoy.is_ready


def test_two_envoys_of_one_gateway_serve_the_same(resources: Folder, edge: Edge) -> None:
    """They share the port, as two processes of one machine may."""
    ports = Ports()
    with ExitStack() as stack:
        gatehouse = stack.enter_context(serve(resources, ports))
        envoys = [stack.enter_context(running(bootstrap_of(ports, node=node))) for node in ("edge-1", "edge-2")]
        for number in range(5):
            name = f"both-{number}"
            resources.write(f"{name}.yaml", http_route(name, rule("green")))

            def have_it(name: str = name) -> bool:
                return all(f"{name}.example.com" in dump(envoy) for envoy in envoys)

            gatehouse.wait_until(have_it, f"{name} in both", SOON)
            assert edge.pod(f"{name}.example.com") == "green"
        assert [versions(envoy) for envoy in envoys[:1]] == [versions(envoy) for envoy in envoys[1:]]


def dump(envoy: Envoy) -> str:
    return json.dumps(envoy.config_dump("?resource=dynamic_route_configs"))


def versions(envoy: Envoy) -> list[str]:
    configs = envoy.config_dump("?resource=dynamic_route_configs")["configs"]
    return sorted(config["version_info"] for config in configs)


def snapshot(ports: Ports, *options: str) -> list[dict[str, Any]]:
    """What `gatehouse snapshot` prints, per Envoy."""
    command = [PROGRAM, "snapshot", "--server", f"{LOOPBACK}:{ports.debug}", *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return list(yaml.safe_load_all(run.stdout))


def test_a_snapshot_shows_what_each_envoy_has_accepted_but_no_private_key(resources: Folder, edge: Edge) -> None:
    key, secure = ec_key(), free_port()
    resources.write("tls.yaml", tls_secret("tls", certificate(key), key_pem(key)))
    resources.write("gateway.yaml", gateway(listener(port=edge.port), https("secure", "tls", port=secure)))
    ports = Ports()
    with ExitStack() as stack:
        gatehouse = stack.enter_context(serve(resources, ports))
        for node in ("edge-1", "edge-2"):
            stack.enter_context(running(bootstrap_of(ports, node=node)))

        def all_synced() -> bool:
            configs = fetch(f"{LOOPBACK}:{ports.debug}").config
            states = [{it.config_status for it in config.generic_xds_configs} for config in configs]
            return states == [{csds_pb2.SYNCED}, {csds_pb2.SYNCED}]

        gatehouse.wait_until(all_synced, "both to have everything")
        whole = snapshot(ports, "--gateway", "shop/edge")
        assert {it["state"] for envoy in whole for it in envoy["resources"]} == {"SYNCED"}
        assert sorted(envoy["envoy"] for envoy in whole) == ["edge-1", "edge-2"]
        with pytest.raises(subprocess.CalledProcessError, match="exit status 1"):
            snapshot(ports, "--gateway", "shop/other")
        [one, _] = snapshot(ports, "--type", "secrets")
        assert [it["name"] for it in one["resources"]] == ["shop/tls"]
        assert "PRIVATE KEY" not in str(whole)
        assert base64.b64encode(key_pem(key)).decode() not in str(whole)


def metric(ports: Ports, name: str) -> float:
    """The value of a metric, summed over its labels."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{ports.metrics}/metrics", timeout=SOON) as response:
        lines = response.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


@contextmanager
def with_runtime(ports: Ports, **runtime: object) -> Iterator[Envoy]:
    """Run an Envoy whose runtime differs from the one that we configure."""
    config = bootstrap_of(ports)
    config["layered_runtime"]["layers"].append({"name": "test", "static_layer": runtime})
    with running(config) as envoy:
        yield envoy


def marked(name: str, mark: str, service: str = "blue", **more: Document) -> Document:
    return http_route(name, rule(service, filters=[marks(mark)], **more))


def test_a_virtual_host_that_envoy_refuses_keeps_its_last_version_and_harms_no_other(
    resources: Folder, edge: Edge
) -> None:
    """Forced by an Envoy that takes smaller regular expressions than we were told."""
    ports = Ports()
    large = {"matches": [{"path": {"type": "RegularExpression", "value": "/" + "a" * 200}}]}
    with (
        serve(resources, ports) as gatehouse,
        with_runtime(ports, re2={"max_program_size": {"error_level": 100}}),
        requests(edge, *HOSTS) as load,
    ):
        resources.write("tenant.yaml", marked("tenant", "good"))
        resources.write("neighbour.yaml", marked("neighbour", "0"))
        gatehouse.wait_until(lambda: edge.get("tenant.example.com").rule == "good", "the good route")
        gatehouse.wait_until(lambda: edge.get("neighbour.example.com").rule == "0", "its neighbour")
        load.hosts = ("neighbour.example.com", "tenant.example.com", *HOSTS)
        resources.write("tenant.yaml", http_route("tenant", rule("blue", filters=[marks("bad")], **large)))
        gatehouse.wait_until_said("nack", "tenant.example.com", "program size")
        for mark in ("1", "2", "3"):
            resources.write("neighbour.yaml", marked("neighbour", mark))
            gatehouse.wait_until(lambda mark=mark: edge.get("neighbour.example.com").rule == mark, mark, SOON)
        assert edge.get("tenant.example.com").rule == "good"
        assert metric(ports, "gatehouse_xds_nacks_total") >= 1
        resources.write("tenant.yaml", marked("tenant", "repaired"))
        gatehouse.wait_until(lambda: edge.get("tenant.example.com").rule == "repaired", "the repair", SOON)
    assert load.failures == []
