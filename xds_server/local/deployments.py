"""Which Deployments of the given files can run on this machine, and behind which Services their pods are.

A Deployment runs here if one of its containers runs Gatehouse's own echo: image `gatehouse` of any registry and tag,
started as `gatehouse echo` or, by the image's entry point, `echo`. Nothing here starts anything.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from translator.api.core import Secret, Service, ServicePort
from translator.api.meta import ApiValue, Meta
from translator.value import Key, Lookup, Value
from xds_server.echo.ports import Ports

IMAGE = re.compile(r"(?:.+/)?gatehouse(?::[^/]+)?(?:@.+)?")
DEFAULT_NAMESPACE = "default"
MOST_REPLICAS = 100
"""More pods than anybody needs of one Deployment on this machine; each takes a socket."""
OPTIONS = {"--port": "http", "--tls-port": "https", "--tcp-port": "tcp", "--udp-port": "udp"}
"""Which options choose a port, and for which way to speak to it."""
HOST_OPTION = "--host"
FOLDER_OPTION = "--tls-folder"


class ContainerPort(ApiValue):
    """A port of a container, by which Services may name it."""

    container_port: int
    name: str = ""


class EnvVar(ApiValue):
    """A variable of a container's environment."""

    name: str
    value: str = ""


class VolumeMount(ApiValue):
    """Where a container finds a volume."""

    name: str
    mount_path: str


class SecretVolume(ApiValue):
    """A volume with the keys of a Secret as files."""

    secret_name: str = ""


class Volume(ApiValue):
    """A volume of a pod; only those of Secrets are read here."""

    name: str
    secret: SecretVolume | None = None


class Container(ApiValue):
    """What of a container decides whether and how it runs here."""

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()


class PodSpec(ApiValue):
    """The containers of a pod."""

    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()


class TemplateMeta(ApiValue):
    """The labels by which Services select pods."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)


class PodTemplate(ApiValue):
    """What each replica is made from."""

    spec: PodSpec
    metadata: TemplateMeta = TemplateMeta()


class DeploymentSpec(ApiValue):
    """How many replicas of what."""

    template: PodTemplate
    replicas: int = 1


class Deployment(ApiValue):
    """apps/v1 Deployment, as far as it is read here."""

    metadata: Meta
    spec: DeploymentSpec

    @property
    def key(self) -> Key:
        """Where it lives; like kubectl's, in `default` where it does not say."""
        return Key(self.metadata.namespace or DEFAULT_NAMESPACE, self.metadata.name)


class Pod(Value):
    """One echo to run: who it says it is, and the port that its container would have."""

    key: Key
    service: str
    """What SERVICE_NAME in its environment says."""
    ports: Ports = Ports()
    """Those that its container would have."""
    tls: tuple[tuple[str, bytes], ...] = ()
    """The files in the folder of its certificate; none for one of its own."""


class Backing(Value):
    """A pod behind a Service, with the ports of the Service that lead to it, each with the way it is spoken to."""

    service: Key
    pod: Pod
    ports: tuple[tuple[ServicePort, str], ...]


class NotLocal(Value):
    """A Deployment that does not run here, and why."""

    deployment: Key
    reason: str

    def __str__(self) -> str:
        return f"Deployment {self.deployment} is not run locally: {self.reason}; its Services are looked up in DNS"


class Plan(Value):
    """What runs here, behind which Services, and what does not; `selecting` has even Services of no replica."""

    pods: tuple[Pod, ...] = ()
    backings: tuple[Backing, ...] = ()
    selecting: tuple[Key, ...] = ()
    not_local: tuple[NotLocal, ...] = ()


class _Echo(Value):
    """How a container runs the echo."""

    ports: Ports
    names: tuple[ContainerPort, ...]
    service: str
    tls_secret: str = ""
    """The Secret that is mounted where it looks for its certificate."""


def plan(
    documents: Iterable[Mapping[str, Any]],
    services: Iterable[Service],
    secrets: Lookup[Key, Secret] = MappingProxyType({}),
) -> Plan:
    """Plan the Deployments among these documents, the first of each name; other kinds are passed over."""
    by_namespace: dict[str, list[Service]] = {}
    for service in services:
        if service.spec.selector and service.spec.type != "ExternalName":
            by_namespace.setdefault(service.metadata.namespace or DEFAULT_NAMESPACE, []).append(service)
    pods: list[Pod] = []
    backings: list[Backing] = []
    selecting: set[Key] = set()
    not_local: list[NotLocal] = []
    for document in _first_of_each_name(documents):
        match _read(document):
            case NotLocal() as refusal:
                not_local.append(refusal)
            case (Deployment() as deployment, _Echo() as echo):
                tls = _tls(deployment, echo, secrets)
                if isinstance(tls, NotLocal):
                    not_local.append(tls)
                    continue
                replicas = _replicas(deployment, echo, tls)
                selected_by = [
                    service
                    for service in by_namespace.get(deployment.key.namespace, ())
                    if service.spec.selector.items() <= deployment.spec.template.metadata.labels.items()
                ]
                pods += replicas
                selecting |= {_key(service) for service in selected_by}
                backings += [
                    Backing(_key(service), pod, _ports_to(echo, service)) for service in selected_by for pod in replicas
                ]
    return Plan(tuple(pods), tuple(backings), tuple(sorted(selecting)), tuple(not_local))


def _first_of_each_name(documents: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    deployments: dict[Key, Mapping[str, Any]] = {}
    for document in documents:
        if (document.get("apiVersion"), document.get("kind")) == ("apps/v1", "Deployment"):
            deployments.setdefault(_name(document), document)
    return deployments.values()


def _name(document: Mapping[str, Any]) -> Key:
    metadata = document.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    return Key(str(names.get("namespace") or DEFAULT_NAMESPACE), str(names.get("name", "")))


def _read(document: Mapping[str, Any]) -> tuple[Deployment, _Echo] | NotLocal:
    try:
        deployment = msgspec.convert(document, Deployment)
    except msgspec.ValidationError as error:
        return NotLocal(_name(document), str(error))
    if deployment.spec.replicas > MOST_REPLICAS:
        return NotLocal(deployment.key, f"it has {deployment.spec.replicas} replicas, more than {MOST_REPLICAS}")
    containers = deployment.spec.template.spec.containers
    for container in containers:
        words = _words(container)
        if words is None:
            continue
        options = _options(words)
        if options is None:
            known = ", ".join((*OPTIONS, HOST_OPTION, FOLDER_OPTION))
            return NotLocal(deployment.key, f"`gatehouse echo {' '.join(words)}` has other options than {known}")
        folder = options.pop(FOLDER_OPTION, "")
        secret = _mounted(deployment.spec.template.spec, container, folder)
        if folder and not secret:
            return NotLocal(deployment.key, f"no Secret is mounted at {folder}")
        service = next((variable.value for variable in container.env if variable.name == "SERVICE_NAME"), "")
        ports = Ports(**{OPTIONS[option]: int(number) for option, number in options.items()})
        return deployment, _Echo(ports, container.ports, service, secret)
    images = ", ".join(container.image for container in containers)
    return NotLocal(deployment.key, f"no container runs `gatehouse echo` (image {images})")


def _words(container: Container) -> tuple[str, ...] | None:
    """Return the words after `gatehouse echo`, or None where the container runs something else."""
    if not IMAGE.fullmatch(container.image):
        return None
    words = (*container.command, *container.args) if container.command else ("gatehouse", *container.args)
    return words[2:] if words[:2] == ("gatehouse", "echo") else None


def _options(words: tuple[str, ...]) -> dict[str, str] | None:
    """Return the options that count here, ports and a folder; None where there is one that is not known."""
    parts = [part for word in words for part in word.split("=", 1)]
    options = dict(zip(parts[::2], parts[1::2], strict=False))
    options.pop(HOST_OPTION, None)
    known = len(parts) % 2 == 0 and options.keys() <= {*OPTIONS, FOLDER_OPTION}
    return options if known and all(options[it].isdecimal() for it in options.keys() & OPTIONS.keys()) else None


def _mounted(pod: PodSpec, container: Container, folder: str) -> str:
    """Name the Secret that is mounted as a folder, or nothing."""
    volume = next((it.name for it in container.volume_mounts if it.mount_path.rstrip("/") == folder.rstrip("/")), None)
    secrets = (it.secret.secret_name for it in pod.volumes if it.name == volume and it.secret is not None)
    return next(secrets, "")


def _tls(deployment: Deployment, echo: _Echo, secrets: Lookup[Key, Secret]) -> tuple[tuple[str, bytes], ...] | NotLocal:
    """Return the files of the mounted Secret; a pod does not start before it is there."""
    if not echo.tls_secret:
        return ()
    key = Key(deployment.key.namespace, echo.tls_secret)
    secret = secrets.get(key)
    if secret is None:
        return NotLocal(deployment.key, f"Secret {key} does not exist")
    return tuple(sorted((secret.data or {}).items()))


def _replicas(deployment: Deployment, echo: _Echo, tls: tuple[tuple[str, bytes], ...]) -> tuple[Pod, ...]:
    namespace, name = deployment.key
    return tuple(
        Pod(Key(namespace, f"{name}-{number}"), echo.service, echo.ports, tls)
        for number in range(1, deployment.spec.replicas + 1)
    )


def _ports_to(echo: _Echo, service: Service) -> tuple[tuple[ServicePort, str], ...]:
    """Return the Service's ports whose targetPort, a number or a container port's name, is where the echo listens."""
    numbers = {port.name: port.container_port for port in echo.names if port.name}
    targets = ((port, _target(port.target_port or port.port, numbers)) for port in service.spec.ports)
    ways = ((port, echo.ports.way(port.protocol, target)) for port, target in targets)
    return tuple((port, way) for port, way in ways if way is not None)


def _target(port: int | str, numbers: Mapping[str, int]) -> int | None:
    return numbers.get(port) if isinstance(port, str) else port


def _key(service: Service) -> Key:
    return Key(service.metadata.namespace or DEFAULT_NAMESPACE, service.metadata.name)
