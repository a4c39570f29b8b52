"""Backend references: the Service port they lead to and how it is spoken to, or the Reason that refuses them.

Source: gateway-api v1.7.0, apis/v1/httproute_types.go (HTTPBackendRef), object_reference_types.go, GEP-1911.

Protocols over TLS (`https`, `kubernetes.io/wss`) are spoken encrypted; the backend's certificate is verified where a
BackendTLSPolicy says against what, and else not. GEP-1911 leaves both to the implementation.
"""

from collections.abc import Mapping

from translator import ir
from translator.api.core import MULTICLUSTER_GROUP, SERVICE_IMPORT, Service, ServicePort, imported
from translator.api.gateway import GATEWAY_GROUP
from translator.api.routes import BackendObjectReference
from translator.api.telemetry import EXPERIMENTAL_GROUP
from translator.attach import policies, xbackends
from translator.attach.conditions import Reason
from translator.attach.grants import Grants, may_send
from translator.value import NO_ROWS, Key, Lookup, Ref

PROTOCOLS: Mapping[str, Mapping[str, str]] = {
    "HTTPRoute": {
        "": "http1",
        "http": "http1",
        "kubernetes.io/ws": "http1",
        "kubernetes.io/h2c": "http2",
        "http2": "http2",
        "grpc": "http2",
        "https": "https1",
        "kubernetes.io/wss": "https1",
    },
    "GRPCRoute": {
        "": "http2",
        "http": "http2",
        "http2": "http2",
        "grpc": "http2",
        "kubernetes.io/h2c": "http2",
        "https": "https2",
    },
    "XTelemetryPolicy": {
        "": "http2",
        "http": "http1",
        "http2": "http2",
        "grpc": "http2",
        "kubernetes.io/h2c": "http2",
        "https": "https1",
    },
}
"""By kind of route: how a Service port of this appProtocol is spoken to; gRPC runs over HTTP/2 alone."""

SECURED: Mapping[str, str] = {
    "http1": "https1",
    "https1": "https1",
    "http2": "https2",
    "https2": "https2",
    "tcp": "tls",
}
"""What becomes of a protocol where a BackendTLSPolicy holds; UDP is left as it is."""


def resolve(
    ref: BackendObjectReference,
    home: Ref,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, policies.Targeting],
    spoken_as: str = "",
    group: str = GATEWAY_GROUP,
    backings: Lookup[Key, xbackends.Backing] = NO_ROWS,
) -> ir.ClusterKey | ir.Refusal:
    """Resolve a reference of `home`: kind, permission, existence, then policies.

    It is spoken to as backends of that kind of route are, or of the kind `spoken_as`.
    """
    if (ref.group, ref.kind) == (EXPERIMENTAL_GROUP, xbackends.KIND):
        return xbackends.resolve(ref, home, backings, granted, spoken_as or home.kind, group)
    if (ref.group, ref.kind) not in (("", "Service"), (MULTICLUSTER_GROUP, SERVICE_IMPORT)):
        kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
        message = f"backendRef {ref.name} is of kind {kind}: only Services, ServiceImports and XBackends are supported"
        return ir.Refusal(Reason.INVALID_KIND, message)
    target = Key(ref.namespace or home.namespace, ref.name)
    refusal = may_send(granted, group, home, ref.group, Ref(ref.kind, *target))
    if refusal is not None:
        return refusal
    service = services.get(imported(target) if ref.kind == SERVICE_IMPORT else target)
    if service is None:
        return ir.Refusal(Reason.BACKEND_NOT_FOUND, f"{ref.kind} {target} does not exist")
    if ref.port is None:
        return ir.Refusal(Reason.BACKEND_NOT_FOUND, f"backendRef {target} names no port of the {ref.kind}")
    protocol = _protocol(service, f"{ref.kind} {target}", ref.port, spoken_as or home.kind)
    if isinstance(protocol, ir.Refusal):
        return protocol
    key = ir.ClusterKey(target.namespace, target.name, ref.port, protocol, ref.kind)
    return _secured(key, service, targeted.get(target)) if ref.kind == "Service" else key


def place_of(key: ir.ClusterKey) -> Key:
    """Return where the Service or ServiceImport of a cluster stands among Services."""
    place = Key(key.namespace, key.name)
    return imported(place) if key.kind == SERVICE_IMPORT else place


def _secured(key: ir.ClusterKey, service: Service, targeting: policies.Targeting | None) -> ir.ClusterKey | ir.Refusal:
    """Speak over TLS where a policy holds for the port, or not at all where that cannot be done as it says."""
    port = port_of(service, key.port)
    applied = None if port is None or key.protocol not in SECURED else policies.effective(port.name, targeting)
    if applied is None:
        return key
    return applied.refusal or key._replace(protocol=SECURED[key.protocol])


def port_of(service: Service, port: int, transport: str = "TCP") -> ServicePort | None:
    """Return the Service's port; an ExternalName Service that lists none has every port."""
    if service.spec.type == "ExternalName" and not service.spec.ports:
        return ServicePort(port, protocol=transport)
    return next((it for it in service.spec.ports if (it.port, it.protocol) == (port, transport)), None)


def _protocol(service: Service, target: str, port: int, kind: str) -> str | ir.Refusal:
    transport = "UDP" if kind == "UDPRoute" else "TCP"
    found = port_of(service, port, transport)
    if found is None:
        other = next((it.protocol for it in service.spec.ports if it.port == port), None)
        if other is None:
            return ir.Refusal(Reason.BACKEND_NOT_FOUND, f"{target} has no port {port}")
        message = f"port {port} of {target} is a {other} port, and {kind} needs {transport}"
        return ir.Refusal(Reason.UNSUPPORTED_PROTOCOL, message)
    if kind not in PROTOCOLS:
        return transport.lower()
    protocol = PROTOCOLS[kind].get(_app_protocol(found))
    if protocol is None:
        message = f"port {port} of {target} has appProtocol {found.app_protocol}, which {kind} cannot speak"
        return ir.Refusal(Reason.UNSUPPORTED_PROTOCOL, message)
    return protocol


def _app_protocol(port: ServicePort) -> str:
    """Names without a prefix are IANA's, in whatever case (RFC 6335)."""
    written = port.app_protocol or ""
    return written if "/" in written else written.lower()
