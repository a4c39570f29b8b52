"""The Service that a Gateway is reached through, and the addresses that it gives to the Gateway."""

from typing import Any

from translator import ir
from translator.api.parameters import ServiceParameters
from xds_server.kube.fleet.observed import Observed

LOAD_BALANCER, CLUSTER_IP = "LoadBalancer", "ClusterIP"


def service_spec(infrastructure: ir.Infrastructure, selector: dict[str, str]) -> dict[str, Any]:
    """Return the spec of a Gateway's Service; the ports are the listeners'.

    A Gateway that is to be reached from within the cluster only has a cluster IP, whatever else was chosen.
    """
    chosen = infrastructure.parameters.service or ServiceParameters()
    within = infrastructure.cluster_address
    type_ = CLUSTER_IP if within.alone else chosen.type or LOAD_BALANCER
    spec: dict[str, Any] = {
        "type": type_,
        "selector": selector,
        "ports": [
            {"name": f"{protocol.lower()}-{port}", "port": port, "protocol": protocol, "targetPort": port}
            for port, protocol in infrastructure.ports
        ],
    }
    optional: dict[str, Any] = {
        "externalTrafficPolicy": chosen.external_traffic_policy if type_ != CLUSTER_IP else None,
        "ipFamilyPolicy": chosen.ip_family_policy,
        "ipFamilies": None if chosen.ip_families is None else list(chosen.ip_families),
    }
    if type_ == LOAD_BALANCER:
        ranges = chosen.load_balancer_source_ranges
        optional |= {
            "loadBalancerIP": infrastructure.addresses[0] if infrastructure.addresses else None,
            "loadBalancerClass": chosen.load_balancer_class,
            "loadBalancerSourceRanges": None if ranges is None else list(ranges),
            "allocateLoadBalancerNodePorts": chosen.allocate_load_balancer_node_ports,
        }
    elif infrastructure.addresses:
        optional["clusterIP"] = infrastructure.addresses[0]
    if within.value:
        optional["clusterIP"] = within.value
    return spec | {name: value for name, value in optional.items() if value is not None}


def bind(service: Observed | None, ipv6: bool) -> str:
    """Return where Envoys listen: at addresses of both families where their Service has one of IPv6."""
    families = () if service is None else service.spec.ip_families
    return "::" if ipv6 or "IPv6" in families else "0.0.0.0"  # noqa: S104


def cluster_ips(service: Observed) -> tuple[str, ...]:
    """Return where a Service is reached from within the cluster."""
    return tuple(ip for ip in service.spec.cluster_ips if ip != "None")


def addresses(service: Observed) -> tuple[tuple[str, str], ...]:
    """Return (type, value) of where a Service is reached at its own ports.

    That of a load balancer is what it was given. Other types are reached at their cluster IPs: a node has the
    Service's ports under other numbers.
    """
    if service.spec.type != LOAD_BALANCER:
        return tuple(("IPAddress", ip) for ip in cluster_ips(service))
    ingress = service.status.load_balancer.ingress
    return tuple(("IPAddress", it.ip) if it.ip else ("Hostname", it.hostname) for it in ingress if it.ip or it.hostname)
