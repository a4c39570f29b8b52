"""What all of it speaks of: hosts, kinds, protocols, and why something is not done."""

from translator.value import Value

ANY_HOST = "*"

HTTP_ROUTES = ("HTTPRoute", "GRPCRoute")
"""Route kinds that end in virtual hosts."""

STREAM_ROUTES = ("TLSRoute", "TCPRoute", "UDPRoute")
"""Route kinds that move bytes and do not look into them."""

HTTP_PROTOCOLS = ("HTTP", "HTTPS")
"""Protocols of listeners that have virtual hosts."""

SECURE_PROTOCOLS = ("HTTPS", "TLS")
"""Protocols whose listeners are told apart by server name, and so may share a port."""


class Refusal(Value):
    """Why something a user asked for is not done: a Reason of the specification and what to change."""

    reason: str
    message: str
