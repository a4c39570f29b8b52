"""What is known of the fleet, and what follows from it."""

import json
from typing import Any

import msgspec
import pytest

from translator.ir import Held, Infrastructure, Placement, Refusal
from translator.value import Key, Ref
from xds_server.kube.errors import ApiError
from xds_server.kube.fleet.ledger import Ledger, refusal_of
from xds_server.kube.fleet.observed import Observed

EDGE = Key("shop", "edge")
SERVICE = Ref("Service", "shop", "edge-gatehouse")
DEPLOYMENT = Ref("Deployment", "shop", "edge-gatehouse")
RESERVED = (19001, 19002)
WANTED = Infrastructure(uid="1", class_name="gatehouse", ports=((80, "TCP"),))


def observed(
    version: int = 1, ours: str = "{}", name: str = "edge-gatehouse", uid: str = "u", gateway: str = "edge", **body: Any
) -> Observed:
    fields = {"manager": "gatehouse", "operation": "Apply", "fieldsV1": json.loads(ours)}
    others = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}}
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": uid,
        "resourceVersion": str(version),
        "annotations": {"gatehouse.dev/gateway-name": gateway},
        "managedFields": [others, fields],
    }
    return msgspec.json.decode(json.dumps({"metadata": metadata, **body}), type=Observed)


def load_balancer(*ingress: dict[str, str]) -> Observed:
    return observed(spec={"type": "LoadBalancer"}, status={"loadBalancer": {"ingress": list(ingress)}})


def seen(*objects: tuple[Ref, Observed]) -> Ledger:
    ledger = Ledger()
    for ref, found in objects:
        ledger.saw(ref, found)
    return ledger


def test_what_was_applied_stands_until_it_should_be_otherwise() -> None:
    ledger = Ledger()
    ledger.applied(SERVICE, {"a": 1}, observed())
    assert ledger.stands(SERVICE, {"a": 1})
    assert not ledger.stands(SERVICE, {"a": 2})


def test_what_others_change_beside_our_fields_is_no_drift() -> None:
    ledger = Ledger()
    ledger.applied(SERVICE, {}, observed(1, '{"f:a": {}}'))
    ledger.saw(SERVICE, observed(2, '{"f:a": {}}', spec={"type": "ClusterIP"}))
    assert not ledger.drifted(SERVICE)


def test_a_field_that_somebody_has_taken_is_drift() -> None:
    ledger = Ledger()
    ledger.applied(SERVICE, {}, observed(1, '{"f:a": {}, "f:b": {}}'))
    ledger.saw(SERVICE, observed(2, '{"f:a": {}}'))
    assert ledger.drifted(SERVICE)
    assert not ledger.stands(SERVICE, {})


def test_an_object_that_is_gone_is_drift_and_does_not_stand() -> None:
    ledger = Ledger()
    ledger.applied(SERVICE, {}, observed())
    assert ledger.saw(SERVICE, None) == EDGE
    assert ledger.drifted(SERVICE)
    assert not ledger.stands(SERVICE, {})


def test_a_watch_that_lags_behind_is_no_news() -> None:
    """The answer to our own apply is newer than what the watch still has to tell."""
    ledger = Ledger()
    ledger.applied(SERVICE, {}, observed(7, '{"f:a": {}}'))
    assert ledger.saw(SERVICE, observed(6)) is None
    assert ledger.stands(SERVICE, {})


def test_an_object_made_anew_is_news_whatever_its_version() -> None:
    ledger = seen((SERVICE, observed(7)))
    assert ledger.saw(SERVICE, observed(6, uid="another")) == EDGE


def test_who_does_not_lead_any_more_trusts_nothing() -> None:
    ledger = Ledger()
    ledger.applied(SERVICE, {}, observed())
    ledger.forget()
    assert not ledger.stands(SERVICE, {})


def test_what_is_not_wanted_any_more_is_found() -> None:
    other = observed(name="old", gateway="other")
    found = observed(name="old")
    old = Ref("DaemonSet", "shop", "old")
    ledger = seen((SERVICE, observed()), (old, found), (Ref("Service", "shop", "old"), other))
    assert ledger.unwanted(EDGE, [SERVICE]) == [(old, found)]


@pytest.mark.parametrize(
    ("service", "addresses"),
    [
        (load_balancer(), ()),
        (load_balancer({"ip": "172.31.254.10"}), (("IPAddress", "172.31.254.10"),)),
        (load_balancer({"hostname": "lb.example.com"}), (("Hostname", "lb.example.com"),)),
        (
            observed(spec={"type": "ClusterIP", "clusterIPs": ["10.96.0.9", "fd00::9"]}),
            (("IPAddress", "10.96.0.9"), ("IPAddress", "fd00::9")),
        ),
        (observed(spec={"type": "NodePort", "clusterIPs": ["10.96.0.9"]}), (("IPAddress", "10.96.0.9"),)),
    ],
)
def test_a_gateway_is_where_its_service_is(service: Observed, addresses: tuple[tuple[str, str], ...]) -> None:
    ledger = seen((SERVICE, service))
    cluster = service.spec.cluster_ips
    assert ledger.placement(EDGE, WANTED, None) == Placement(addresses=addresses, cluster=cluster, reserved=RESERVED)


def test_the_service_of_the_class_before_is_not_where_a_gateway_is() -> None:
    old = observed(name="edge-old", spec={"type": "ClusterIP", "clusterIPs": ["10.96.0.9"]})
    ledger = seen((Ref("Service", "shop", "edge-old"), old))
    assert ledger.placement(EDGE, WANTED, None).addresses == ()


def test_a_gateway_that_is_held_stays_where_it_is() -> None:
    ledger = seen((SERVICE, load_balancer({"ip": "172.31.254.10"})))
    assert ledger.placement(EDGE, Held("gatehouse"), None).addresses == (("IPAddress", "172.31.254.10"),)


def test_pods_that_cannot_be_made_are_told() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    ledger = seen((DEPLOYMENT, observed(status={"conditions": [failure]})))
    assert ledger.placement(EDGE, WANTED, None).refusal == Refusal(
        "NoResources", "pods of Deployment shop/edge-gatehouse cannot be made: exceeded quota"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ApiError(422, "Invalid", "spec.affinity"), "Invalid"),
        (ApiError(409, "AlreadyExists", "not the Gateway's"), "Invalid"),
        (ApiError(403, "Forbidden", "exceeded quota: services"), "NoResources"),
        (ApiError(403, "Forbidden", "cannot patch deployments"), "Pending"),
    ],
)
def test_why_something_cannot_be_applied_is_told(error: ApiError, reason: str) -> None:
    assert refusal_of({SERVICE: error}) == Refusal(
        reason, f"Service shop/edge-gatehouse cannot be applied: {error.message}"
    )


def test_nothing_is_told_where_everything_was_applied() -> None:
    assert refusal_of({}) is None


@pytest.mark.parametrize(
    ("families", "ipv6", "bind"),
    [
        (["IPv4"], False, "0.0.0.0"),
        (["IPv4", "IPv6"], False, "::"),
        (["IPv6"], False, "::"),
        (["IPv4"], True, "::"),
    ],
)
def test_envoys_listen_at_addresses_of_both_families_where_they_are_reached_by_ipv6(
    families: list[str], ipv6: bool, bind: str
) -> None:
    ledger = seen((SERVICE, observed(spec={"type": "LoadBalancer", "ipFamilies": families})))
    assert ledger.placement(EDGE, WANTED, None, ipv6).bind == bind
