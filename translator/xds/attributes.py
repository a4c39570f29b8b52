"""Attributes of spans in Envoy's words: where each of the dictionary's comes from (GEP-5253)."""

import json
from collections.abc import Mapping

from translator import ir
from translator.attach.attributes import REQUEST_HEADER, RESPONSE_HEADER

METHOD = "%REQ(:METHOD)%"
VERSIONS = (
    "%CEL(request.protocol == 'HTTP/2' ? '2' : request.protocol == 'HTTP/3' ? '3' : "
    "request.protocol == 'HTTP/1.0' ? '1.0' : '1.1')%"
)
ERRORS = (
    "%CEL(response.code < 500 ? '' : response.code == 500 ? '500' : response.code == 502 ? '502' : "
    "response.code == 503 ? '503' : response.code == 504 ? '504' : '_OTHER')%"
)

WORDS: Mapping[str, str] = {
    "http.request.method": METHOD,
    "http.request.method_original": METHOD,
    "http.response.status_code": "%RESPONSE_CODE%",
    "user_agent.original": "%REQ(USER-AGENT)%",
    "error.type": ERRORS,
    "url.scheme": "%REQ(:SCHEME)%",
    "url.path": "%PATH(NQ)%",
    "url.query": "%CEL(request.query)%",
    "url.full": "%REQ(:SCHEME)%://%REQ(:AUTHORITY)%%PATH(WQ)%",
    "client.address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "client.port": "%DOWNSTREAM_REMOTE_PORT%",
    "server.address": "%REQ(:AUTHORITY)%",
    "network.peer.address": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "network.peer.port": "%DOWNSTREAM_DIRECT_REMOTE_PORT%",
    "network.protocol.name": "http",
    "network.protocol.version": VERSIONS,
    "network.transport": "%CEL(request.protocol == 'HTTP/3' ? 'quic' : 'tcp')%",
    "network.type": "%CEL(source.address.startsWith('[') ? 'ipv6' : 'ipv4')%",
}
"""What does not differ from route to route; what comes to nothing is left out of the span."""


def of_tag(tag: ir.Tag) -> str:
    """Return a literal, or the format of what a span says.

    A header is the request's, or where that has none the response's.
    """
    match tag.source:
        case "literal":
            return tag.value
        case "header":
            operators = [{"command": command, "param": tag.value} for command in ("REQ", "RESP")]
            return f"%COALESCE({json.dumps({'operators': operators})})%"
        case _:
            return _of_attribute(tag.value)


def _of_attribute(key: str) -> str:
    for prefix, command in ((REQUEST_HEADER, "REQ"), (RESPONSE_HEADER, "RESP")):
        if key.startswith(prefix):
            return f"%{command}({key.removeprefix(prefix)})%"
    return WORDS[key]
