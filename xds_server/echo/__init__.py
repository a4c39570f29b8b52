"""The backend of the examples: it answers with what it received, over HTTP/1.1, HTTP/2, WebSocket and gRPC on one port,
and where it is asked to over TLS, TCP and UDP on others.

It speaks the dialect of the Gateway API's conformance backend (echo-basic), so the same tests understand both. The HTTP
server itself is imported when one starts to listen, never before.
"""

from xds_server.echo.identity import Identity, from_environment
from xds_server.echo.ports import Ports
from xds_server.echo.server import Tls, in_folder, listen, listen_all, serve

__all__ = ["Identity", "Ports", "Tls", "from_environment", "in_folder", "listen", "listen_all", "serve"]
