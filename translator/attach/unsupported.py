"""What a Gateway may ask for that is not supported: said aloud, and refused where ignoring it would be worse."""

from translator.api.gateway import Gateway, Listener
from translator.attach import http3, listener_filters
from translator.attach.conditions import Reason
from translator.ir import Refusal

PROTOCOLS = ("HTTP", "HTTPS", "TLS", "TCP", "UDP")
"""Protocols of the specification."""


def of_gateway(gateway: Gateway) -> Refusal | None:
    """Refuse a Gateway as a whole: addresses concern all of it."""
    types = dict.fromkeys(it.type for it in gateway.spec.addresses if it.type != "IPAddress")
    if types:
        message = f"addresses of type {', '.join(types)} are not supported; ask for type IPAddress or for none"
        return Refusal(Reason.UNSUPPORTED_ADDRESS, message)
    return None


def of_listener(listener: Listener) -> tuple[Refusal, ...]:
    """Refuse a listener that asks for what its clients would miss, or for a protocol that nobody knows."""
    if listener.protocol not in PROTOCOLS:
        message = f"protocol {listener.protocol} is not known; use one of {', '.join(PROTOCOLS)}"
        return (Refusal(Reason.UNSUPPORTED_PROTOCOL, message),)
    refusals = []
    if listener.protocol != "TLS" and listener.tls is not None and listener.tls.mode != "Terminate":
        refusals.append(f"tls.mode {listener.tls.mode} is not supported for {listener.protocol}; use Terminate")
    unknown = sorted(listener.tls.options.keys() - {http3.OPTION}) if listener.tls is not None else []
    if unknown:
        refusals.append(f"tls.options {', '.join(unknown)} are not supported; remove them")
    refusals += filter(None, [http3.invalid(listener)])
    return (
        *(Refusal(Reason.UNSUPPORTED_VALUE, message) for message in refusals),
        *listener_filters.invalid(listener),
    )
