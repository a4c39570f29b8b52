"""External authorization: which service is asked whether a request may pass, and with what.

Source: gateway-api v1.7.0, apis/v1/httproute_types.go (HTTPExternalAuthFilter), GEP-1494.
"""

from translator import ir
from translator.api.routes import HTTPExternalAuthFilter
from translator.attach import headers, matches
from translator.attach.conditions import Reason

SPOKEN_AS = {"HTTP": "HTTPRoute", "GRPC": "GRPCRoute"}
"""The kind of route whose backends are spoken to in the same way."""


def read(filter_: HTTPExternalAuthFilter) -> ir.Authorization | ir.Refusal:
    """Read an ExternalAuth filter, all of it but which cluster the service is."""
    grpc, http = filter_.grpc, filter_.http
    named = (*grpc.allowed_headers, *http.allowed_headers, *http.allowed_response_headers)
    for name in named:
        if not headers.is_name(name):
            return _unsupported(f"{name!r} is not the name of a header")
    match filter_.protocol:
        case "GRPC":
            return ir.Authorization(None, True, _lower(grpc.allowed_headers), body=filter_.forward_body.max_size)
        case "HTTP":
            path = http.path.rstrip("/")
            if path and not matches.is_normalised(path):
                return _unsupported(f"http.path {http.path!r} is not a normalised absolute path")
            sent, copied = _lower(http.allowed_headers), _lower(http.allowed_response_headers)
            return ir.Authorization(None, False, sent, path, copied, filter_.forward_body.max_size)
        case _:
            return _unsupported(f"protocol {filter_.protocol} is not supported")


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({name.lower() for name in names}))


def _unsupported(message: str) -> ir.Refusal:
    return ir.Refusal(Reason.UNSUPPORTED_VALUE, f"filter ExternalAuth: {message}")
