"""The chart as helm and a kube-apiserver see it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.commands import CHART, ROOT, helm, kubectl, rendered, run, tried

pytestmark = pytest.mark.cluster

SETTINGS: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "two replicas": ("--set=replicas=2",),
    "some namespaces": ("--set=watchNamespaces={default,kube-public}",),
    "next to another": (
        "--set=controllerName=example.com/gatehouse",
        "--set=gatewayClass.name=another",
        "--set=personas.create=false",
    ),
    "parameters": (
        "--set=gatewayClass.parametersRef.group=gatehouse.dev",
        "--set=gatewayClass.parametersRef.kind=EnvoyParameters",
        "--set=gatewayClass.parametersRef.namespace=default",
        "--set=gatewayClass.parametersRef.name=edge",
    ),
    "bare": (
        "--set=serviceAccount.create=false",
        "--set=networkPolicy.create=false",
        "--set=personas.create=false",
        "--set=gatewayClass.create=false",
    ),
    "all that can be given": (
        "--set=image.digest=sha256:" + 64 * "0",
        "--set=imagePullSecrets[0].name=registry",
        "--set=extraArgs={--log-level=debug}",
        "--set=serviceAccount.annotations.a=b",
        "--set=podAnnotations.a=b",
        "--set=podLabels.a=b",
        "--set=nodeSelector.a=b",
        "--set=tolerations[0].operator=Exists",
        "--set=priorityClassName=system-cluster-critical",
        "--set=topologySpreadConstraints[0].maxSkew=1",
        "--set=topologySpreadConstraints[0].topologyKey=zone",
        "--set=topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
        "--set=networkPolicy.xdsFrom[0].ipBlock.cidr=192.0.2.0/24",
        "--set=networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b",
        "--set=xds.certificate.secretName=shown-to-envoys",
        "--set=personas.aggregate=true",
        "--set=debug.expose=true",
        "--set=networkPolicy.debugFrom[0].namespaceSelector.matchLabels.a=b",
    ),
}


def documents(*options: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(rendered(*options)) if document]


def test_helm_finds_nothing_amiss() -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_a_kube_apiserver_takes_what_the_chart_makes(options: tuple[str, ...]) -> None:
    kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "--filename=-"),
        given=rendered(*options, namespace="default"),
    )


@pytest.mark.parametrize(
    "option",
    [
        "--set=replica=2",
        "--set=replicas=-1",
        "--set=log.level=loud",
        "--set=controllerName=gatehouse",
        "--set=image.digest=1234",
        "--set=watchNamespaces={Default}",
        "--set=xds.certificate.secretName=Shown",
        "--set=xds.certificate.certManager.create=true",
        "--set=xds.certificate.certManager.duration=90d",
        "--set=networkPolicy.xdsFrom=anybody",
    ],
)
def test_the_schema_refuses_what_is_no_value(option: str) -> None:
    ended = tried("helm", "template", "gatehouse", str(CHART), option)
    assert "values don't meet the specifications of the schema" in ended.stderr


def test_rights_are_granted_in_the_namespaces_that_are_watched_alone() -> None:
    made = documents("--set=watchNamespaces={shop,blog}", "--set=personas.create=false")
    roles = {(it["kind"], it["metadata"].get("namespace")): it for it in made if it["kind"] in ("Role", "ClusterRole")}
    assert roles.keys() == {("ClusterRole", None), ("Role", "gatehouse-system"), ("Role", "shop"), ("Role", "blog")}
    everywhere = {kind for rule in roles["ClusterRole", None]["rules"] for kind in rule["resources"]}
    assert everywhere == {
        *("gatewayclasses", "gatewayclasses/status", "namespaces", "customresourcedefinitions", "clustertrustbundles"),
        "tokenreviews",
    }
    [deployment] = (it for it in made if it["kind"] == "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert "--watch-namespaces=shop,blog" in container["args"]


def test_what_is_inside_is_shown_on_request_and_to_viewers() -> None:
    """A port more, the right to ask who may, and a role for those who may: without it none of them."""

    def made(*options: str) -> tuple[list[str], set[str], list[str]]:
        found = documents("--set=personas.create=false", *options)
        [service] = (it for it in found if it["kind"] == "Service")
        roles = {it["metadata"]["name"]: it["rules"] for it in found if it["kind"] == "ClusterRole"}
        own = roles.pop("gatehouse-system-gatehouse")
        reviews = {kind for rule in own for kind in rule["resources"] if kind.endswith("reviews")}
        return [it["name"] for it in service["spec"]["ports"]], reviews, sorted(roles)

    assert made() == (["xds"], {"tokenreviews"}, [])
    exposed = (["xds", "debug"], {"tokenreviews", "subjectaccessreviews"}, ["gatehouse-debug-viewer"])
    assert made("--set=debug.expose=true") == exposed


def test_the_gateway_api_is_brought_along_on_request() -> None:
    def kinds(*options: str) -> set[str]:
        made = documents("--include-crds", *options)
        return {it["spec"]["names"]["kind"] for it in made if it["kind"] == "CustomResourceDefinition"}

    assert kinds() == {"EnvoyParameters"}
    assert kinds("--set=crds.gatewayAPI.install=true") > {"EnvoyParameters", "GatewayClass", "Gateway", "HTTPRoute"}


CERT_MANAGER = ("--set=xds.certificate.certManager.create=true", "--set=xds.certificate.certManager.issuerRef.name=ca")


def test_cert_manager_makes_the_certificate_on_request() -> None:
    """For the name by which Envoys connect, in the Secret that the control plane mounts."""
    made = documents(*CERT_MANAGER)
    [certificate] = (it["spec"] for it in made if it["kind"] == "Certificate")
    assert certificate["dnsNames"] == ["gatehouse.gatehouse-system.svc"]
    assert certificate["issuerRef"] == {"group": "cert-manager.io", "kind": "Issuer", "name": "ca"}
    assert mounted(made) == certificate["secretName"] == "gatehouse-xds"
    assert mounted(documents()) is None


def test_a_certificate_can_be_given_in_a_secret_of_any_name() -> None:
    """Then the control plane writes no Secrets."""
    made = documents("--set=xds.certificate.secretName=given")
    assert mounted(made) == "given"
    assert not [it for it in made if it["kind"] == "Certificate"]
    [role] = (it for it in made if it["kind"] == "Role")
    assert {kind for rule in role["rules"] for kind in rule["resources"]} == {"leases"}


def mounted(made: list[dict[str, Any]]) -> str | None:
    """The Secret of the certificate that the control plane is told to read, if it is told so."""
    [deployment] = (it for it in made if it["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    secrets = {it["name"]: it["secret"]["secretName"] for it in pod["volumes"] if "secret" in it}
    folders = {f"--xds-certificate={it['mountPath']}": secrets.get(it["name"]) for it in container["volumeMounts"]}
    return next((folders[it] for it in container["args"] if it in folders), None)


def test_pod_monitors_are_made_on_request() -> None:
    """One of the control plane, and one of all Gateways' Envoys, in the namespaces that are served."""
    own, envoys = (it["spec"] for it in documents("--set=podMonitor.create=true") if it["kind"] == "PodMonitor")
    assert own["podMetricsEndpoints"] == [{"port": "http", "path": "/metrics", "interval": "30s"}]
    assert envoys["podMetricsEndpoints"] == [{"port": "metrics", "path": "/stats/prometheus", "interval": "30s"}]
    assert envoys["namespaceSelector"] == {"any": True}
    options = ("--set=podMonitor.create=true", "--set=watchNamespaces={shop}")
    _, envoys = (it["spec"] for it in documents(*options) if it["kind"] == "PodMonitor")
    assert envoys["namespaceSelector"] == {"matchNames": ["shop"]}


def test_rules_are_made_on_request() -> None:
    """Those of deploy/rules, as they stand there."""
    [made] = (it for it in documents("--set=prometheusRule.create=true") if it["kind"] == "PrometheusRule")
    assert made["spec"] == yaml.safe_load(Path(ROOT, "deploy/rules/gatehouse.yaml").read_text())
    assert "PrometheusRule" not in {it["kind"] for it in documents()}


def test_dashboards_are_made_on_request() -> None:
    """A ConfigMap each, labelled for Grafana's sidecar, with the dashboard as it stands in deploy/dashboards."""
    options = ("--set=dashboards.create=true", "--set=dashboards.annotations.grafana_folder=Gatehouse")
    made = [it for it in documents(*options) if it["kind"] == "ConfigMap"]
    held = {name: text for it in made for name, text in it["data"].items()}
    assert held == {path.name: path.read_text() for path in Path(ROOT, "deploy/dashboards").iterdir()}
    assert all(it["metadata"]["labels"]["grafana_dashboard"] == "1" for it in made)
    assert all(it["metadata"]["annotations"] == {"grafana_folder": "Gatehouse"} for it in made)
    assert "ConfigMap" not in {it["kind"] for it in documents()}


def test_the_kustomize_base_is_the_chart_as_it_is() -> None:
    assert run("hack/kustomize.sh") == Path(ROOT, "deploy/kustomize/gatehouse.yaml").read_text()
    made = [it for it in yaml.safe_load_all(kubectl("kustomize", "deploy/kustomize")) if it]
    assert len(made) == 1 + len(documents("--include-crds"))
