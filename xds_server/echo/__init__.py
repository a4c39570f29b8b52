"""The backend of the examples: it answers with what it received, over HTTP/1.1, HTTP/2, WebSocket and gRPC on one port.

It speaks the dialect of the Gateway API's conformance backend (echo-basic), so the same tests understand both. The HTTP
server itself is imported when one starts to listen, never before.
"""

from xds_server.echo.identity import Identity, from_environment
from xds_server.echo.server import Tls, listen, serve

__all__ = ["Identity", "Tls", "from_environment", "listen", "serve"]
