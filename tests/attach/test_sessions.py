from typing import Any

import msgspec
import pytest

from translator import ir
from translator.api.routes import SessionPersistence
from translator.attach import sessions
from translator.attach.conditions import Reason

CART, OTHER = ir.ClusterKey("shop", "cart", 80), ir.ClusterKey("shop", "other", 80)
RULE = "httproute/shop/cart/rule/0"


def read(**written: Any) -> ir.Session | ir.Refusal:
    return sessions.read(msgspec.convert(written, SessionPersistence))


@pytest.mark.parametrize(
    ("written", "session"),
    [
        ({}, ir.Session()),
        ({"cookie": {"name": "s"}}, ir.Session(cookie="s")),
        ({"cookie": {"name": "s", "path": "/a"}}, ir.Session(cookie="s", path="/a")),
        (
            {"cookie": {"name": "s", "lifetimeType": "Permanent"}, "absoluteTimeout": "1m"},
            ir.Session(cookie="s", max_age=60),
        ),
        (
            {"cookie": {"name": "s", "lifetimeType": "Permanent"}, "absoluteTimeout": "1500ms"},
            ir.Session(cookie="s", max_age=2),
        ),
        ({"type": "Header", "header": {"name": "X-Session"}}, ir.Session(header="x-session")),
    ],
)
def test_sessions_are_kept_in_a_cookie_or_a_header(written: dict[str, Any], session: ir.Session) -> None:
    assert read(**written) == session


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"type": "Odd"}, "type Odd is not supported"),
        ({"cookie": {"name": "a b"}}, "'a b' is not the name of a cookie"),
        ({"cookie": {"path": "/; Domain=example.com"}}, "is not a path"),
        ({"cookie": {"path": "a"}}, "is not a path"),
        ({"absoluteTimeout": "1h"}, "no other session's age is known"),
        ({"type": "Header", "header": {"name": "x"}, "absoluteTimeout": "1h"}, "no other session's age is known"),
        ({"cookie": {"lifetimeType": "Permanent"}}, "no duration"),
        ({"cookie": {"lifetimeType": "Permanent"}, "absoluteTimeout": "0s"}, "no duration"),
        ({"type": "Header"}, "needs the name of a header"),
        ({"type": "Header", "header": {"name": "Host"}}, "header Host means something else"),
    ],
)
def test_what_cannot_be_kept_track_of_is_refused(written: dict[str, Any], words: str) -> None:
    refused = read(**written)
    assert isinstance(refused, ir.Refusal)
    assert refused.reason is Reason.UNSUPPORTED_VALUE
    assert words in refused.message


def test_a_nameless_cookie_is_named_for_its_rule_and_backend() -> None:
    nameless = ir.Session(path="/a", max_age=5)
    places = [(RULE, CART), (RULE, OTHER), (RULE.replace("0", "1"), CART)]
    named = [sessions.of_backend(nameless, *place) for place in places]
    assert len({it.cookie for it in named if it is not None}) == 3
    assert {(it.path, it.max_age) for it in named if it is not None} == {("/a", 5)}
    assert named[0] == sessions.of_backend(nameless, RULE, CART)


@pytest.mark.parametrize("session", [None, ir.Session(cookie="s"), ir.Session(header="x-session")])
def test_a_name_that_was_given_stays(session: ir.Session | None) -> None:
    assert sessions.of_backend(session, RULE, CART) == session
