"""What a name that no server answers for costs, with the bootstrap that we give: measured, for Envoy does not say."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.envoy.running import LOOPBACK, Envoy, running, wait_until
from tests.envoy.static import bootstrap as static_bootstrap
from tests.xds.world import EVERYTHING, World, http, to, when
from translator.value import Key
from xds_server import bootstrap

pytestmark = pytest.mark.envoy

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def warming(envoy: Envoy) -> int:
    """Clusters that Envoy waits for; while there is one it acknowledges none."""
    return envoy.stats(r"^cluster_manager.warming_clusters$")["cluster_manager.warming_clusters"]


def publish(file: Path, *clusters: dict[str, Any]) -> None:
    new = file.with_suffix(".new")
    resources = [{"@type": CLUSTER, **cluster} for cluster in clusters]
    new.write_text(json.dumps({"version_info": str(len(clusters)), "resources": resources}))
    new.rename(file)


def test_a_name_that_nobody_answers_for_is_given_up_within_seconds(tmp_path: Path) -> None:
    world = World(http()).service("dead", dns=(("dead.example.com", 80),)).route("dead", when(EVERYTHING, to("dead")))
    (dead,) = static_bootstrap(world.commit().resources(), [])["static_resources"]["clusters"]
    file = tmp_path / "clusters.json"
    publish(file)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        config = yaml.safe_load(bootstrap.render(Key("infra", "edge"), node="a", xds_host=LOOPBACK, xds_port=1))
        config["dynamic_resources"] = {"cds_config": {"path_config_source": {"path": str(file)}}}
        resolver = {"socket_address": {"address": LOOPBACK, "port_value": silent.getsockname()[1]}}
        config["typed_dns_resolver_config"]["typed_config"]["resolvers"] = [resolver]
        with running(config) as envoy:
            publish(file, dead)
            wait_until(lambda: warming(envoy) == 1, "the cluster to warm")
            began = time.monotonic()
            wait_until(lambda: warming(envoy) == 0, "the name to be given up")
            assert 1 < time.monotonic() - began < 10
