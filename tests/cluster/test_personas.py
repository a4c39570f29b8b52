"""The personas of the Gateway API, and a security team: who may write what, asked as somebody who has the role."""

from collections.abc import Iterator

import pytest

from tests.cluster.access import GROUPS, READ, WRITE, granted, rights
from tests.cluster.commands import as_list, kubectl, rendered, until

pytestmark = pytest.mark.cluster

RELEASE = "gatehouse-test-personas"
ROUTES = {"httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"}
GATEWAYS = {"gateways", "listenersets", "envoyparameters", "xtelemetrypolicies"}
BACKENDS = {"xbackends", "xbackendtrafficpolicies"}
ALL = {"gatewayclasses", "referencegrants", "backendtlspolicies"} | GATEWAYS | ROUTES | BACKENDS
WRITES: dict[str, set[str]] = {
    "infrastructure-provider": {"gatewayclasses"} | GATEWAYS | ROUTES | BACKENDS,
    "cluster-operator": GATEWAYS | ROUTES | BACKENDS,
    "application-developer": ROUTES | BACKENDS | {"backendtlspolicies"},
    "security-team": {"referencegrants", "backendtlspolicies"},
    "gateway-api-reader": set(),
}
"""The matrix: what is not in it is refused."""


@pytest.fixture(scope="module", autouse=True)
def bound() -> Iterator[None]:
    """The roles, each bound in the whole cluster to a user of its own."""
    roles = rendered("--show-only", "templates/personas.yaml", release=RELEASE)
    api_group = "rbac.authorization.k8s.io"
    bindings = as_list(
        {
            "apiVersion": f"{api_group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{RELEASE}-{persona}"},
            "roleRef": {"apiGroup": api_group, "kind": "ClusterRole", "name": f"{RELEASE}-{persona}"},
            "subjects": [{"apiGroup": api_group, "kind": "User", "name": user(persona)}],
        }
        for persona in WRITES
    )
    kubectl("apply", "--server-side", "--filename=-", given=roles)
    kubectl("apply", "--server-side", "--filename=-", given=bindings)
    for persona in WRITES:
        until(lambda person=user(persona): granted(person, rights(READ, "gateways")), f"{persona} is known")
    yield
    kubectl("delete", "--ignore-not-found", "--filename=-", given=bindings)
    kubectl("delete", "--ignore-not-found", "--filename=-", given=roles)


def user(persona: str) -> str:
    return f"{RELEASE}:{persona}"


@pytest.mark.parametrize("persona", WRITES)
def test_a_persona_writes_what_the_matrix_says_and_nothing_else(persona: str) -> None:
    assert granted(user(persona), rights(WRITE, *GROUPS)) == rights(WRITE, *WRITES[persona])


@pytest.mark.parametrize("persona", WRITES)
def test_a_persona_reads_all_of_the_gateway_api_and_nothing_else(persona: str) -> None:
    assert granted(user(persona), rights(READ, *GROUPS)) == rights(READ, *ALL)


@pytest.mark.parametrize("persona", WRITES)
def test_no_persona_writes_status(persona: str) -> None:
    assert granted(user(persona), rights(WRITE, *(f"{kind}/status" for kind in ALL))) == set()
