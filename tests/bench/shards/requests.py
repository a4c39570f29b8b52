"""What scopes cost each request: Envoy's CPU for one that it answers itself, with scopes and with a table by name."""

import socket
from contextlib import ExitStack
from statistics import median

from tests.bench.process import cpu_seconds
from tests.bench.product import Product, product, route
from tests.bench.shards.plain import by_name
from tests.bench.shards.tables import WHOLE, Figures
from tests.envoy.running import LOOPBACK

HOSTS = 10
REQUESTS, ROUNDS = 2000, 9
HOST = "h3.example.com"


def asking() -> dict[str, Figures]:
    """Ask an Envoy that finds routes by scopes and one that does not, by turns."""
    routes = [route(f"r{number}", f"h{number}.example.com", backend=False) for number in range(HOSTS)]
    with ExitStack() as stack:
        scoped = stack.enter_context(product(WHOLE.sharding, *routes))
        plain = stack.enter_context(product(WHOLE.sharding, *routes, rewrite=by_name))
        took = [(microseconds(scoped), microseconds(plain)) for _ in range(ROUNDS)]
    with_scopes, without = (median(it) for it in zip(*took, strict=True))
    return {
        "by scopes": {"Envoy CPU µs": with_scopes},
        "by name": {"Envoy CPU µs": without},
        "more": {"Envoy CPU µs": median(one - other for one, other in took)},
    }


def microseconds(of: Product) -> float:
    """Send requests over one connection, one after the other; return Envoy's CPU for each."""
    request = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    with socket.create_connection((LOOPBACK, of.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = cpu_seconds(of.envoy.pid)
        for _ in range(REQUESTS):
            connection.sendall(request)
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 302 "), answer
            assert answer.endswith(b"\r\n\r\n"), answer
        return (cpu_seconds(of.envoy.pid) - before) / REQUESTS * 1e6
