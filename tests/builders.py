"""Small builders of API objects for tests: what a test does not speak of is left at the schema's defaults."""

from typing import Any, TypeVar

import msgspec

from translator.api import core, policies, routes
from translator.api import gateway as gateways
from translator.api import meta as api_meta

T = TypeVar("T")

NAMESPACE = "shop"


def meta(name: str, namespace: str = NAMESPACE, **fields: Any) -> dict[str, Any]:
    """`metadata` as Kubernetes writes it, e.g. generation=2, creationTimestamp=..., labels={}."""
    return {"name": name, "namespace": namespace, **fields}


def gateway_class(
    name: str = "gatehouse", controller: str = "gatehouse.dev/gateway-controller", **spec: Any
) -> gateways.GatewayClass:
    """A GatewayClass; spec fields by their Kubernetes names."""
    return build(meta(name, ""), {"controllerName": controller, **spec}, gateways.GatewayClass)


def listener(name: str = "http", port: int = 80, protocol: str = "HTTP", **fields: Any) -> dict[str, Any]:
    """A listener as a document, for `gateway`; fields by their Kubernetes names."""
    return {"name": name, "port": port, "protocol": protocol, **fields}


def https(name: str = "https", *secrets: str, port: int = 443, **fields: Any) -> dict[str, Any]:
    """An HTTPS listener that serves certificates from these Secrets, `name` or `namespace/name`."""
    refs = []
    for secret in secrets:
        namespace, _, last = secret.rpartition("/")
        refs.append({"name": last, "namespace": namespace} if namespace else {"name": last})
    return listener(name, port, "HTTPS", tls={"certificateRefs": refs}, **fields)


def gateway(
    *listeners: dict[str, Any], name: str = "edge", metadata: dict[str, Any] | None = None, **spec: Any
) -> gateways.Gateway:
    """A Gateway of class `gatehouse`; one HTTP listener on port 80 unless listeners are given."""
    document = {"gatewayClassName": "gatehouse", "listeners": listeners or (listener(),), **spec}
    return build(metadata or meta(name), document, gateways.Gateway)


def listener_set(
    *listeners: dict[str, Any],
    name: str = "extra",
    namespace: str = NAMESPACE,
    created: str = "",
    parent: dict[str, Any] | None = None,
    **metadata: Any,
) -> gateways.ListenerSet:
    """A ListenerSet of the Gateway `edge` in `shop`."""
    written = meta(name, namespace, **{"creationTimestamp": created, **metadata})
    spec = {"parentRef": parent or {"name": "edge", "namespace": NAMESPACE}, "listeners": listeners}
    return build(written, spec, gateways.ListenerSet)


def http_route(
    *rules: dict[str, Any],
    name: str = "route",
    hostnames: tuple[str, ...] = (),
    parents: tuple[dict[str, Any], ...] = ({"name": "edge"},),
    metadata: dict[str, Any] | None = None,
) -> routes.HTTPRoute:
    """An HTTPRoute attached to the Gateway `edge`."""
    spec = {"parentRefs": parents, "hostnames": hostnames, "rules": rules}
    return build(metadata or meta(name), spec, routes.HTTPRoute)


def grpc_route(
    *rules: dict[str, Any],
    name: str = "route",
    hostnames: tuple[str, ...] = (),
    parents: tuple[dict[str, Any], ...] = ({"name": "edge"},),
    metadata: dict[str, Any] | None = None,
) -> routes.GRPCRoute:
    """A GRPCRoute attached to the Gateway `edge`."""
    spec = {"parentRefs": parents, "hostnames": hostnames, "rules": rules}
    return build(metadata or meta(name), spec, routes.GRPCRoute)


def service(name: str = "cart", *ports: int, namespace: str = NAMESPACE, **spec: Any) -> core.Service:
    """A Service with unnamed ports, 8080 unless others are given, or `ports` as documents in spec."""
    numbers = [{"port": port} for port in ports or (8080,)]
    return build(meta(name, namespace), {"ports": numbers, **spec}, core.Service)


def namespace(name: str, **labels: str) -> core.Namespace:
    """A Namespace with labels."""
    return build(meta(name, "", labels=labels), None, core.Namespace)


def secret(
    name: str, data: dict[str, bytes] | None, namespace: str = NAMESPACE, type_: str = "kubernetes.io/tls"
) -> core.Secret:
    """A Secret; values as bytes, not base64."""
    return core.Secret(metadata=api_meta.Meta(name=name, namespace=namespace), type=type_, data=data)


def config_map(name: str, authorities: str, namespace: str = NAMESPACE) -> core.ConfigMap:
    """A ConfigMap with CA certificates in PEM."""
    return core.ConfigMap(metadata=api_meta.Meta(name=name, namespace=namespace), data={"ca.crt": authorities})


def backend_tls_policy(
    *targets: str,
    name: str = "verify",
    authorities: tuple[dict[str, str], ...] = ({"group": "", "kind": "ConfigMap", "name": "ca"},),
    metadata: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
    **validation: Any,
) -> policies.BackendTLSPolicy:
    """A BackendTLSPolicy for Services, `name` or `name/section`; validation fields by their Kubernetes names."""
    parts = [target.partition("/") for target in targets or ("cart",)]
    refs = [
        {"group": "", "kind": "Service", "name": service, **({"sectionName": section} if section else {})}
        for service, _, section in parts
    ]
    asked = {"hostname": "cart.example.com", "caCertificateRefs": authorities, **validation}
    spec = {"targetRefs": refs, "validation": asked, "options": options or {}}
    return build(metadata or meta(name), spec, policies.BackendTLSPolicy)


def grant(
    name: str = "grant",
    namespace: str = NAMESPACE,
    *,
    from_: tuple[dict[str, str], ...],
    to: tuple[dict[str, str], ...],
) -> policies.ReferenceGrant:
    """A ReferenceGrant; entries as documents."""
    return build(meta(name, namespace), {"from": from_, "to": to}, policies.ReferenceGrant)


def build(metadata: dict[str, Any], spec: dict[str, Any] | None, struct: type[T]) -> T:
    """An object of any kind from its metadata and spec as documents."""
    document = {"metadata": metadata} if spec is None else {"metadata": metadata, "spec": spec}
    return msgspec.convert(document, struct)
