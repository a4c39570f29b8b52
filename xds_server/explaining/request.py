"""A request as a client would send it, and its path as Envoy sees it."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from translator.value import Value

DEFAULT_PORTS = {"http": 80, "https": 443}
DOTS = re.compile(r"%2e", re.IGNORECASE)


class NotARequest(ValueError):
    """Why a request could not be read, in words for who wrote it."""


class Request(Value):
    """What matters of a request to those who route it."""

    method: str
    scheme: str
    authority: str
    """Host, with the port where one was written."""
    port: int
    """Where it arrives: the port of the URL."""
    path: str
    """Without the query, as the client sends it."""
    query: str
    headers: tuple[tuple[str, str], ...]
    """Names in lower case; several of a name are looked at one by one."""
    server_name: str
    """What TLS says before the request is known; empty without TLS."""
    has_query: bool = False
    """Whether there is a query, be it an empty one."""

    @property
    def host(self) -> str:
        """The authority without its port, in lower case."""
        return without_port(self.authority).lower()

    @property
    def normal_path(self) -> str:
        """The path without dot segments and doubled slashes."""
        return normal(self.path)

    def header(self, name: str) -> tuple[str, ...]:
        """Return the values of a header or pseudo header; none where the request has none."""
        pseudo = {
            ":method": self.method,
            ":path": self.normal_path + (f"?{self.query}" if self.has_query else ""),
            ":scheme": self.scheme,
            ":authority": self.authority,
        }
        return (pseudo[name],) if name in pseudo else tuple(value for key, value in self.headers if key == name)

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, as it is written."""
        for pair in self.query.split("&"):
            key, _, value = pair.partition("=")
            if key == name:
                return value
        return None


def read(method: str, url: str, headers: Iterable[str] = (), server_name: str | None = None) -> Request:
    """Read what stands on a command line: a method, a URL, `Name: value` headers; raises NotARequest."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise NotARequest(f"{url!r} is not a URL of HTTP; write it like https://shop.example.com/cart")
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError as error:
        raise NotARequest(f"{url!r} has no usable port: {error}") from error
    pairs = [_header(text) for text in headers]
    hosts = [value for name, value in pairs if name == "host"]
    authority = hosts[-1] if hosts else parts.netloc.rpartition("@")[2]
    secure = parts.scheme == "https"
    return Request(
        method=method.upper(),
        scheme=parts.scheme,
        authority=authority,
        port=port,
        path=parts.path or "/",
        query=parts.query,
        has_query="?" in url,
        headers=tuple((name, value) for name, value in pairs if name != "host"),
        server_name=(server_name if server_name is not None else parts.hostname).lower() if secure else "",
    )


def without_port(authority: str) -> str:
    """Return a host without its port: `[::1]:80` is `[::1]`."""
    host, colon, port = authority.rpartition(":")
    return host if colon and port.isdecimal() and (not host or host[-1] == "]" or ":" not in host) else authority


def normal(path: str) -> str:
    """Return a path as Envoy routes it: `.` and `..` resolved (encoded dots too), backslashes and `//` made `/`."""
    kept: list[str] = []
    segments = DOTS.sub(".", path).replace("\\", "/").split("/")[1:] if _has_dots(path) else path.split("/")[1:]
    for nth, segment in enumerate(segments):
        last = nth == len(segments) - 1
        if segment in (".", ".."):
            if segment == "..":
                _leave(kept)
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return _merged("/" + "/".join(kept))


def _merged(path: str) -> str:
    """Merge slashes as Envoy does, which leaves two where there is nothing else."""
    if "//" not in path:
        return path
    return "/" + "/".join(filter(None, path.split("/"))) + ("/" if path.endswith("/") else "")


def _has_dots(path: str) -> bool:
    return "." in path or "\\" in path or DOTS.search(path) is not None


def _leave(kept: list[str]) -> None:
    if kept:
        kept.pop()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip()):
        raise NotARequest(f"{text!r} is not a header; write it like 'x-user: 7'")
    return name.strip().lower(), value.strip()
