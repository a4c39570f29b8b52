"""What a kube-apiserver refuses, in its words and at the field that is at fault."""

from typing import Any

import pytest

from tests.schema.documents import admit, document, gateway, http_route, refusals, service
from xds_server.schema import Cause, FieldPath, Violation

LISTENER = {"name": "web", "port": 80, "protocol": "HTTP"}


def test_a_violation_names_field_cause_and_words() -> None:
    assert admit(gateway({**LISTENER, "port": 0})).violations == (
        Violation(
            path=FieldPath(("spec", "listeners", 0, "port")),
            cause=Cause.INVALID,
            message="Invalid value: 0: should be greater than or equal to 1",
        ),
    )


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (gateway({"name": "web", "port": 80}), "spec.listeners[0].protocol: Required value"),
        (
            gateway({**LISTENER, "port": "80"}),
            "spec.listeners[0].port: Invalid value: spec.listeners[0].port must be of type integer, not string",
        ),
        (
            gateway({**LISTENER, "port": True}),
            "spec.listeners[0].port: Invalid value: spec.listeners[0].port must be of type integer, not boolean",
        ),
        (
            http_route({"matches": [{"headers": [{"name": "a", "value": "b"}, {"name": "a", "value": "c"}]}]}),
            'spec.rules[0].matches[0].headers[1]: Duplicate value: {"name": "a"}',
        ),
        (
            http_route({"matches": [{"path": {"type": "Suffix", "value": "/"}}]}),
            'spec.rules[0].matches[0].path.type: Unsupported value: "Suffix": supported values: '
            '"Exact", "PathPrefix", "RegularExpression"',
        ),
        (http_route({}, hostnames=["x"] * 17), "spec.hostnames: Too many: 17: must have at most 16 items"),
        (
            http_route({}, hostnames=["x." * 130 + "com"]),
            "spec.hostnames[0]: Too long: may not be more than 253 characters",
        ),
        (
            http_route({}, hostnames=["a.com\n"]),
            'spec.hostnames[0]: Invalid value: "a.com\\n": should match '
            r"'^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
        ),
        (
            http_route({"matches": [{"path": {"value": "/\0"}}]}),
            "spec.rules[0].matches[0].path.value: Invalid value: must be UTF-8 text without NUL",
        ),
        (
            http_route({"matches": [{"path": {"value": "/a//b"}}]}),
            "spec.rules[0].matches[0].path: Invalid value: "
            "must not contain '//' when type one of ['Exact', 'PathPrefix']",
        ),
        (
            http_route({"backendRefs": [{"name": "cart"}]}),
            "spec.rules[0].backendRefs[0]: Invalid value: Must have port for Service reference",
        ),
        (
            http_route({"timeouts": {"request": "1s", "backendRequest": "2s"}}),
            "spec.rules[0].timeouts: Invalid value: backendRequest timeout cannot be longer than request timeout",
        ),
        (
            http_route({}, parentRefs=[{"name": "a"}, {"name": "a", "sectionName": "web"}]),
            "spec.parentRefs: Invalid value: "
            "sectionName or port must be specified when parentRefs includes 2 or more references to the same parent",
        ),
        (
            gateway(LISTENER, addresses=[{"type": "IPAddress", "value": "1.1.1"}]),
            'spec.addresses[0]: Invalid value: {"type": "IPAddress", "value": "1.1.1"}: '
            "must validate one and only one schema (oneOf)",
        ),
        (
            document(
                "TLSRoute", spec={"hostnames": ["10.0.0.1"], "rules": [{"backendRefs": [{"name": "a", "port": 1}]}]}
            ),
            "spec.hostnames: Invalid value: Hostnames cannot contain an IP",
        ),
        (
            document("GatewayClass", spec={"controllerName": "gatehouse"}),
            'spec.controllerName: Invalid value: "gatehouse": should match '
            r"'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$'",
        ),
        (document("Gateway"), "spec: Required value"),
        (document("Gateway", spec=[]), "spec: Invalid value: spec must be of type object, not array"),
    ],
)
def test_a_gateway_api_document_is_refused(given: dict[str, Any], refusal: str) -> None:
    assert refusals(given) == [refusal]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (service(ports=[{"name": "web"}]), "spec.ports[0].port: Required value"),
        (service(), "spec: Invalid value: ports are required, but for headless Services and ExternalName"),
        (
            service(ports=[{"port": 70000}]),
            "spec.ports[0].port: Invalid value: 70000: should be less than or equal to 65535",
        ),
        (
            service(ports=[{"port": 80, "targetPort": "no_port"}]),
            'spec.ports[0].targetPort: Invalid value: "no_port": must be a valid port-name',
        ),
        (
            service(ports=[{"port": 80}, {"port": 81}]),
            "spec.ports: Invalid value: each port needs a name where there are several",
        ),
        (
            service(ports=[{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]),
            'spec.ports[1]: Duplicate value: {"port": 80, "protocol": "TCP"}',
        ),
        (service(type="ExternalName"), "spec: Invalid value: externalName is required when type is ExternalName"),
        (
            document("Service", "v1", name="1st", spec={"ports": [{"port": 80}]}),
            'metadata.name: Invalid value: "1st": must be a valid dns1035-label',
        ),
        (
            document("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4", endpoints=[{"addresses": ["::1"]}]),
            "Invalid value: each address must be an IPv4 address when addressType is IPv4",
        ),
        (document("EndpointSlice", "discovery.k8s.io/v1", endpoints=[]), "addressType: Required value"),
        (
            document("Secret", "v1", type="kubernetes.io/tls", data={"tls.crt": ""}),
            "Invalid value: data needs tls.crt and tls.key when type is kubernetes.io/tls",
        ),
        (
            document("ConfigMap", "v1", data={"n": 1}),
            "data.n: Invalid value: data.n must be of type string, not integer",
        ),
        (
            document("ConfigMap", "v1", data={"a b": "c"}),
            'data: Invalid value: "a b": must be a valid config-key',
        ),
    ],
)
def test_a_core_document_is_refused(given: dict[str, Any], refusal: str) -> None:
    assert refusals(given) == [refusal]


def test_a_secrets_value_is_never_shown() -> None:
    assert refusals(document("Secret", "v1", data={"password": "hunter2!"})) == [
        "data.password: Invalid value: must be a valid byte"
    ]


def test_headless_and_external_services_need_no_ports() -> None:
    assert refusals(service(clusterIP="None")) == []
    assert refusals(service(type="ExternalName", externalName="example.com")) == []


def test_rules_are_not_asked_of_a_broken_structure() -> None:
    """A kube-apiserver evaluates CEL only where no required, too long, unsupported or mistyped field was found."""
    broken = {"matches": [{"path": {"type": "Suffix", "value": "/a//b"}}], "backendRefs": [{"name": "a"}]}
    assert [str(v.path) for v in admit(http_route(broken)).violations] == ["spec.rules[0].matches[0].path.type"]


def test_unknown_fields_are_pruned_and_told() -> None:
    admitted = admit(http_route({"match": []}, hostname="a.com"))
    assert admitted.violations == ()
    assert list(map(str, admitted.unknown)) == ["spec.rules[0].match", "spec.hostname"]
    assert admitted.document["spec"] == {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]}


def test_status_is_dropped() -> None:
    admitted = admit({**http_route({}), "status": {"parents": "nonsense"}})
    assert (admitted.violations, admitted.unknown, "status" in admitted.document) == ((), (), False)


def test_sixty_four_listeners_meet_every_rule() -> None:
    assert refusals(gateway(*({**LISTENER, "name": f"n{i}", "hostname": f"n{i}.com"} for i in range(64)))) == []


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_what_is_no_text_keeps_the_rules_from_being_asked(text: str) -> None:
    """Neither a lone surrogate nor a NUL survives the way into CEL."""
    backend = {"name": text, "port": 80}
    assert [v.cause for v in admit(http_route({"backendRefs": [backend]})).violations] == [Cause.TYPE_INVALID]
    assert [v.cause for v in admit(document("ConfigMap", "v1", data={text: ""})).violations] == [Cause.TYPE_INVALID]
    "\n".join(refusals(document("HTTPRoute", name=text, spec={}))).encode()
