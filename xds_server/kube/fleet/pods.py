"""The pod of an Envoy: Envoy, and beside it who lets it drain before it ends."""

import hashlib
from typing import Any

from translator.api.parameters import EnvoyParametersSpec, Logging, Opaque, PodParameters, Shutdown
from xds_server.kube.fleet import bootstrap as files
from xds_server.kube.fleet.names import BOOTSTRAP_ANNOTATION
from xds_server.kube.fleet.settings import PROBE_PORT, SHUTDOWN_PORT, Settings

USER = 65532
ENVOY_REQUESTS = {"cpu": "10m", "memory": "64Mi"}
SHUTDOWN_RESOURCES = {"requests": {"cpu": "1m", "memory": "24Mi"}, "limits": {"memory": "64Mi"}}

MIN_SECONDS = 10
"""As long as endpoints and load balancers take to turn away from a pod that ends."""
MAX_SECONDS = 20
"""Kubernetes looks at a namespace that is deleted again after 10 seconds, then after half of what its pods may take."""
GRACE_SECONDS = 5
"""Between the end of the drain and the kubelet's patience."""
TOKEN_SECONDS = 3600
NEVER = 2**31 - 1
"""Failures after which an Envoy without configuration is started anew: it would not help."""


def pod_template(
    name: str,
    labels: dict[str, str],
    annotations: dict[str, str],
    selector: dict[str, str],
    bootstrap: str,
    parameters: EnvoyParametersSpec,
    settings: Settings,
) -> dict[str, Any]:
    """Return what each Envoy of a Gateway runs in; it changes with the bootstrap, and not with listeners."""
    pod = parameters.pod or PodParameters()
    minimum, maximum = _drain_seconds(parameters)
    spec: dict[str, Any] = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": maximum + GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "containers": [_envoy(parameters, settings, maximum), _shutdown(settings, minimum, maximum)],
        "volumes": _volumes(name, settings),
        **_placement(pod, selector),
    }
    return {
        "metadata": {
            "labels": {**(pod.labels or {}), **labels},
            "annotations": {
                "kubectl.kubernetes.io/default-container": "envoy",
                **annotations,
                **(pod.annotations or {}),
                BOOTSTRAP_ANNOTATION: hashlib.sha256(bootstrap.encode()).hexdigest()[:16],
            },
        },
        "spec": spec,
    }


def _drain_seconds(parameters: EnvoyParametersSpec) -> tuple[int, int]:
    """Return how long an Envoy drains at least and at most; where the two contradict each other, the most counts."""
    shutdown = parameters.shutdown or Shutdown()
    maximum = MAX_SECONDS if shutdown.max_seconds is None else shutdown.max_seconds
    minimum = MIN_SECONDS if shutdown.min_seconds is None else shutdown.min_seconds
    return min(minimum, maximum), maximum


def _envoy(parameters: EnvoyParametersSpec, settings: Settings, maximum: int) -> dict[str, Any]:
    ready = {"httpGet": {"path": "/ready", "port": PROBE_PORT}}
    resources: dict[str, Any] = {"requests": dict(ENVOY_REQUESTS)}
    if parameters.resources is not None:
        resources["requests"] |= parameters.resources.limits or {}  # as a kube-apiserver would without our requests
        resources["requests"] |= parameters.resources.requests or {}
        if parameters.resources.limits:
            resources["limits"] = parameters.resources.limits
    return {
        "name": "envoy",
        "image": parameters.image or settings.envoy_image,
        "imagePullPolicy": parameters.image_pull_policy or settings.image_pull_policy,
        "args": _arguments(parameters, maximum),
        "env": [_from_pod("POD_NAME", "metadata.name"), _from_pod("POD_NAMESPACE", "metadata.namespace")],
        "ports": [{"name": "metrics", "containerPort": PROBE_PORT, "protocol": "TCP"}],
        "resources": resources,
        "securityContext": _locked_down(),
        "lifecycle": {"preStop": {"httpGet": {"path": "/drained", "port": SHUTDOWN_PORT}}},
        "startupProbe": {**ready, "periodSeconds": 1, "failureThreshold": NEVER},
        "readinessProbe": {**ready, "periodSeconds": 5, "failureThreshold": 2},
        "volumeMounts": _mounts(settings),
    }


def _arguments(parameters: EnvoyParametersSpec, maximum: int) -> list[str]:
    logging = parameters.logging or Logging()
    levels = ",".join(f"{name}:{level}" for name, level in sorted((logging.components or {}).items()))
    options = {
        "--config-path": f"{files.FOLDER}/{files.FILE}",
        "--service-node": "$(POD_NAME).$(POD_NAMESPACE)",
        "--drain-strategy": "immediate",
        "--drain-time-s": str(maximum),
        "--log-level": logging.level or "warning",
        "--component-log-level": levels,
        "--concurrency": str(parameters.concurrency or ""),
    }
    return ["--disable-hot-restart", *(word for option in options.items() if option[1] for word in option)]


def _shutdown(settings: Settings, minimum: int, maximum: int) -> dict[str, Any]:
    return {
        "name": "shutdown",
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["gatehouse", "envoy-shutdown"],
        "args": [
            f"--admin={files.ADMIN_SOCKET}",
            f"--port={SHUTDOWN_PORT}",
            f"--min-seconds={minimum}",
            f"--max-seconds={maximum}",
        ],
        "resources": SHUTDOWN_RESOURCES,
        "securityContext": _locked_down(),
        "volumeMounts": [{"name": "run", "mountPath": files.RUN_FOLDER}],
    }


def _locked_down() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _from_pod(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _mounts(settings: Settings) -> list[dict[str, Any]]:
    token = {"name": "token", "mountPath": files.TOKEN_FOLDER, "readOnly": True}
    return [
        {"name": "config", "mountPath": files.FOLDER, "readOnly": True},
        {"name": "run", "mountPath": files.RUN_FOLDER},
        *([token] if settings.audience else ()),
    ]


def _volumes(name: str, settings: Settings) -> list[dict[str, Any]]:
    token = {
        "serviceAccountToken": {
            "audience": settings.audience,
            "path": files.TOKEN_FILE,
            "expirationSeconds": TOKEN_SECONDS,
        }
    }
    return [
        {"name": "config", "configMap": {"name": name}},
        {"name": "run", "emptyDir": {"sizeLimit": "1Mi"}},
        *([{"name": "token", "projected": {"sources": [token]}}] if settings.audience else ()),
    ]


def _placement(pod: PodParameters, selector: dict[str, str]) -> dict[str, Any]:
    """Return where the pods may run; a spread without selector is of these pods."""
    chosen: dict[str, Any] = {
        "affinity": pod.affinity,
        "nodeSelector": pod.node_selector,
        "tolerations": _listed(pod.tolerations),
        "topologySpreadConstraints": _listed(
            None
            if pod.topology_spread_constraints is None
            else tuple({"labelSelector": {"matchLabels": selector}, **it} for it in pod.topology_spread_constraints)
        ),
        "priorityClassName": pod.priority_class_name,
        "imagePullSecrets": _listed(pod.image_pull_secrets),
    }
    return {name: value for name, value in chosen.items() if value}


def _listed(values: tuple[Opaque, ...] | tuple[dict[str, str], ...] | None) -> list[Any]:
    return list(values or ())
