"""What a Gateway may ask for that is not supported: said aloud, and refused where ignoring it would be worse."""

from translator.api.gateway import Gateway, GatewayTLSConfig, Listener
from translator.attach.conditions import Reason
from translator.ir import HTTP_PROTOCOLS, Refusal

PROTOCOLS = ("TLS", "TCP", "UDP")
"""Protocols of the specification that take no traffic."""


def of_gateway(gateway: Gateway) -> Refusal | None:
    """Refuse a Gateway as a whole: addresses concern all of it."""
    types = dict.fromkeys(it.type for it in gateway.spec.addresses if it.type != "IPAddress")
    if types:
        message = f"addresses of type {', '.join(types)} are not supported; ask for type IPAddress or for none"
        return Refusal(Reason.UNSUPPORTED_ADDRESS, message)
    scopes = dict.fromkeys(it.routability for it in gateway.spec.addresses if it.routability)
    if scopes:
        message = f"addresses of routability {', '.join(scopes)} are not supported; leave routability out"
        return Refusal(Reason.UNSUPPORTED_ADDRESS, message)
    return None


def of_listener(listener: Listener, tls: GatewayTLSConfig | None) -> tuple[Refusal, ...]:
    """Refuse a listener that asks for what its clients would miss, or for a protocol that takes no traffic."""
    if listener.protocol in PROTOCOLS:
        message = f"{listener.protocol} listeners take no traffic yet; use protocol HTTP or HTTPS"
        return (Refusal(Reason.UNSUPPORTED_PROTOCOL, message),)
    if listener.protocol not in HTTP_PROTOCOLS:
        message = f"protocol {listener.protocol} is not known; use HTTP or HTTPS"
        return (Refusal(Reason.UNSUPPORTED_PROTOCOL, message),)
    refusals = []
    if listener.tls is not None and listener.tls.mode != "Terminate":
        refusals.append(f"tls.mode {listener.tls.mode} is not supported for {listener.protocol}; use Terminate")
    if listener.tls is not None and listener.tls.options:
        refusals.append(f"tls.options {', '.join(sorted(listener.tls.options))} are not supported; remove them")
    if listener.filters is not None and listener.filters.requests:
        types = ", ".join(dict.fromkeys(it.type for it in listener.filters.requests))
        refusals.append(f"listener filters ({types}) are not supported; remove filters")
    if listener.protocol == "HTTPS" and _validates_clients(tls, listener.port):
        refusals.append(
            f"the Gateway's tls.frontend asks for client certificates on port {listener.port}, which are not checked "
            "yet; remove its validation to serve without"
        )
    return tuple(Refusal(Reason.UNSUPPORTED_VALUE, message) for message in refusals)


def references(gateway: Gateway) -> tuple[Refusal, ...]:
    """Refuse references of the Gateway itself; the specification lets it serve nonetheless."""
    backend = gateway.spec.tls.backend if gateway.spec.tls is not None else None
    if backend is None or backend.client_certificate_ref is None:
        return ()
    message = (
        f"tls.backend.clientCertificateRef {backend.client_certificate_ref.name} is not presented to backends yet; "
        "those that demand a client certificate will refuse the connection"
    )
    return (Refusal(Reason.INVALID_CLIENT_CERTIFICATE_REF, message),)


def _validates_clients(tls: GatewayTLSConfig | None, port: int) -> bool:
    """Say whether client certificates are asked for; a port's own configuration replaces the default."""
    if tls is None or tls.frontend is None:
        return False
    for override in tls.frontend.per_port:
        if override.port == port:
            return override.tls.validation is not None
    return tls.frontend.default.validation is not None
