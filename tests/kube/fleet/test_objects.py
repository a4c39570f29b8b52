"""What is made for a Gateway, document by document: the folder's YAML files say it all."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import build, meta
from translator.api.parameters import EnvoyParameters
from translator.ir import ClusterAddress, Infrastructure
from translator.value import Key
from xds_server.kube.fleet.bootstrap import FILE
from xds_server.kube.fleet.names import BOOTSTRAP_ANNOTATION
from xds_server.kube.fleet.objects import objects
from xds_server.kube.fleet.settings import Settings

HERE = Path(__file__).parent
EDGE = Key("shop", "edge")
SETTINGS = Settings("gatehouse.dev/gateway-controller", "gatehouse.gatehouse-system.svc", 18000, "gatehouse:dev")
EVERYTHING: dict[str, Any] = {
    "replicas": 3,
    "image": "registry.example.com/envoy:v1.40.0",
    "imagePullPolicy": "Always",
    "resources": {"requests": {"cpu": 1}, "limits": {"memory": "1Gi"}},
    "concurrency": 2,
    "pod": {
        "labels": {"tier": "edge"},
        "annotations": {"sidecar.istio.io/inject": "false"},
        "affinity": {"nodeAffinity": {}},
        "nodeSelector": {"pool": "edge"},
        "tolerations": [{"operator": "Exists"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
    },
    "service": {
        "type": "LoadBalancer",
        "labels": {"team": "net"},
        "annotations": {"lb.example.com/internal": "true"},
        "loadBalancerClass": "example.com/lb",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalTrafficPolicy": "Local",
        "ipFamilyPolicy": "PreferDualStack",
    },
    "disruptionBudget": {"minAvailable": "50%"},
    "shutdown": {"minSeconds": 5, "maxSeconds": 300},
    "stats": {"prefixes": ["http.tcp/80."]},
    "logging": {"level": "info", "components": {"upstream": "debug", "http": "trace"}},
}


def infrastructure(parameters: dict[str, Any] | None = None, **fields: Any) -> Infrastructure:
    chosen = build(meta("big"), parameters or {}, EnvoyParameters).spec
    given = {"uid": "c0ffee", "class_name": "gatehouse", "ports": ((80, "TCP"), (443, "TCP")), **fields}
    return Infrastructure(**given, parameters=chosen)


def made(wanted: Infrastructure, settings: Settings = SETTINGS, gateway: Key = EDGE) -> dict[str, Any]:
    return {it["kind"]: it for it in objects(gateway, wanted, settings)}


def envoy(wanted: Infrastructure) -> dict[str, Any]:
    found = made(wanted)
    workload = found.get("Deployment") or found["DaemonSet"]
    container: dict[str, Any] = workload["spec"]["template"]["spec"]["containers"][0]
    return container


CASES = {
    "plain": infrastructure(),
    "everything": infrastructure(
        EVERYTHING, labels={"team": "shop"}, annotations={"note": "x"}, addresses=("172.31.254.240", "192.0.2.1")
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_made(name: str) -> None:
    """The bootstrap, which has tests of its own, is left out."""
    found = made(CASES[name])
    assert list(found["ConfigMap"].pop("data")) == [FILE]
    template = found["Deployment"]["spec"]["template"]
    assert len(template["metadata"]["annotations"].pop(BOOTSTRAP_ANNOTATION)) == 16
    assert found == {it["kind"]: it for it in yaml.safe_load_all((HERE / f"{name}.yaml").read_text())}


def test_changed_ports_leave_the_pods_alone() -> None:
    before, after = made(infrastructure()), made(infrastructure(ports=((80, "TCP"), (8443, "TCP"), (53, "UDP"))))
    assert {kind for kind in before if before[kind] != after[kind]} == {"Service"}
    assert [it["name"] for it in after["Service"]["spec"]["ports"]] == ["tcp-80", "tcp-8443", "udp-53"]


def test_another_bootstrap_starts_new_pods() -> None:
    before, after = made(infrastructure()), made(infrastructure({"stats": {"prefixes": ["x"]}}))
    assert {kind for kind in before if before[kind] != after[kind]} == {"ConfigMap", "Deployment"}


def test_a_rotated_ca_starts_no_new_pods() -> None:
    before, after = (
        made(infrastructure(), Settings("gatehouse.dev/c", "gatehouse", 18000, "gatehouse:dev", ca=ca))
        for ca in ("one", "two")
    )
    assert {kind for kind in before if before[kind] != after[kind]} == {"ConfigMap"}


def test_a_daemon_set_runs_on_every_node() -> None:
    found = made(infrastructure({"workload": "DaemonSet"}))
    assert list(found) == ["ServiceAccount", "ConfigMap", "Service", "DaemonSet"]
    assert found["DaemonSet"]["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_an_autoscaler_has_the_replicas_to_itself() -> None:
    """A class may ask for replicas and a Gateway for autoscaling: both come together then."""
    found = made(infrastructure({"replicas": 2, "autoscaling": {"minReplicas": 2, "maxReplicas": 5}}))
    assert "replicas" not in found["Deployment"]["spec"]
    assert found["HorizontalPodAutoscaler"]["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge-gatehouse"},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "cpu",
                    "container": "envoy",
                    "target": {"type": "Utilization", "averageUtilization": 80},
                },
            }
        ],
    }


def test_an_address_is_the_cluster_ip_of_a_service_without_load_balancer() -> None:
    found = made(infrastructure({"service": {"type": "ClusterIP"}}, addresses=("10.96.0.9",)))
    assert found["Service"]["spec"]["clusterIP"] == "10.96.0.9"
    assert "loadBalancerIP" not in found["Service"]["spec"]


def test_a_gateway_within_the_cluster_has_no_load_balancer_whatever_was_chosen() -> None:
    alone = ClusterAddress("10.96.0.9", alone=True)
    found = made(infrastructure({"service": {"type": "LoadBalancer"}}, cluster_address=alone))
    assert found["Service"]["spec"]["type"] == "ClusterIP"
    assert found["Service"]["spec"]["clusterIP"] == "10.96.0.9"


def test_a_load_balancer_has_the_cluster_ip_that_is_asked_for_beside_it() -> None:
    found = made(infrastructure({}, addresses=("203.0.113.10",), cluster_address=ClusterAddress("10.96.0.9")))
    spec = found["Service"]["spec"]
    assert (spec["type"], spec["loadBalancerIP"], spec["clusterIP"]) == ("LoadBalancer", "203.0.113.10", "10.96.0.9")


def test_labels_of_ours_cannot_be_taken_away() -> None:
    """Infrastructure and parameters may label, but not so that an object is not found again."""
    stolen = {"app.kubernetes.io/managed-by": "me", "gateway.networking.k8s.io/gateway-name": "other"}
    found = made(infrastructure({"pod": {"labels": stolen}, "service": {"labels": stolen}}, labels=stolen))
    for document in found.values():
        assert stolen.items().isdisjoint(document["metadata"]["labels"].items())
    template = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"].items() <= template.items()


def test_a_token_and_a_ca_are_mounted_where_they_are_asked_for() -> None:
    settings = Settings("gatehouse.dev/c", "gatehouse", 18000, "gatehouse:dev", ca="PEM", audience="gatehouse.dev")
    found = made(infrastructure(), settings)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert found["ConfigMap"]["data"]["ca.crt"] == "PEM"
    assert {"name": "token", "mountPath": "/var/run/secrets/gatehouse.dev", "readOnly": True} in (
        pod["containers"][0]["volumeMounts"]
    )
    assert pod["volumes"][-1]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "gatehouse.dev"
    assert pod["automountServiceAccountToken"] is False


def test_names_of_every_length_fit() -> None:
    found = made(infrastructure(), gateway=Key("shop", "g" * 253))
    for document in found.values():
        assert len(document["metadata"]["name"]) == 63
        assert all(len(it) <= 63 for it in document["metadata"]["labels"].values())
        assert document["metadata"]["annotations"]["gatehouse.dev/gateway-name"] == "g" * 253


def test_requests_follow_limits_where_only_those_are_given() -> None:
    found = envoy(infrastructure({"resources": {"limits": {"memory": "32Mi"}}}))
    assert found["resources"] == {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
