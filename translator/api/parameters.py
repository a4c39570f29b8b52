"""EnvoyParameters: what the Envoys of a class, or of one Gateway, are made with (deploy/crds/).

Nothing has a default here: what is not given is left to the class, and in the end to who makes the objects.
"""

from typing import Any

from translator.api.meta import ApiValue, Meta

PARAMETERS_GROUP = "gatehouse.dev"
PARAMETERS_KIND = "EnvoyParameters"

Opaque = dict[str, Any]
"""A part of a Kubernetes object that is passed on as it was written."""


class Resources(ApiValue):
    """Quantities by resource, e.g. cpu and memory."""

    requests: dict[str, int | float | str] | None = None
    limits: dict[str, int | float | str] | None = None


class PodParameters(ApiValue):
    """Where and how the pods run; fields as in a PodSpec."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    affinity: Opaque | None = None
    node_selector: dict[str, str] | None = None
    tolerations: tuple[Opaque, ...] | None = None
    topology_spread_constraints: tuple[Opaque, ...] | None = None
    priority_class_name: str | None = None
    image_pull_secrets: tuple[dict[str, str], ...] | None = None


class ServiceParameters(ApiValue):
    """How the Envoys are reached; fields as in a ServiceSpec."""

    type: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] | None = None
    allocate_load_balancer_node_ports: bool | None = None
    external_traffic_policy: str | None = None
    ip_family_policy: str | None = None
    ip_families: tuple[str, ...] | None = None


class Autoscaling(ApiValue):
    """A HorizontalPodAutoscaler; without metrics it looks at the CPU."""

    max_replicas: int | None = None
    min_replicas: int | None = None
    metrics: tuple[Opaque, ...] | None = None
    behavior: Opaque | None = None


class DisruptionBudget(ApiValue):
    """A PodDisruptionBudget: one of the two."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class Shutdown(ApiValue):
    """How long an Envoy drains before it ends, in seconds."""

    min_seconds: int | None = None
    max_seconds: int | None = None


class Stats(ApiValue):
    """Statistics that are kept beside the usual ones, by name."""

    prefixes: tuple[str, ...] | None = None
    regexes: tuple[str, ...] | None = None
    routes: bool | None = None
    """Whether requests are counted by route too."""


class Logging(ApiValue):
    """What Envoy logs: a level, and levels of its components."""

    level: str | None = None
    components: dict[str, str] | None = None


class AccessLog(ApiValue):
    """Whether each request, connection and session is logged: Enabled or Disabled."""

    mode: str | None = None


class EnvoyParametersSpec(ApiValue):
    """What can be chosen."""

    workload: str | None = None
    """Deployment or DaemonSet."""
    replicas: int | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    resources: Resources | None = None
    concurrency: int | None = None
    pod: PodParameters | None = None
    service: ServiceParameters | None = None
    autoscaling: Autoscaling | None = None
    disruption_budget: DisruptionBudget | None = None
    shutdown: Shutdown | None = None
    stats: Stats | None = None
    logging: Logging | None = None
    access_log: AccessLog | None = None


class EnvoyParameters(ApiValue):
    """gatehouse.dev/v1alpha1 EnvoyParameters."""

    metadata: Meta
    spec: EnvoyParametersSpec = EnvoyParametersSpec()
