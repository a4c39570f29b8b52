"""Our own kinds: what is vendored is what deploy/crds says."""

from pathlib import Path

import pytest

from hack.vendor_crds import DATA, OWN, texts
from xds_server.schema import Channel, catalog

CATALOG = catalog(Channel.STANDARD)


@pytest.mark.parametrize(("name", "text"), tuple(texts(OWN)))
def test_the_vendored_definition_is_that_of_the_cluster(name: str, text: str) -> None:
    assert Path(DATA / "own" / name).read_text() == text


def refusals(**spec: object) -> list[str]:
    definition = CATALOG.definition("gatehouse.dev/v1alpha1", "EnvoyParameters")
    assert definition is not None
    document = {
        "apiVersion": "gatehouse.dev/v1alpha1",
        "kind": "EnvoyParameters",
        "metadata": {"name": "big", "namespace": "shop"},
        "spec": spec,
    }
    return [str(it) for it in definition.admit(document).violations]


def test_good_parameters_are_admitted() -> None:
    assert (
        refusals(
            replicas=3,
            resources={"requests": {"cpu": 1, "memory": "128Mi"}},
            service={"type": "ClusterIP"},
            disruptionBudget={"minAvailable": "50%"},
            pod={"affinity": {"nodeAffinity": {}}, "tolerations": [{"operator": "Exists"}]},
        )
        == []
    )


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"replicas": 2, "autoscaling": {"maxReplicas": 3}}, "exclude each other"),
        ({"workload": "DaemonSet", "replicas": 2}, "neither replicas nor autoscaling"),
        ({"autoscaling": {"minReplicas": 4, "maxReplicas": 3}}, "must not be greater"),
        ({"disruptionBudget": {}}, "either minAvailable or maxUnavailable"),
        ({"shutdown": {"minSeconds": 9, "maxSeconds": 3}}, "must not be greater"),
        ({"service": {"type": "ClusterIP", "externalTrafficPolicy": "Local"}}, "not for type ClusterIP"),
        ({"service": {"type": "NodePort", "loadBalancerClass": "x"}}, "for type LoadBalancer"),
    ],
)
def test_parameters_that_contradict_themselves_are_refused(spec: dict[str, object], word: str) -> None:
    assert [word in it for it in refusals(**spec)] == [True]
