"""What the chart lets the control plane do: what it needs, and no more, asked as its ServiceAccount."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.access import GROUPS, READ, WRITE, Right, granted, rights
from tests.cluster.commands import kubectl, rendered, until

pytestmark = pytest.mark.cluster

HOME = "gatehouse-test-rbac"
WATCHED = "gatehouse-test-rbac-watched"
ACCOUNT = f"system:serviceaccount:{HOME}:gatehouse"
ROUTES = ("httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes")
EXPERIMENTAL = ("xbackends", "xbackendtrafficpolicies", "xtelemetrypolicies")
STATUSES = ("gateways", "listenersets", "backendtlspolicies", *EXPERIMENTAL, *ROUTES)
ASKED = rights(READ | WRITE, *GROUPS, *(f"{kind}/status" for kind in ("gatewayclasses", "namespaces", *STATUSES)))

OF_A_NAMESPACE = (
    rights(READ, "gateways", "listenersets", *ROUTES, "referencegrants", "backendtlspolicies", "envoyparameters")
    | rights(READ, "services", "secrets", "configmaps", "endpointslices", "serviceimports", *EXPERIMENTAL)
    | rights(frozenset({"patch"}), *(f"{kind}/status" for kind in STATUSES))
    | rights(READ | {"create", "patch", "delete"}, "deployments", "daemonsets", "services", "serviceaccounts")
    | rights(READ | {"create", "patch", "delete"}, "configmaps", "horizontalpodautoscalers", "poddisruptionbudgets")
    | rights(frozenset({"create", "patch"}), "events")
)
CLUSTER_WIDE = ("gatewayclasses", "namespaces", "customresourcedefinitions", "clustertrustbundles")
OF_THE_CLUSTER = rights(READ, *CLUSTER_WIDE) | {
    Right("patch", "gatewayclasses/status"),
    Right("create", "tokenreviews"),
}
OF_ITS_OWN_NAMESPACE = rights(READ | {"create", "update", "patch", "delete"}, "leases") | rights(
    READ | {"create", "update", "patch"}, "secrets"
)


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> Iterator[None]:
    for name in (HOME, WATCHED):
        kubectl("create", "namespace", name)
    yield
    kubectl("delete", "namespace", HOME, WATCHED, "--wait=false")


@contextmanager
def installed(*options: str) -> Iterator[None]:
    """The chart's roles and bindings for as long as the block lasts."""
    roles = rendered("--show-only=templates/rbac.yaml", *options, namespace=HOME)
    kubectl("apply", "--server-side", "--filename=-", given=roles)
    try:
        until(lambda: granted(ACCOUNT, {Right("get", "leases")}, HOME), "the roles take effect")
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "--filename=-", given=roles)
        until(lambda: not granted(ACCOUNT, {Right("get", "leases"), Right("get", "gatewayclasses")}, HOME), "all gone")


def test_it_may_do_what_it_needs_in_every_namespace_and_no_more() -> None:
    with installed():
        until(lambda: granted(ACCOUNT, {Right("get", "gateways")}), "the roles take effect")
        assert granted(ACCOUNT, ASKED, "default") == OF_A_NAMESPACE | OF_THE_CLUSTER
        assert granted(ACCOUNT, ASKED, HOME) == OF_A_NAMESPACE | OF_THE_CLUSTER | OF_ITS_OWN_NAMESPACE


def test_where_it_watches_some_namespaces_it_may_do_nothing_in_others() -> None:
    with installed(f"--set=watchNamespaces={{{WATCHED}}}"):
        until(lambda: granted(ACCOUNT, {Right("get", "gateways")}, WATCHED), "the roles take effect")
        assert granted(ACCOUNT, ASKED, WATCHED) == OF_A_NAMESPACE | OF_THE_CLUSTER
        assert granted(ACCOUNT, ASKED, "default") == OF_THE_CLUSTER
        assert granted(ACCOUNT, ASKED, HOME) == OF_THE_CLUSTER | OF_ITS_OWN_NAMESPACE
