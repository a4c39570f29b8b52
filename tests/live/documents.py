"""Kubernetes objects as the documents that users write, each with as little as a test has to say."""

import base64
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

NAMESPACE = "shop"


def gateway_class() -> Document:
    """The class `gatehouse`, of our controller."""
    spec = {"controllerName": "gatehouse.dev/gateway-controller"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "gatehouse"},
        "spec": spec,
    }


def listener(name: str = "http", port: int = 80, **more: Any) -> Document:
    """An HTTP listener that admits routes from every namespace."""
    return {"name": name, "port": port, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}, **more}


def https(name: str, *secrets: str, port: int = 443, **more: Any) -> Document:
    """An HTTPS listener that serves the certificates of these Secrets."""
    refs = [{"name": secret} for secret in secrets]
    return listener(name, port, **{"protocol": "HTTPS", "tls": {"certificateRefs": refs}, **more})


def gateway(*listeners: Document, name: str = "edge", namespace: str = NAMESPACE, **more: Any) -> Document:
    """A Gateway of the class `gatehouse`; one HTTP listener at port 80 unless listeners are given."""
    spec = {"gatewayClassName": "gatehouse", "listeners": list(listeners or (listener(),)), **more}
    return _gateway_api("Gateway", name, namespace, spec)


def listener_set(name: str, *listeners: Document, namespace: str = NAMESPACE, created: str = "") -> Document:
    """A ListenerSet of the Gateway `edge`."""
    spec = {"parentRef": {"name": "edge", "namespace": NAMESPACE}, "listeners": list(listeners)}
    found = _gateway_api("ListenerSet", name, namespace, spec)
    return {**found, "metadata": {**found["metadata"], "creationTimestamp": created}} if created else found


def http_route(name: str, *rules: Document, namespace: str = NAMESPACE, **spec: Any) -> Document:
    """An HTTPRoute of the Gateway `edge` for the host `<name>.example.com`, unless `spec` says otherwise."""
    return _route("HTTPRoute", name, namespace, rules, spec)


def grpc_route(name: str, *rules: Document, namespace: str = NAMESPACE, **spec: Any) -> Document:
    """A GRPCRoute of the Gateway `edge` for the host `<name>.example.com`, unless `spec` says otherwise."""
    return _route("GRPCRoute", name, namespace, rules, spec)


def stream_route(kind: str, name: str, *backends: Document | str, section: str = "", **spec: Any) -> Document:
    """A TLSRoute, TCPRoute or UDPRoute of a listener of the Gateway `edge`, for any hostname unless `spec` has some."""
    parent = {"name": "edge", "namespace": NAMESPACE, **({"sectionName": section} if section else {})}
    refs = [stream_backend(kind, ref) if isinstance(ref, str) else ref for ref in backends]
    return _route(kind, name, NAMESPACE, ({"backendRefs": refs},), {"parentRefs": [parent], "hostnames": [], **spec})


def stream_backend(kind: str, name: str, **more: Any) -> Document:
    """A backendRef to the port of a Service of `streams` that speaks as the routes of a kind do."""
    ports = {"TLSRoute": 443, "TCPRoute": 3000, "UDPRoute": 53}
    return {"name": name, "port": ports[kind], **more}


def streams(name: str, *, replicas: int = 1) -> tuple[Document, Document]:
    """A Service and its pods, which speak HTTP at port 80, HTTPS at 443, lines at 3000 and datagrams at 53."""
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "https", "port": 443, "targetPort": 8443},
        {"name": "tcp", "port": 3000, "targetPort": 3000},
        {"name": "udp", "port": 53, "targetPort": 5353, "protocol": "UDP"},
    ]
    found, pods = service(name), deployment(name, replicas=replicas)
    (container,) = pods["spec"]["template"]["spec"]["containers"]
    container["args"] = ["--tls-port=8443", "--tcp-port=3000", "--udp-port=5353"]
    return {**found, "spec": {**found["spec"], "ports": ports}}, pods


def rule(*backends: Document | str, **more: Any) -> Document:
    """A rule to these backends: names of Services, or backendRefs."""
    refs = [backend(ref) if isinstance(ref, str) else ref for ref in backends]
    return {**({"backendRefs": refs} if refs else {}), **more}


def backend(name: str, port: int = 80, **more: Any) -> Document:
    """A backendRef to port 80 of a Service."""
    return {"name": name, "port": port, **more}


def path(value: str, type_: str = "PathPrefix") -> Document:
    """A match of a path."""
    return {"path": {"type": type_, "value": value}}


def marks(name: str) -> Document:
    """A filter that tells the backend which rule sent the request."""
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Rule", "value": name}]}}


def service(name: str, namespace: str = NAMESPACE, *, port: int = 80, target: int = 8080, **more: Any) -> Document:
    """A Service of one port, by which the pods labelled with its name are selected; `more` belongs to the port."""
    ports = [{"name": "main", "port": port, "targetPort": target, **more}]
    return _core("Service", name, namespace, {"spec": {"selector": {"app": name}, "ports": ports}})


def deployment(name: str, namespace: str = NAMESPACE, *, replicas: int = 1) -> Document:
    """A Deployment of our echo; its pods are `<name>-1`, `<name>-2` and so on."""
    container = {"name": "echo", "image": "gatehouse:dev", "command": ["gatehouse", "echo"]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def echo(name: str, namespace: str = NAMESPACE, *, replicas: int = 1, **port: Any) -> tuple[Document, Document]:
    """A Service and its pods."""
    return service(name, namespace, **port), deployment(name, namespace, replicas=replicas)


def slice_of(name: str, *ports: int, namespace: str = NAMESPACE, address: str = "127.0.0.1") -> tuple[Document, ...]:
    """EndpointSlices of a Service whose backends listen at these ports of this machine; without ports, of none."""
    return tuple(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-{port or 'none'}",
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}] if port else [],
            "ports": [{"name": "main", "protocol": "TCP", "port": port}] if port else [],
        }
        for port in ports or (0,)
    )


def served(name: str, *ports: int, namespace: str = NAMESPACE) -> tuple[Document, ...]:
    """A Service with its EndpointSlices."""
    return service(name, namespace), *slice_of(name, *ports, namespace=namespace)


def namespace(name: str, **labels: str) -> Document:
    """A Namespace with labels."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def reference_grant(home: str, namespace: str = NAMESPACE) -> Document:
    """Leave for HTTPRoutes of the namespace `home` to name Services of another."""
    routes = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": home}
    spec = {"from": [routes], "to": [{"group": "", "kind": "Service"}]}
    return _gateway_api("ReferenceGrant", "grant", namespace, spec)


def tls_secret(name: str, certificate: bytes, key: bytes, namespace: str = NAMESPACE) -> Document:
    """A Secret of type kubernetes.io/tls."""
    data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    return _core("Secret", name, namespace, {"type": "kubernetes.io/tls", "data": data})


def authorities(name: str, pem: str, namespace: str = NAMESPACE) -> Document:
    """A ConfigMap with CA certificates."""
    return _core("ConfigMap", name, namespace, {"data": {"ca.crt": pem}})


def backend_tls_policy(service: str, hostname: str, *config_maps: str, **validation: Any) -> Document:
    """A BackendTLSPolicy of a Service's name for all of it."""
    refs = [{"group": "", "kind": "ConfigMap", "name": name} for name in config_maps]
    asked = {"hostname": hostname, **({"caCertificateRefs": refs} if refs else {}), **validation}
    spec = {"targetRefs": [{"group": "", "kind": "Service", "name": service}], "validation": asked}
    return _gateway_api("BackendTLSPolicy", service, NAMESPACE, spec)


def _route(kind: str, name: str, namespace: str, rules: tuple[Document, ...], spec: Document) -> Document:
    whole = {
        "parentRefs": [{"name": "edge", "namespace": NAMESPACE}],
        "hostnames": [f"{name}.example.com"],
        "rules": list(rules),
        **spec,
    }
    return _gateway_api(kind, name, namespace, {field: value for field, value in whole.items() if value})


def _gateway_api(kind: str, name: str, namespace: str, spec: Document) -> Document:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _core(kind: str, name: str, namespace: str, more: Document) -> Document:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}
