"""Persistent sessions in Envoy's words: the stateful_session filter, off unless a route or a backend asks for it."""

from datetime import timedelta

from envoy_data_plane.envoy.config.core import v3 as core_v3
from envoy_data_plane.envoy.extensions.filters.http.stateful_session import v3 as session_v3
from envoy_data_plane.envoy.extensions.http.stateful_session.cookie import v3 as cookie_v3
from envoy_data_plane.envoy.extensions.http.stateful_session.header import v3 as header_v3
from envoy_data_plane.envoy.type.http import v3 as http_v3
from envoy_data_plane.google import protobuf

from translator import ir
from translator.xds import wire


def per_route(session: ir.Session, secure: bool) -> protobuf.Any:
    """Return what a route says to the filter; a client whose endpoint is gone gets another one and a new session.

    Cookies are for HTTP alone, for requests from the same site, and where clients come over TLS for TLS alone.
    """
    state = _header(session) if session.header else _cookie(session, secure)
    config = wire.new(session_v3.StatefulSession, session_state=state)
    return wire.any_of(wire.new(session_v3.StatefulSessionPerRoute, stateful_session=config))


def none() -> protobuf.Any:
    """Return what a virtual host says to the filter: be there for routes that are yet to be chosen."""
    return wire.any_of(
        wire.new(session_v3.StatefulSessionPerRoute, stateful_session=wire.new(session_v3.StatefulSession))
    )


def _header(session: ir.Session) -> core_v3.TypedExtensionConfig:
    return wire.new(
        core_v3.TypedExtensionConfig,
        name="envoy.http.stateful_session.header",
        typed_config=wire.any_of(wire.new(header_v3.HeaderBasedSessionState, name=session.header)),
    )


def _cookie(session: ir.Session, secure: bool) -> core_v3.TypedExtensionConfig:
    attributes = [wire.new(http_v3.CookieAttribute, name="SameSite", value="Strict")]
    if secure:
        attributes.append(wire.new(http_v3.CookieAttribute, name="Secure"))
    cookie = wire.new(
        http_v3.Cookie,
        name=session.cookie,
        path=session.path,
        ttl=None if session.max_age is None else timedelta(seconds=session.max_age),
        attributes=attributes,
    )
    return wire.new(
        core_v3.TypedExtensionConfig,
        name="envoy.http.stateful_session.cookie",
        typed_config=wire.any_of(wire.new(cookie_v3.CookieBasedSessionState, cookie=cookie)),
    )
