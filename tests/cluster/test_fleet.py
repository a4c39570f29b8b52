"""The Envoys of Gateways in a real cluster: made, kept as they should be, rolled out under load, and gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cluster.commands import kubectl
from tests.cluster.fleet import QUICK, Cluster, fleet
from tests.cluster.namespace import MADE, until
from tests.cluster.traffic import load, outcomes

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

USABLE, UNUSABLE = "172.31.254.241", "192.0.2.1"
"""What the cluster's load balancer can give, and what nobody can."""
PATIENT = {"shutdown": {"minSeconds": 5, "maxSeconds": 20}}
"""As long as the cluster takes to turn away from a pod."""
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with fleet() as cluster:
        yield cluster


def uids(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


async def test_a_gateway_answers_at_its_address_on_its_own_port(cluster: Cluster) -> None:
    await cluster.gateway(infrastructure={"labels": {"key2": "value2"}, "annotations": {"key1": "value1"}})
    await cluster.serves()
    assert await cluster.is_ready()
    for kind in (*MADE[:-1], "Pod"):
        for found in await cluster.made(kind, "edge"):
            assert found["metadata"]["labels"]["key2"] == "value2"
            assert found["metadata"]["annotations"]["key1"] == "value1"
    (pod,) = await cluster.pods()
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_changed_ports_restart_no_pods(cluster: Cluster) -> None:
    await cluster.gateway("ports")
    await cluster.serves("ports")
    before = uids(await cluster.pods("ports"))
    await cluster.gateway("ports", 80, 8443)
    await cluster.serves("ports", 8443)
    assert uids(await cluster.pods("ports")) == before


async def test_what_a_user_adds_survives_and_what_a_user_takes_comes_back(cluster: Cluster) -> None:
    await cluster.gateway("kept")
    await cluster.serves("kept")
    name = f"kept-{cluster.home}"
    added = {"metadata": {"annotations": {"mine": "yes"}}, "spec": {"minReadySeconds": 1, "replicas": 2}}
    await cluster.client.patch(cluster.path("Deployment", name), added, MERGE)
    taken = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}}
    await cluster.client.patch(cluster.path("Deployment", name), taken, MERGE)

    async def grace() -> bool:
        found = await cluster.get("Deployment", name)
        assert found is not None
        return bool(found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 25)

    await until(grace, "our field to come back")
    await cluster.parameters("kept", {**QUICK, "logging": {"level": "info"}})

    async def applied() -> bool:
        found = await cluster.get("Deployment", name)
        return '"--log-level", "info"' in json.dumps(found)

    await until(applied, "the new log level")
    found = await cluster.get("Deployment", name)
    assert found is not None
    assert found["metadata"]["annotations"]["mine"] == "yes"
    assert (found["spec"]["minReadySeconds"], found["spec"]["replicas"]) == (1, 2)


async def test_what_is_deleted_comes_back(cluster: Cluster) -> None:
    await cluster.gateway("back")
    await cluster.serves("back")
    service = await cluster.get("Service", f"back-{cluster.home}")
    assert service is not None
    await cluster.client.delete(cluster.path("Service", f"back-{cluster.home}"))

    async def another() -> bool:
        found = await cluster.get("Service", f"back-{cluster.home}")
        return found is not None and found["metadata"]["uid"] != service["metadata"]["uid"]

    await until(another, "another Service")
    await cluster.serves("back")


async def test_nothing_is_applied_again_that_stands(cluster: Cluster) -> None:
    """A new leader asks for everything once, and what stands stays as it is."""
    await cluster.gateway("calm")
    await cluster.serves("calm")
    name = f"calm-{cluster.home}"

    async def versions() -> dict[str, str]:
        found = {kind: await cluster.get(kind, name) for kind in ("ConfigMap", "ServiceAccount", "Service")}
        return {kind: it["metadata"]["resourceVersion"] for kind, it in found.items() if it is not None}

    before = await versions()
    await cluster.restart()
    await cluster.gateway("after-restart")
    await cluster.serves("after-restart")
    assert await versions() == before


async def test_a_daemon_set_takes_the_place_of_a_deployment(cluster: Cluster) -> None:
    await cluster.gateway("turn", parameters={"disruptionBudget": {"maxUnavailable": 1}})
    await cluster.serves("turn")
    assert len(await cluster.made("PodDisruptionBudget", "turn")) == 1
    await cluster.parameters("turn", {**QUICK, "workload": "DaemonSet"})

    async def turned() -> bool:
        counts = [len(await cluster.made(it, "turn")) for it in ("DaemonSet", "Deployment", "PodDisruptionBudget")]
        return counts == [1, 0, 0]

    await until(turned, "a DaemonSet instead of a Deployment")
    await cluster.serves("turn")


async def test_an_autoscaler_takes_over_the_replicas_there_are(cluster: Cluster) -> None:
    """They never fall back to one."""
    await cluster.gateway("scaled", parameters={"replicas": 2})
    await cluster.serves("scaled")
    name = f"scaled-{cluster.home}"
    await cluster.parameters("scaled", {**QUICK, "autoscaling": {"minReplicas": 2, "maxReplicas": 3}})

    async def scaled() -> Any:
        return await cluster.get("HorizontalPodAutoscaler", name)

    await until(scaled, "an autoscaler")
    found = await cluster.get("Deployment", name)
    assert found is not None
    assert found["spec"]["replicas"] == 2
    await cluster.client.patch(cluster.path("Deployment", name), {"spec": {"replicas": 3}}, MERGE)
    await cluster.parameters("scaled", {**QUICK, "autoscaling": {"minReplicas": 3, "maxReplicas": 4}})
    found = await cluster.get("Deployment", name)
    assert found is not None
    assert found["spec"]["replicas"] == 3


async def test_an_address_that_can_be_had_is_had(cluster: Cluster) -> None:
    await cluster.gateway("fixed", addresses=[{"value": UNUSABLE}, {"value": USABLE}])

    async def told() -> bool:
        return cluster.condition("Programmed", "fixed")[1] == "AddressNotUsable"

    await until(told, "the Gateway to be told")
    assert cluster.condition("Accepted", "fixed")[0] is True
    await cluster.gateway("fixed", addresses=[{"value": USABLE}])
    assert await cluster.serves("fixed") == USABLE
    status = cluster.status("fixed")
    assert status is not None
    assert status.addresses == (("IPAddress", USABLE),)


async def test_a_service_without_load_balancer_gives_its_cluster_ip(cluster: Cluster) -> None:
    await cluster.gateway("inner", parameters={"service": {"type": "ClusterIP"}})
    address = await cluster.serves("inner")
    service = await cluster.get("Service", f"inner-{cluster.home}")
    assert service is not None
    assert address == service["spec"]["clusterIP"]


async def test_what_cannot_be_applied_is_told_to_the_gateway_until_it_can(cluster: Cluster) -> None:
    wrong = {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    }
    await cluster.gateway("wrong", parameters={"pod": wrong})

    async def told() -> bool:
        status, reason, message = cluster.condition("Programmed", "wrong")
        return (status, reason) == (False, "Invalid") and "nodeSelectorTerms" in message

    await until(told, "the Gateway to be told")
    await cluster.parameters("wrong", QUICK)
    await cluster.serves("wrong")
    assert cluster.condition("Programmed", "wrong")[0] is True


async def test_what_somebody_else_has_made_is_not_taken_over(cluster: Cluster) -> None:
    name = f"mine-{cluster.home}"
    await cluster.apply("Service", name, {"ports": [{"port": 1234}]})
    await cluster.gateway("mine")

    async def told() -> bool:
        return "exists, and is not the Gateway's" in cluster.condition("Programmed", "mine")[2]

    await until(told, "the Gateway to be told")
    found = await cluster.get("Service", name)
    assert found is not None
    assert [it["port"] for it in found["spec"]["ports"]] == [1234]
    await cluster.client.delete(cluster.path("Service", name))
    await cluster.serves("mine")


async def test_pods_that_a_quota_forbids_are_told_to_the_gateway(cluster: Cluster) -> None:
    await cluster.apply("ResourceQuota", "none", {"hard": {"requests.cpu": "1m"}})
    try:
        await cluster.gateway("poor")

        async def told() -> bool:
            return cluster.condition("Programmed", "poor")[1] == "NoResources"

        await until(told, "the Gateway to be told")
        assert "exceeded quota" in cluster.condition("Programmed", "poor")[2]
    finally:
        await cluster.client.delete(cluster.path("ResourceQuota", "none"))


async def test_the_longest_name_will_do(cluster: Cluster) -> None:
    name = ".".join(("g" * 63, "g" * 63, "g" * 63, "g" * 61))
    assert len(name) == 253
    await cluster.gateway(name)
    await cluster.serves(name)
    for kind in ("Service", "Deployment", "ServiceAccount", "ConfigMap", "Pod"):
        (found,) = await cluster.made(kind, name)
        assert found["metadata"]["annotations"]["gatehouse.dev/gateway-name"] == name


async def test_a_rollout_loses_no_request(cluster: Cluster) -> None:
    await cluster.gateway("busy", parameters=PATIENT)
    address = await cluster.serves("busy")
    await until(lambda: cluster.is_ready("busy"), "the pods to be ready")
    before = uids(await cluster.pods("busy"))
    async with load(address) as answers:
        for level in ("info", "error"):
            await cluster.parameters("busy", {**PATIENT, "logging": {"level": level}})

            async def replaced(level: str = level) -> bool:
                pods = await cluster.made("Pod", "busy")
                fresh = all(level in pod["spec"]["containers"][0]["args"] for pod in pods)
                return fresh and await cluster.is_ready("busy")

            await until(replaced, "other pods")
    assert not uids(await cluster.pods("busy")) & before
    assert len(answers) > 100
    assert set(outcomes(answers)) == {302}


async def test_an_envoy_that_ends_by_itself_comes_back_in_its_pod(cluster: Cluster) -> None:
    """Beside the admin socket that the one before has left."""
    await cluster.gateway("again")
    address = await cluster.serves("again")
    (pod,) = await cluster.pods("again")
    ask = "from xds_server.shutdown.admin import ask; ask('/run/envoy/admin.sock', 'POST', '/quitquitquit')"
    pod_name = pod["metadata"]["name"]
    await asyncio.to_thread(
        kubectl, "exec", "--namespace", cluster.home, pod_name, "--container=shutdown", "--", "python3", "-c", ask
    )

    async def started() -> bool:
        (pod,) = await cluster.pods("again")
        return sum(it["restartCount"] for it in pod["status"]["containerStatuses"]) == 1

    await until(started, "another Envoy")
    assert await cluster.serves("again") == address


async def test_with_its_gateway_everything_goes(cluster: Cluster) -> None:
    await cluster.gateway("short")
    await cluster.serves("short")
    await cluster.client.delete(cluster.path("Gateway", "short"))
    await until(lambda: cluster.is_gone("short"), "everything to go")


async def test_a_gateway_that_goes_over_to_another_class_leaves_nothing_behind(cluster: Cluster) -> None:
    await cluster.gateway("moved")
    await cluster.serves("moved")
    await cluster.apply(
        "Gateway",
        "moved",
        {"gatewayClassName": "nobodys", "listeners": [{"name": "http-80", "port": 80, "protocol": "HTTP"}]},
    )
    await until(lambda: cluster.is_gone("moved"), "everything to go")
