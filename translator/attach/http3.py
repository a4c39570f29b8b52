"""HTTP/3: which HTTPS listeners are served over QUIC too, on the UDP port of the same number.

A listener asks for it by a key of our own in `tls.options` (ListenerTLSConfig, apis/v1/gateway_types.go).
"""

from translator.api.gateway import Listener

OPTION = "gatehouse.dev/http3"
VALUES = ("true", "false")


def invalid(listener: Listener) -> str:
    """Say what is wrong with the option; nothing where it is as it should be, or absent."""
    value = _value(listener)
    if value is None:
        return ""
    if listener.protocol != "HTTPS":
        return f"tls.options {OPTION} is for HTTPS listeners; remove it"
    return "" if value in VALUES else f'tls.options {OPTION} is {value!r}; use "true" or "false"'


def asked(listener: Listener) -> bool:
    """Whether a listener asks for HTTP/3."""
    return listener.protocol == "HTTPS" and _value(listener) == "true"


def hindrance(listener: Listener, validates: bool, taken: bool) -> str:
    """Say why a listener that asks for HTTP/3 is served without: `taken` is a port that a UDP listener has.

    Envoy asks for no client certificates over QUIC, and those who must show one are not let in by another door.
    """
    if not asked(listener):
        return ""
    if validates:
        return "HTTP/3 is not served, for it cannot ask for client certificates"
    if taken:
        return f"HTTP/3 is not served, for a UDP listener has port {listener.port}"
    return ""


def _value(listener: Listener) -> str | None:
    return None if listener.tls is None else listener.tls.options.get(OPTION)
