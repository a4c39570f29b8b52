from typing import Any

import msgspec
import pytest

from tests.builders import build, grant, meta, service
from translator import ir
from translator.api.experimental import XBackend
from translator.api.routes import BackendObjectReference
from translator.attach import clusters, endpoints, xbackends
from translator.attach.authorities import Bundle
from translator.attach.conditions import Reason
from translator.attach.xbackends import Backing
from translator.value import Key, Ref

PAY, PODS = Key("shop", "pay"), Key("shop", "pods")
ROUTE = Ref("HTTPRoute", "shop", "route")
GRPC, TCP, UDP = (Ref(kind, "shop", "route") for kind in ("GRPCRoute", "TCPRoute", "UDPRoute"))
EXTERNAL = {"type": "ExternalHostname", "port": {"number": 443}, "externalHostname": {"hostname": "pay.example.com"}}
SELECTING = {"type": "EndpointSelector", "port": {"number": 8080}, "endpointSelector": {"matchLabels": {"app": "cart"}}}
BY_APP = ("shop", (("app", "cart"),))
VALIDATED = {"mode": "ServerOnly", "validation": {"hostname": "Pay.Example.com", "wellKnownCACertificates": "System"}}


def judge(spec: dict[str, Any], selecting: Any = None, bundles: Any = None) -> Backing:
    return xbackends.judge(PAY, build(meta("pay"), spec, XBackend), selecting or {}, bundles or {})


def resolve(backing: Backing | None, home: Ref = ROUTE, granted: Any = None, **ref: Any) -> ir.ClusterKey | ir.Refusal:
    written = {"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": "pay", **ref}
    key = Key(ref.get("namespace", "shop"), "pay")
    reference = msgspec.convert(written, BackendObjectReference)
    return xbackends.resolve(reference, home, {} if backing is None else {key: backing}, granted or {}, home.kind)


def test_a_name_outside_of_the_cluster() -> None:
    assert judge(EXTERNAL) == Backing(443, "", host="pay.example.com")


def test_what_a_backend_must_show_is_its_own_to_say() -> None:
    found = judge({**EXTERNAL, "tls": VALIDATED})
    assert found.secured
    system = (ir.SYSTEM_AUTHORITIES,)
    assert found.verification == ir.Verification("pay.example.com", (("DNS", "pay.example.com"),), system)


def test_authorities_that_are_missing_leave_it_unreached() -> None:
    refs = [{"group": "", "kind": "ConfigMap", "name": "ca"}]
    tls = {"mode": "ServerOnly", "validation": {"hostname": "a.com", "caCertificateRefs": refs}}
    place = Ref("ConfigMap", "shop", "ca")
    missing = judge({**EXTERNAL, "tls": tls}, bundles={place: ir.Refusal("InvalidCACertificateRef", "no")})
    assert missing.refusal is not None
    assert missing.refusal.reason is Reason.NO_VALID_CA_CERTIFICATE
    assert judge({**EXTERNAL, "tls": tls}, bundles={place: Bundle(b"pem")}).refusal is None


def test_pods_are_those_of_a_service_that_selects_by_the_same_labels() -> None:
    [row] = xbackends.by_selector(PODS, service("pods", selector={"app": "cart"}))
    assert row == (BY_APP, "pods", (8080,))
    assert list(xbackends.by_selector(PODS, service("pods"))) == []
    assert judge(SELECTING, {BY_APP: (("one", ()), ("two", (8080,)))}).service == Key("shop", "two")
    assert judge(SELECTING, {BY_APP: (("one", ()), ("two", (80,)))}).service == Key("shop", "one")
    nobody = judge(SELECTING).refusal
    assert nobody is not None
    assert nobody.message == "no Service of namespace shop selects pods by app=cart; make a headless one that does"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({**EXTERNAL, "type": "Odd"}, "type Odd is not supported"),
        ({**EXTERNAL, "port": {}}, "port needs a number"),
        ({**EXTERNAL, "externalHostname": {"hostname": "10.0.0.1"}}, "is not a hostname"),
        ({**EXTERNAL, "tls": {**VALIDATED, "mode": "ClientAndServer"}}, "tls.mode ClientAndServer is not supported"),
        ({**EXTERNAL, "sessionPersistence": {"absoluteTimeout": "1h"}}, "sessionPersistence: absoluteTimeout"),
    ],
)
def test_what_cannot_be_done_is_not_done_otherwise(spec: dict[str, Any], words: str) -> None:
    found = judge(spec)
    assert found.refusal is not None
    assert words in found.refusal.message
    refused = resolve(found)
    assert isinstance(refused, ir.Refusal)
    assert words in refused.message


@pytest.mark.parametrize(
    ("protocol", "home", "spoken"),
    [
        ("", ROUTE, "http1"),
        ("HTTP", ROUTE, "http1"),
        ("HTTP11", ROUTE, "http1"),
        ("WSS", ROUTE, "http1"),
        ("H2C", ROUTE, "http2"),
        ("HTTP2", ROUTE, "http2"),
        ("GRPC", ROUTE, "http2"),
        ("TCP", ROUTE, None),
        ("", GRPC, "http2"),
        ("HTTP", GRPC, "http2"),
        ("HTTP11", GRPC, None),
        ("", TCP, "tcp"),
        ("TCP", TCP, "tcp"),
        ("HTTP", TCP, None),
        ("", UDP, None),
    ],
)
def test_it_is_spoken_to_as_it_says_and_else_as_the_route_does(protocol: str, home: Ref, spoken: str | None) -> None:
    found = resolve(Backing(443, protocol, host="a.com"), home)
    if spoken is None:
        assert isinstance(found, ir.Refusal)
        assert found.reason is Reason.UNSUPPORTED_PROTOCOL
    else:
        assert found == ir.ClusterKey("shop", "pay", 443, spoken, "XBackend")
        secured = resolve(Backing(443, protocol, True, host="a.com"), home)
        assert isinstance(secured, ir.ClusterKey)
        assert secured.protocol in ir.OVER_TLS


def test_one_that_is_not_there_and_one_of_another_namespace() -> None:
    missing, elsewhere = resolve(None), resolve(Backing(80, "", host="a.com"), namespace="other")
    assert isinstance(missing, ir.Refusal)
    assert missing.reason is Reason.BACKEND_NOT_FOUND
    assert isinstance(elsewhere, ir.Refusal)
    assert elsewhere.reason is Reason.REF_NOT_PERMITTED
    given = grant(
        from_=({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"},),
        to=({"group": "gateway.networking.x-k8s.io", "kind": "XBackend"},),
    )
    granted = {"other": (("grant", given.spec),)}
    assert resolve(Backing(80, "", host="a.com"), granted=granted, namespace="other") == ir.ClusterKey(
        "other", "pay", 80, "http1", "XBackend"
    )


def test_how_a_cluster_is_reached() -> None:
    key = ir.ClusterKey("shop", "pay", 443, "https1", "XBackend")
    named = ((ROUTE, key),)
    shown = ir.Verification("a.com", (), ())

    def reach(backing: Backing | None, sliced: Any = None, dns: bool = False) -> ir.Cluster | None:
        backings = {} if backing is None else {PAY: backing}
        return clusters.reach(dns, "name", named, {}, sliced or {}, backings)

    assert reach(Backing(443, "", True, "b.com", verification=shown)) == ir.Cluster(
        "name", key, (("b.com", 443),), "a.com", shown
    )
    assert reach(Backing(443, "", service=PODS)) == ir.Cluster("name", key)
    assert reach(Backing(443, "", service=PODS), dns=True) == ir.Cluster("name", key, (("pods", 443),))
    assert reach(Backing(443, "", service=PODS), {PODS: ()}, dns=True) == ir.Cluster("name", key)
    assert reach(None) is None
    assert reach(judge(SELECTING)) is None


@pytest.mark.parametrize("target", [8080, "http"])
def test_pods_are_reached_at_the_port_of_theirs(target: int | str) -> None:
    """The Service's own port is not asked; a port that it does not lead to is there all the same."""
    written = {
        "metadata": {"name": "pods-1", "namespace": "shop"},
        "endpoints": [{"addresses": ["10.0.0.1"]}],
        "ports": [{"name": "main", "port": 8080}],
    }
    slices = {PODS: (("pods-1", msgspec.convert(written, endpoints.EndpointSlice)),)}
    of = service("pods", ports=[{"name": "main", "port": 80, "targetPort": target}])
    for port in (8080, 9090):
        cluster = ir.Cluster("name", ir.ClusterKey("shop", "pay", port, "http1", "XBackend"))
        backings = {PAY: Backing(port, "", service=PODS)}
        found = endpoints.locate("name", cluster, {PODS: of}, slices, backings)
        assert found == ir.Endpoints("name", (("10.0.0.1", port),))
