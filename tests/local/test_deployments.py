"""Which Deployments run on this machine, and the EndpointSlices of their Services."""

from typing import Any

import pytest

from tests.builders import secret
from translator.api.core import Service, ServicePort, ServiceSpec
from translator.api.kinds import from_document
from translator.api.meta import Meta
from translator.value import Key
from xds_server.echo.ports import Ports
from xds_server.local.deployments import NotLocal, Plan, Pod, plan
from xds_server.local.slices import endpoint_slices

CART = Key("shop", "cart")
OPTIONS = "--port, --tls-port, --tcp-port, --udp-port, --host, --tls-folder"
CART_1, CART_2 = (Pod(Key("shop", name), service="") for name in ("cart-1", "cart-2"))


def deployment(name: str = "cart", replicas: int = 1, **container: Any) -> dict[str, Any]:
    """A Deployment of the echo in `shop`, labelled with its name."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, "tier": "backend"}},
                "spec": {
                    "containers": [
                        {"name": "echo", "image": "gatehouse:dev", "args": ["echo", "--port", "8080"], **container}
                    ]
                },
            },
        },
    }


def service(*ports: ServicePort, selector: dict[str, str] | None = None, **spec: Any) -> Service:
    """Service shop/cart, which selects the pods of Deployment cart unless told otherwise."""
    chosen = {"app": "cart"} if selector is None else selector
    return Service(
        metadata=Meta(name="cart", namespace="shop"),
        spec=ServiceSpec(ports=ports or (ServicePort(port=80, target_port=8080),), selector=chosen, **spec),
    )


@pytest.mark.parametrize(
    "container",
    [
        {"image": "gatehouse", "args": ["echo"]},
        {"image": "docker.io/somebody/gatehouse:1.2", "args": ["echo", "--host=0.0.0.0", "--port=8080"]},
        {"image": "localhost:5000/gatehouse@sha256:0a", "command": ["gatehouse", "echo"], "args": ["--port", "8080"]},
        {"image": "gatehouse:dev", "command": ["gatehouse"], "args": ["echo"]},
    ],
)
def test_a_container_that_runs_the_echo_runs_here(container: dict[str, Any]) -> None:
    """Image gatehouse of any registry, started as `gatehouse echo` or `echo`."""
    assert plan([deployment(**container)], []).pods == (CART_1,)


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "nginx:1"}, "no container runs `gatehouse echo` (image nginx:1)"),
        ({"image": "gatehouse-ui:1"}, "no container runs `gatehouse echo` (image gatehouse-ui:1)"),
        ({"args": ["serve"]}, "no container runs `gatehouse echo` (image gatehouse:dev)"),
        ({"args": ["echo", "--port"]}, f"`gatehouse echo --port` has other options than {OPTIONS}"),
        ({"command": ["sh", "-c"]}, "no container runs `gatehouse echo` (image gatehouse:dev)"),
        (
            {"args": ["echo", "--tls-key", "/k"]},
            f"`gatehouse echo --tls-key /k` has other options than {OPTIONS}",
        ),
    ],
)
def test_another_container_does_not_run_here(container: dict[str, Any], reason: str) -> None:
    """The Deployment is named with the reason, and its Services keep to DNS."""
    planned = plan([deployment(**container)], [service()])
    assert planned == Plan(not_local=(NotLocal(CART, reason),))


def test_a_deployment_that_cannot_be_read_is_named() -> None:
    """What a kube-apiserver would refuse does not run, and says why."""
    [refused] = plan([deployment(replicas="two")], []).not_local  # type: ignore[arg-type]
    assert refused.deployment == CART
    assert "spec.replicas" in refused.reason


def test_documents_of_other_kinds_are_passed_over() -> None:
    """Only apps/v1 Deployments are read, and of one name only the first."""
    others = [{"apiVersion": "v1", "kind": "Pod"}, {"kind": "Deployment"}, deployment(), deployment(replicas=2)]
    assert plan(others, []).pods == (CART_1,)


def test_each_replica_is_an_endpoint_of_the_services_that_select_it() -> None:
    """A Service selects pods of its namespace that carry all its labels."""
    services = [service(), service(selector={"app": "cart", "tier": "frontend"}), service(selector={})]
    planned = plan([deployment(replicas=2)], services)
    assert [(backing.service, backing.pod) for backing in planned.backings] == [(CART, CART_1), (CART, CART_2)]


def test_a_slice_maps_the_target_port_to_where_the_pod_listens() -> None:
    """Number and name of a container's port lead to the echo; a port that nobody listens on leads nowhere."""
    ports = (
        ServicePort(port=80, target_port=8080, name="number"),
        ServicePort(port=81, target_port="web", name="name", app_protocol="kubernetes.io/h2c"),
        ServicePort(port=8080, name="same"),
        ServicePort(port=82, target_port=9999, name="nobody"),
        ServicePort(port=83, target_port="metrics", name="unnamed"),
    )
    planned = plan([deployment(ports=[{"name": "web", "containerPort": 8080}])], [service(*ports)])
    assert endpoint_slices(planned, "127.0.0.1", {CART_1: Ports(40001)}) == (
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "namespace": "shop",
                "name": "cart-local-cart-1",
                "labels": {"kubernetes.io/service-name": "cart"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
            "ports": [
                {"name": "number", "protocol": "TCP", "port": 40001},
                {"name": "name", "protocol": "TCP", "port": 40001, "appProtocol": "kubernetes.io/h2c"},
                {"name": "same", "protocol": "TCP", "port": 40001},
            ],
        },
    )


def test_a_slice_tells_the_ways_to_speak_to_a_pod_apart() -> None:
    """TLS, TCP and UDP have ports of their own; a UDP port leads to what listens on UDP alone."""
    ports = (
        ServicePort(port=443, target_port=8443, name="tls"),
        ServicePort(port=25, target_port=2525, name="tcp"),
        ServicePort(port=53, target_port=5353, name="udp", protocol="UDP"),
        ServicePort(port=54, target_port=8080, name="nobody", protocol="UDP"),
    )
    args = ["echo", "--tls-port=8443", "--tcp-port", "2525", "--udp-port", "5353"]
    planned = plan([deployment(args=args)], [service(*ports)])
    (pod,) = planned.pods
    (document,) = endpoint_slices(planned, "127.0.0.1", {pod: Ports(40001, 40002, 40003, 40004)})
    assert document["ports"] == [
        {"name": "tls", "protocol": "TCP", "port": 40002},
        {"name": "tcp", "protocol": "TCP", "port": 40003},
        {"name": "udp", "protocol": "UDP", "port": 40004},
    ]


def test_more_replicas_than_a_machine_has_room_for_do_not_run() -> None:
    """Each pod takes a socket of this process."""
    reason = "it has 101 replicas, more than 100"
    assert plan([deployment(replicas=101)], [service()]) == Plan(not_local=(NotLocal(CART, reason),))


def test_a_service_of_no_replica_has_an_empty_slice() -> None:
    """Scaled to zero, a Service has no endpoints rather than a name in DNS."""
    [only] = endpoint_slices(plan([deployment(replicas=0)], [service()]), "127.0.0.1", {})
    assert (only["endpoints"], only["metadata"]["labels"]) == ([], {"kubernetes.io/service-name": "cart"})


def test_slices_decode_as_any_other() -> None:
    """What is published is what the file source would have read."""
    [document] = endpoint_slices(plan([deployment()], [service()]), "127.0.0.1", {CART_1: Ports(40001)})
    decoded = from_document("EndpointSlice", document)
    assert decoded.service == "cart"  # type: ignore[union-attr]


def test_the_pod_says_which_service_it_is_told_to_be() -> None:
    """SERVICE_NAME in the container's environment is the echo's `service`."""
    env = [{"name": "POD_NAME", "valueFrom": {}}, {"name": "SERVICE_NAME", "value": "basket"}]
    assert plan([deployment(env=env)], []).pods[0].service == "basket"


MOUNTED = {
    "args": ["echo", "--tls-port=8443", "--tls-folder", "/etc/tls/"],
    "volumeMounts": [{"name": "tls", "mountPath": "/etc/tls"}],
}


def with_volume(secret: str, **container: Any) -> dict[str, Any]:
    """A Deployment whose volume `tls` is of a Secret."""
    document = deployment(**container)
    document["spec"]["template"]["spec"]["volumes"] = [{"name": "tls", "secret": {"secretName": secret}}]
    return document


def test_a_pod_is_given_the_certificate_that_is_mounted() -> None:
    held = {Key("shop", "cart-tls"): secret("cart-tls", {"tls.key": b"key", "tls.crt": b"certificate"})}
    [pod] = plan([with_volume("cart-tls", **MOUNTED)], [], held).pods
    assert (pod.ports.https, pod.tls) == (8443, (("tls.crt", b"certificate"), ("tls.key", b"key")))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (with_volume("cart-tls", **MOUNTED), "Secret shop/cart-tls does not exist"),
        (deployment(args=MOUNTED["args"]), "no Secret is mounted at /etc/tls/"),
    ],
)
def test_a_pod_waits_for_the_secret_that_is_mounted(document: dict[str, Any], reason: str) -> None:
    assert plan([document], []) == Plan(not_local=(NotLocal(CART, reason),))
