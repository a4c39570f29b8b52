"""The bootstrap that Envoys are started with, judged by a real one."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.envoy.running import free_port, running, validate, wait_until
from tests.live.client import Edge
from translator.attach import regexes
from translator.value import Key
from xds_server import bootstrap

ROOT = Path(__file__).parents[2]
EDGE = Key("infra", "edge")
EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"


def rendered(**more: Any) -> dict[str, Any]:
    text = bootstrap.render(EDGE, node="edge-1", xds_host="127.0.0.1", xds_port=18000, **more)
    config: dict[str, Any] = yaml.safe_load(text)
    return config


def test_the_package_carries_the_template_of_the_envoy_folder() -> None:
    assert bootstrap.template().template == (ROOT / "envoy/bootstrap.yaml").read_text()


def test_the_readme_explains_everything_that_is_filled_in() -> None:
    names = set(re.findall(r"\$\{(\w+)\}", bootstrap.template().template))
    readme = (ROOT / "envoy/README.md").read_text()
    assert names == set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+|GATEWAY)=", readme))


def test_the_node_names_the_envoy_and_its_gateway() -> None:
    assert rendered()["node"] == {"id": "edge-1", "cluster": "infra/edge"}


def test_the_admin_interface_is_on_loopback_or_a_socket() -> None:
    assert rendered(admin_port=9901)["admin"]["address"] == {
        "socket_address": {"address": "127.0.0.1", "port_value": 9901}
    }
    assert rendered(admin_socket="/run/envoy.sock")["admin"]["address"] == {"pipe": {"path": "/run/envoy.sock"}}


@pytest.mark.envoy
def test_envoy_takes_it() -> None:
    validate(rendered())
    validate(rendered(admin_socket="/tmp/envoy-admin.sock"))


@pytest.mark.envoy
def test_an_envoy_without_its_control_plane_answers_but_is_not_ready() -> None:
    with running(rendered(), wait=False) as envoy:
        assert not envoy.is_ready
        assert envoy.stats("cluster_manager.cluster_added") == {"cluster_manager.cluster_added": 1}
        assert envoy.stats(r"cluster\.gatehouse\.circuit_breakers") == {}


def with_route_regex(pattern: str) -> dict[str, Any]:
    config = rendered()
    route = {"match": {"safe_regex": {"regex": pattern}}, "direct_response": {"status": 200}}
    manager = {
        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{EXTENSIONS}.http.router.v3.Router"},
            }
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    config["static_resources"]["listeners"] = [{"name": "http", "address": address, "filter_chains": [chain]}]
    return config


@pytest.mark.envoy
def test_envoy_refuses_exactly_the_regexes_that_the_translator_refuses() -> None:
    """Both compile with RE2 and have the same limit of program size."""
    size = regexes.MAX_PROGRAM_SIZE
    largest = next("a" * length for length in range(size, 0, -1) if regexes.fault("a" * length) is None)
    validate(with_route_regex(largest))
    assert regexes.fault(largest + "a") is not None
    with pytest.raises(AssertionError, match="program size"):
        validate(with_route_regex(largest + "a"))


@pytest.mark.envoy
def test_a_cluster_counts_each_thing_once_and_from_its_first_request_on() -> None:
    """Two gauges before it, and no series for requests from within or without."""
    port, nowhere = free_port(), free_port()
    config = rendered()
    config["static_resources"]["clusters"] += [static_cluster("shop/cart/8080", nowhere)]
    config["static_resources"]["listeners"] = [static_listener(port, "shop/cart/8080")]
    del config["dynamic_resources"]
    with running(config) as envoy:
        before = envoy.stats(r"^cluster\.shop")
        assert {name.rpartition(".")[2] for name in before} == {"membership_healthy", "membership_total"}
        assert Edge("127.0.0.1", port).status("cart.example.com") == 503
        wait_until(lambda: len(envoy.stats(r"^cluster\.shop")) > len(before), "the series of the cluster")
        after = {name.removeprefix("cluster.shop/cart/8080.") for name in envoy.stats(r"^cluster\.shop")}
        assert "upstream_rq_5xx" in after
        assert not any("." in name for name in after)


def static_cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": endpoints}}


def static_listener(port: int, cluster: str) -> dict[str, Any]:
    router = {"name": "router", "typed_config": {"@type": f"{EXTENSIONS}.http.router.v3.Router"}}
    host = {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": cluster}}]}
    manager = {
        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http/80/0",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [router],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chains = [{"filters": [{"name": "http", "typed_config": manager}]}]
    return {"name": "tcp/80", "address": address, "filter_chains": chains}
