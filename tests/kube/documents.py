"""Objects and watch events as a kube-apiserver writes them."""

from typing import Any

from tests.kube.loopback import Answer, Loopback

GATEWAY_V1 = "gateway.networking.k8s.io/v1"


def service(name: str, version: int, port: int = 80, **more: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "resourceVersion": str(version),
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:ports": {}}}}],
    }
    return {"kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": port}]}, **more}


def gateway(name: str, version: int, *secrets: str) -> dict[str, Any]:
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"certificateRefs": [{"name": secret} for secret in secrets]},
    }
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {
        "apiVersion": GATEWAY_V1,
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"gatewayClassName": "gatehouse", "listeners": [listener]},
    }


def secret(name: str, version: int, value: str | None = None) -> dict[str, Any]:
    """A Secret; without a value it is only its metadata."""
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"metadata": metadata} if value is None else {"metadata": metadata, "data": {"tls.crt": value}}


def policy(name: str, version: int, authority: dict[str, str]) -> dict[str, Any]:
    """A BackendTLSPolicy with one reference to CA certificates."""
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    validation = {"hostname": "cart.example.com", "caCertificateRefs": [authority]}
    return {"metadata": metadata, "spec": {"targetRefs": [], "validation": validation}}


def trust_bundle(name: str, version: int, bundle: str | None = None) -> dict[str, Any]:
    """A ClusterTrustBundle; without CA certificates it is only its metadata."""
    metadata = {"name": name, "resourceVersion": str(version)}
    return {"metadata": metadata} if bundle is None else {"metadata": metadata, "spec": {"trustBundle": bundle}}


def listing(version: int, *items: dict[str, Any], more: str = "") -> Answer:
    return Answer({"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)})


def event(type_: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_, "object": item}


def bookmark(version: int) -> dict[str, Any]:
    return event("BOOKMARK", {"kind": "Service", "metadata": {"resourceVersion": str(version)}})


def failure(code: int, reason: str) -> dict[str, Any]:
    return {"kind": "Status", "metadata": {}, "status": "Failure", "code": code, "reason": reason, "message": reason}


def serve_gateways(server: Loopback, *versions: str, plurals: tuple[str, ...] = ("gateways",)) -> None:
    """Let discovery say that the group is served in these versions."""
    serve(server, "gateway.networking.k8s.io", *versions, plurals=plurals)


def serve(server: Loopback, group: str, *versions: str, plurals: tuple[str, ...]) -> None:
    """Let discovery say that a group is served in these versions."""
    root = f"/apis/{group}"
    server.play(root, Answer({"versions": [{"version": version} for version in versions]}))
    for version in versions:
        resources = [{"name": plural, "verbs": ["get", "list", "watch"]} for plural in plurals]
        server.play(f"{root}/{version}", Answer({"resources": resources}))
