"""Who may look: this machine's own people, by a name of this machine, to read. A page of somebody else's may not.

A browser sends requests to loopback for any page that is open in it. Such a request tells itself by its Origin or
Sec-Fetch-Site; and one to a name that somebody makes lead to loopback (DNS rebinding) by its Host.
"""

from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

HEADERS = (
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Go with every answer."""


class Refused(NamedTuple):
    """Why somebody is shown nothing."""

    status: HTTPStatus
    words: str


def refusal(environ: Mapping[str, Any]) -> Refused | None:
    """Say why a request is not answered; None where it is."""
    if environ["REQUEST_METHOD"] != "GET":
        return Refused(HTTPStatus.METHOD_NOT_ALLOWED, "this page is for reading")
    if not is_loopback(environ.get("REMOTE_ADDR", "")):
        return Refused(HTTPStatus.FORBIDDEN, "this page is shown over loopback alone: `gatehouse page` leads to it")
    host = environ.get("HTTP_HOST", "")
    if not _is_here(host):
        return Refused(HTTPStatus.FORBIDDEN, f"{host!r} is no name of this machine's loopback")
    if environ.get("HTTP_ORIGIN", f"http://{host}") != f"http://{host}":
        return Refused(HTTPStatus.FORBIDDEN, "another page may not read this one")
    if environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not _is_visit(environ):
        return Refused(HTTPStatus.FORBIDDEN, "another page may not read this one")
    return None


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own alone; one of IPv4 may be written as IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def _is_here(host: str) -> bool:
    name = host[: host.rfind(":")] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    name = name.strip("[]").lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def _is_visit(environ: Mapping[str, Any]) -> bool:
    """Whether somebody followed a link to the page."""
    return bool(environ.get("PATH_INFO") == "/" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate")
