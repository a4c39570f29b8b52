"""The dictionary of attributes that policies may ask for by the names of OpenTelemetry (GEP-5253)."""

REQUEST_HEADER, RESPONSE_HEADER = "http.request.header.", "http.response.header."
"""What the name of a header follows."""

KNOWN = frozenset(
    {
        "http.request.method",
        "http.request.method_original",
        "http.response.status_code",
        "http.route",
        "user_agent.original",
        "error.type",
        "url.scheme",
        "url.path",
        "url.query",
        "url.full",
        "client.address",
        "client.port",
        "server.address",
        "server.port",
        "network.peer.address",
        "network.peer.port",
        "network.protocol.name",
        "network.protocol.version",
        "network.transport",
        "network.type",
    }
)
"""Of the dictionary only `url.fragment` is missing: clients keep it to themselves."""

OF_ROUTES = frozenset({"http.route", "server.port"})
"""What differs from route to route, and not from request to request."""


def is_known(key: str) -> bool:
    """Say whether there is an answer to what an attribute asks."""
    return key in KNOWN or any(len(key) > len(it) and key.startswith(it) for it in (REQUEST_HEADER, RESPONSE_HEADER))
