"""XBackends: names outside of the cluster and pods by label, as backends that routes refer to.

Source: gateway-api v1.7.0, apisx/v1alpha1/xbackend_types.go, GEP-4894. The endpoints of selected pods are those of a
Service that selects by the same labels; what else that Service says plays no part.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from translator import ir
from translator.api.core import Service
from translator.api.experimental import BackendSpec, XBackend
from translator.api.gateway import GATEWAY_GROUP
from translator.api.routes import BackendObjectReference, ParentReference
from translator.api.telemetry import EXPERIMENTAL_GROUP
from translator.attach import hostnames, policies, sessions
from translator.attach.authorities import Bundle
from translator.attach.conditions import Reason, Type, condition, refused
from translator.attach.grants import Grants, may_send
from translator.ir import Refusal
from translator.status import ParentStatus, PolicyStatus
from translator.value import Key, Lookup, Ref, Value

KIND = "XBackend"
MOST_ANCESTORS = 32

Selector: TypeAlias = tuple[tuple[str, str], ...]
"""Labels, sorted."""
Selecting: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""The Services that select by some labels, by name, each with its target ports as far as they are numbers."""

SPOKEN: Mapping[str, Mapping[str, str]] = {
    "HTTPRoute": {"": "http1", "HTTP": "http1", "HTTP11": "http1", "WSS": "http1", "MCP": "http1"},
    "GRPCRoute": {"": "http2", "HTTP": "http2"},
    "XTelemetryPolicy": {
        "": "http2",
        "HTTP": "http1",
        "HTTP11": "http1",
        "HTTP2": "http2",
        "H2C": "http2",
        "GRPC": "http2",
    },
    "TLSRoute": {"": "tcp", "TCP": "tcp"},
    "TCPRoute": {"": "tcp", "TCP": "tcp"},
}
"""By kind of route: how a backend of this protocol is spoken to, beside those of HTTP/2, which HTTP and gRPC share."""
HTTP2 = ("HTTP2", "H2C", "GRPC")
OVER_TLS = {"http1": "https1", "http2": "https2", "tcp": "tls"}


class Backing(Value):
    """What an XBackend comes to by itself."""

    port: int
    protocol: str
    secured: bool = False
    host: str = ""
    """A name to resolve; empty for pods."""
    service: Key | None = None
    """Whose EndpointSlices have the pods."""
    verification: ir.Verification | None = None
    session: ir.Session | None = None
    refusal: Refusal | None = None
    """Why nothing is sent to it."""


def by_selector(key: Key, service: Service) -> Iterable[tuple[tuple[str, Selector], str, tuple[int, ...]]]:
    """Put a Service to the others of the namespace that select by the same labels."""
    if service.spec.selector and service.spec.type != "ExternalName":
        targets = (it.port if it.target_port is None else it.target_port for it in service.spec.ports)
        numbers = tuple(it for it in targets if isinstance(it, int))
        yield (key.namespace, tuple(sorted(service.spec.selector.items()))), key.name, numbers


def judge(
    key: Key,
    backend: XBackend,
    selecting: Lookup[tuple[str, Selector], Selecting],
    bundles: Lookup[Ref, Bundle | Refusal],
) -> Backing:
    """Say what an XBackend comes to; one that cannot be reached as it says is not reached otherwise."""
    spec = backend.spec
    host = spec.external_hostname.hostname.lower() if spec.external_hostname is not None else ""
    service = None if host else _selected(key, spec, selecting)
    verification = _verification(key, spec, bundles)
    session = None if spec.session_persistence is None else sessions.read(spec.session_persistence)
    found = (_unsupported(spec, host), service, verification, session)
    return Backing(
        port=spec.port.number,
        protocol=spec.protocol or "",
        secured=spec.tls.mode != "None",
        host=host,
        service=service if isinstance(service, Key) else None,
        verification=verification if isinstance(verification, ir.Verification) else None,
        session=session if isinstance(session, ir.Session) else None,
        refusal=next((it for it in found if isinstance(it, Refusal)), None),
    )


def resolve(
    ref: BackendObjectReference,
    home: Ref,
    backings: Lookup[Key, Backing],
    granted: Lookup[str, Grants],
    spoken_as: str,
    group: str = GATEWAY_GROUP,
) -> ir.ClusterKey | Refusal:
    """Resolve a reference of `home` to an XBackend: permission, existence, then how it is spoken to."""
    target = Key(ref.namespace or home.namespace, ref.name)
    refusal = may_send(granted, group, home, EXPERIMENTAL_GROUP, Ref(KIND, *target))
    if refusal is not None:
        return refusal
    backing = backings.get(target)
    if backing is None:
        return Refusal(Reason.BACKEND_NOT_FOUND, f"XBackend {target} does not exist")
    if backing.refusal is not None:
        return Refusal(Reason.BACKEND_NOT_FOUND, f"XBackend {target} cannot be reached: {backing.refusal.message}")
    known = SPOKEN.get(spoken_as, {})
    protocol = "http2" if backing.protocol in HTTP2 and spoken_as in ir.HTTP_ROUTES else known.get(backing.protocol)
    if protocol is None:
        message = f"XBackend {target} has protocol {backing.protocol or 'HTTP'}, which {spoken_as} cannot speak"
        return Refusal(Reason.UNSUPPORTED_PROTOCOL, message)
    spoken = OVER_TLS[protocol] if backing.secured else protocol
    return ir.ClusterKey(target.namespace, target.name, backing.port, spoken, KIND)


def of_backend(
    key: Key, backend: XBackend, backings: Lookup[Key, Backing], users: Lookup[Key, tuple[Key, ...]]
) -> PolicyStatus | None:
    """Report on an XBackend to the Gateways whose routes use it; None where there is none."""
    backing, gateways = backings.get(key), users.get(key)
    if backing is None or not gateways:
        return None
    generation = backend.metadata.generation
    accepted = (
        condition(Type.ACCEPTED, True, Reason.ACCEPTED, "the backend is valid", generation)
        if backing.refusal is None
        else refused(Type.ACCEPTED, (backing.refusal,), generation)
    )
    ancestors = (ParentReference(name=it.name, namespace=it.namespace) for it in gateways[:MOST_ANCESTORS])
    return PolicyStatus(tuple(ParentStatus(it, (accepted,)) for it in ancestors))


def _unsupported(spec: BackendSpec, host: str) -> Refusal | None:
    if spec.type not in ("ExternalHostname", "EndpointSelector"):
        return Refusal(Reason.UNSUPPORTED_VALUE, f"type {spec.type} is not supported")
    if not spec.port.number:
        return Refusal(Reason.UNSUPPORTED_VALUE, "port needs a number")
    if host and not (hostnames.precise(host) and host[-1].isalpha()):
        return Refusal(Reason.UNSUPPORTED_VALUE, f"externalHostname {host!r} is not a hostname")
    if spec.tls.mode not in ("None", "ServerOnly"):
        message = f"tls.mode {spec.tls.mode} is not supported; use ServerOnly, or a Gateway's own client certificate"
        return Refusal(Reason.UNSUPPORTED_VALUE, message)
    return None


def _selected(key: Key, spec: BackendSpec, selecting: Lookup[tuple[str, Selector], Selecting]) -> Key | Refusal:
    """Find a Service of the same labels, one with the port among its targets first, then the first by name."""
    labels = {} if spec.endpoint_selector is None else spec.endpoint_selector.match_labels
    found = selecting.get((key.namespace, tuple(sorted(labels.items())))) or ()
    if not found:
        written = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
        message = f"no Service of namespace {key.namespace} selects pods by {written}; make a headless one that does"
        return Refusal(Reason.BACKEND_NOT_FOUND, message)
    having = [name for name, targets in found if spec.port.number in targets]
    return Key(key.namespace, having[0] if having else found[0][0])


def _verification(
    key: Key, spec: BackendSpec, bundles: Lookup[Ref, Bundle | Refusal]
) -> ir.Verification | Refusal | None:
    if spec.tls.validation is None:
        return None
    return policies.verification(spec.tls.validation, key.namespace, bundles)
