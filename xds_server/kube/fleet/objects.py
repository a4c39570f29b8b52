"""All that a Gateway needs in the cluster for its Envoys to run: documents for server-side apply."""

from collections.abc import Callable, Mapping
from typing import Any

from translator import ir
from translator.api.gateway import GATEWAY_GROUP
from translator.api.parameters import ServiceParameters
from translator.value import Key, Value
from xds_server.kube.fleet import names
from xds_server.kube.fleet.bootstrap import FILE, bootstrap_of, identity_files
from xds_server.kube.fleet.pods import pod_template
from xds_server.kube.fleet.services import service_spec
from xds_server.kube.fleet.settings import Settings

Document = dict[str, Any]

CPU_PERCENT = 80


class Kind(Value):
    """A kind of which objects are made."""

    name: str
    api_version: str
    plural: str


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("ServiceAccount", "v1", "serviceaccounts"),
        Kind("ConfigMap", "v1", "configmaps"),
        Kind("Service", "v1", "services"),
        Kind("Deployment", "apps/v1", "deployments"),
        Kind("DaemonSet", "apps/v1", "daemonsets"),
        Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
        Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    )
}
"""In the order in which they are applied: what pods need comes before them."""


def objects(gateway: Key, infrastructure: ir.Infrastructure, settings: Settings) -> tuple[Document, ...]:
    """Return every object that is made for a Gateway, in the Gateway's own namespace."""
    name = names.object_name(gateway.name, infrastructure.class_name)
    ours = names.labels(gateway, infrastructure.class_name, settings.controller_name)
    labels = {**infrastructure.labels, **ours}
    annotations = {
        **infrastructure.annotations,
        names.NAME_ANNOTATION: gateway.name,
        names.CLASS_ANNOTATION: infrastructure.class_name,
    }
    parameters = infrastructure.parameters
    selector = names.selector(gateway)
    bootstrap = bootstrap_of(gateway, parameters, settings)
    service = parameters.service or ServiceParameters()

    def document(kind: str, body: Document, metadata: Document | None = None) -> Document:
        return {
            "apiVersion": KINDS[kind].api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": gateway.namespace,
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [_owner(gateway, infrastructure)],
                **(metadata or {}),
            },
            **body,
        }

    template = pod_template(name, labels, annotations, selector, bootstrap, parameters, settings)
    made = [
        document("ServiceAccount", {"automountServiceAccountToken": False}),
        document("ConfigMap", {"data": {FILE: bootstrap, **identity_files(settings)}}),
        document(
            "Service",
            {"spec": service_spec(infrastructure, selector)},
            {
                "labels": {**infrastructure.labels, **(service.labels or {}), **ours},
                "annotations": {**(service.annotations or {}), **annotations},
            },
        ),
        _workload(document, infrastructure, selector, template),
    ]
    budget = parameters.disruption_budget
    if budget is not None:
        limits = {"minAvailable": budget.min_available, "maxUnavailable": budget.max_unavailable}
        spec = {"selector": {"matchLabels": selector}, **{k: v for k, v in limits.items() if v is not None}}
        made.append(document("PodDisruptionBudget", {"spec": spec}))
    if _scales(infrastructure):
        made.append(document("HorizontalPodAutoscaler", {"spec": _autoscaler(name, infrastructure)}))
    return tuple(made)


def _owner(gateway: Key, infrastructure: ir.Infrastructure) -> Document:
    """With its Gateway an object goes; `controller` keeps two Gateways from sharing one."""
    return {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "Gateway",
        "name": gateway.name,
        "uid": infrastructure.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _workload(
    document: Callable[[str, Document], Document],
    infrastructure: ir.Infrastructure,
    selector: dict[str, str],
    template: Document,
) -> Document:
    """Envoys are replaced one by one, each by one that is ready; replicas that nobody chose are anybody's."""
    update = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec: Document = {"selector": {"matchLabels": selector}, "template": template}
    if infrastructure.parameters.workload == "DaemonSet":
        return document("DaemonSet", {"spec": {**spec, "updateStrategy": update}})
    replicas = infrastructure.parameters.replicas
    if replicas is not None and not _scales(infrastructure):
        spec["replicas"] = replicas
    return document("Deployment", {"spec": {**spec, "strategy": update, "revisionHistoryLimit": 2}})


def _scales(infrastructure: ir.Infrastructure) -> bool:
    parameters = infrastructure.parameters
    return parameters.autoscaling is not None and parameters.workload != "DaemonSet"


def _autoscaler(name: str, infrastructure: ir.Infrastructure) -> Document:
    asked = infrastructure.parameters.autoscaling
    assert asked is not None
    target = {"type": "Utilization", "averageUtilization": CPU_PERCENT}
    cpu = {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "envoy", "target": target}}
    chosen = {
        "minReplicas": asked.min_replicas,
        "maxReplicas": asked.max_replicas,
        "metrics": [cpu] if asked.metrics is None else list(asked.metrics),
        "behavior": asked.behavior,
    }
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        **{key: value for key, value in chosen.items() if value is not None},
    }
