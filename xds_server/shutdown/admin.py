"""Envoy's admin interface on a Unix socket, asked in few words: http.client alone is half of this process."""

import socket

TIMEOUT = 3.0


class Silent(Exception):
    """Envoy does not answer."""


class Absent(Silent):
    """There is no Envoy: it has not started, or is gone."""


def ask(path: str, method: str, target: str) -> str:
    """Send a request to the admin socket at `path` and return the body of the answer; raises Silent."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(path)
            request = f"{method} {target} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise Absent(str(error)) from error
    except OSError as error:
        raise Silent(str(error)) from error
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise Silent(f"{method} {target}: {head[:100].decode(errors='replace')}")
    if b"transfer-encoding: chunked" in head.lower():
        body = _joined(body)
    return body.decode(errors="replace")


def _joined(body: bytes) -> bytes:
    """Join a chunked body."""
    joined = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        joined += rest[:length]
        body = rest[length + 2 :]
    return joined
