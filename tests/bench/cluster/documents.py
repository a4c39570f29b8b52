"""The objects of a world that is measured."""

from typing import Any, NamedTuple

GATEWAY = "edge"
SHARED = "shared"
"""The Service of the running backends."""
EDITED = "edited"
"""A Service without a selector, whose endpoints are edited by hand."""
ROLLING = "rolling"
"""A Service whose backends are replaced."""
TURN_HEADER = "x-turn"

Document = dict[str, Any]


class Target(NamedTuple):
    """Where a route is reached."""

    host: str
    path: str = "/"


def route_name(number: int) -> str:
    """The name of a route, and of its Service if it has one of its own."""
    return f"route-{number}"


def http_route(name: str, target: Target, service: str, listener_set: str = "") -> Document:
    """A route to a Service, attached to the Gateway or to a ListenerSet, which then has the hostname."""
    parent = {"kind": "ListenerSet", "name": listener_set} if listener_set else {"name": GATEWAY}
    hostnames = [] if listener_set else [target.host]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"parentRefs": [parent], "hostnames": hostnames, "rules": [rule(target, service)]},
    }


def rule(target: Target, service: str, turn: int = 0) -> Document:
    """The rule of a route; its responses carry the turn, which tells one version from another."""
    header = {"set": [{"name": TURN_HEADER, "value": str(turn)}]}
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": target.path}}],
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": header}],
        "backendRefs": [{"name": service, "port": 80}],
    }


def headless(name: str) -> Document:
    """A Service without a selector and without an address: the cluster does nothing for it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }


def endpoint_slice(name: str, *addresses: str) -> Document:
    """The endpoints of a headless Service without a selector; nodes need no rules for it, as the label says."""
    labels = {"kubernetes.io/service-name": name, "service.kubernetes.io/headless": ""}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": endpoints(*addresses),
    }


def endpoints(*addresses: str) -> list[Document]:
    """Endpoints that are ready."""
    return [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]


def gateway(class_name: str) -> Document:
    """One listener for all, and whoever is in the namespace may add a ListenerSet."""
    return {
        "gatewayClassName": class_name,
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        "allowedListeners": {"namespaces": {"from": "Same"}},
    }


def listener_set(name: str, hostname: str) -> Document:
    """A ListenerSet with one hostname on the Gateway's port."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "ListenerSet",
        "metadata": {"name": name},
        "spec": {
            "parentRef": {"name": GATEWAY},
            "listeners": [{"name": "web", "port": 80, "protocol": "HTTP", "hostname": hostname}],
        },
    }
