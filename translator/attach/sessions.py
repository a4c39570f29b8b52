"""Session persistence: what brings a client back to the endpoint that answered it first.

Source: gateway-api v1.7.0, apis/v1/shared_types.go (SessionPersistence), GEP-1619. It comes after the choice of a
backend by weight and never changes that choice: each backend has sessions of its own.
"""

import re
from hashlib import blake2b

from translator import ir
from translator.api.routes import SessionPersistence
from translator.attach import durations, headers
from translator.attach.conditions import Reason

_PATH = re.compile(r"/[!-:<-~]*", re.ASCII)
_OF_HTTP = frozenset({"host", "connection", "content-length", "cookie", "set-cookie", "transfer-encoding", "upgrade"})


def read(persistence: SessionPersistence) -> ir.Session | ir.Refusal:
    """Read a SessionPersistence, its cookie without a name if none is given; what cannot be kept track of is refused.

    An Envoy remembers nothing of a session: it is as old as its cookie says, and one that says so tells the browser.
    """
    match persistence.type:
        case "Cookie":
            return _cookie(persistence)
        case "Header":
            return _header(persistence)
        case _:
            return _unsupported(f"type {persistence.type} is not supported")


def of_backend(session: ir.Session | None, place: str, cluster: ir.ClusterKey) -> ir.Session | None:
    """Give a nameless cookie a name that no other backend of the same rule has, nor any other rule."""
    if session is None or session.header or session.cookie:
        return session
    digest = blake2b("\n".join((place, *map(str, cluster))).encode(), digest_size=6).hexdigest()
    return ir.Session(cookie=f"gatehouse-{digest}", path=session.path, max_age=session.max_age)


def _cookie(persistence: SessionPersistence) -> ir.Session | ir.Refusal:
    cookie, text = persistence.cookie, persistence.absolute_timeout
    if cookie.name is not None and not headers.is_name(cookie.name):
        return _unsupported(f"{cookie.name!r} is not the name of a cookie")
    if _PATH.fullmatch(cookie.path) is None:
        return _unsupported(f"cookie.path {cookie.path!r} is not a path of printable ASCII characters")
    if cookie.lifetime_type == "Session":
        return _untracked(text) or ir.Session(cookie=cookie.name or "", path=cookie.path)
    if cookie.lifetime_type != "Permanent":
        return _unsupported(f"cookie.lifetimeType {cookie.lifetime_type} is not supported")
    lasting = durations.milliseconds(text or "")
    if not lasting:
        return _unsupported(f"absoluteTimeout {text!r} is no duration that a permanent cookie could last")
    return ir.Session(cookie=cookie.name or "", path=cookie.path, max_age=-(-lasting // 1000))


def _header(persistence: SessionPersistence) -> ir.Session | ir.Refusal:
    header = persistence.header
    if header is None or not headers.is_name(header.name):
        return _unsupported("type Header needs the name of a header")
    if header.name.lower() in _OF_HTTP:
        return _unsupported(f"header {header.name} means something else")
    return _untracked(persistence.absolute_timeout) or ir.Session(header=header.name.lower())


def _untracked(absolute_timeout: str | None) -> ir.Refusal | None:
    if absolute_timeout is None:
        return None
    message = (
        "absoluteTimeout is supported for cookies of lifetimeType Permanent alone: no other session's age is known"
    )
    return _unsupported(message)


def _unsupported(message: str) -> ir.Refusal:
    return ir.Refusal(Reason.UNSUPPORTED_VALUE, f"sessionPersistence: {message}")
