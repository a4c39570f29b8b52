import json
from typing import Any

import msgspec
import pytest

from tests.kube.documents import bookmark, event, failure, service
from translator.api import core
from translator.api.kinds import KINDS
from translator.api.meta import Meta
from translator.value import Key, Ref
from xds_server.files import Change, Delete, Put
from xds_server.kube.decoding import of_kind
from xds_server.kube.errors import ApiError
from xds_server.kube.reflection import Kept, Reflection

CART, TILL = Ref("Service", "shop", "cart"), Ref("Service", "shop", "till")


class Play:
    """A reflection of Services, and what it told and complained of."""

    def __init__(self) -> None:
        self.told: list[Change] = []
        self.complaints: list[Key] = []
        kept = Kept("Service", self.told.append)
        self.reflection = Reflection(of_kind(KINDS["Service"]), kept, lambda key, _: self.complaints.append(key))

    def page(self, version: int, *items: dict[str, Any], more: str = "") -> str:
        body = {"metadata": {"resourceVersion": str(version), "continue": more}, "items": items or None}
        return self.reflection.page(json.dumps(body).encode())

    def line(self, document: dict[str, Any]) -> None:
        self.reflection.line(json.dumps(document).encode())

    def heard(self) -> list[Change]:
        told = list(self.told)
        self.told.clear()
        return told


def put(name: str, port: int = 80) -> Put:
    value = core.Service(
        metadata=Meta(name=name, namespace="shop"), spec=core.ServiceSpec(ports=(core.ServicePort(port),))
    )
    return Put(Ref("Service", "shop", name), value)


@pytest.fixture
def play() -> Play:
    return Play()


def test_pages_take_effect_together_after_the_last(play: Play) -> None:
    assert play.page(7, service("cart", 3), more="next") == "next"
    assert play.heard() == []
    assert play.reflection.version == ""
    assert play.page(7, service("till", 5)) == ""
    assert play.heard() == [put("cart"), put("till")]
    assert play.reflection.version == "7"


def test_a_list_begun_anew_forgets_the_pages_before(play: Play) -> None:
    play.page(7, service("cart", 3), more="next")
    play.reflection.begin()
    play.page(9, service("till", 5))
    assert play.heard() == [put("till")]


def test_a_second_list_tells_only_what_differs(play: Play) -> None:
    play.page(7, service("cart", 3), service("till", 5))
    play.heard()
    play.page(9, service("till", 8, port=90))
    assert play.heard() == [Delete(CART), put("till", port=90)]


def test_an_empty_list_takes_everything_away(play: Play) -> None:
    play.page(7, service("cart", 3))
    play.heard()
    play.page(9)
    assert play.heard() == [Delete(CART)]


def test_events_put_and_delete_and_move_the_version_on(play: Play) -> None:
    play.page(7)
    play.line(event("ADDED", service("cart", 8)))
    play.line(event("MODIFIED", service("cart", 9, port=90)))
    play.line(event("DELETED", service("cart", 10)))
    assert play.heard() == [put("cart"), put("cart", port=90), Delete(CART)]
    assert play.reflection.version == "10"


def test_an_event_that_changes_nothing_we_read_tells_nothing(play: Play) -> None:
    play.page(7, service("cart", 3))
    play.heard()
    play.line(event("MODIFIED", service("cart", 8, status={"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}})))
    assert play.heard() == []
    assert play.reflection.version == "8"


def test_an_object_being_deleted_is_still_there(play: Play) -> None:
    play.page(7)
    leaving = service("cart", 8)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    play.line(event("MODIFIED", leaving))
    assert play.heard() == [put("cart")]


def test_a_bookmark_only_moves_the_version_on(play: Play) -> None:
    play.page(7, service("cart", 3))
    play.heard()
    play.line(bookmark(20))
    assert (play.heard(), play.reflection.version) == ([], "20")


def test_an_error_event_is_raised_and_leaves_the_version(play: Play) -> None:
    play.page(7)
    with pytest.raises(ApiError) as raised:
        play.line(event("ERROR", failure(410, "Expired")))
    assert (raised.value.status, raised.value.reason) == (410, "Expired")
    assert play.reflection.version == "7"


@pytest.mark.parametrize("line", [b"", b"half a li", b'{"type":"ADDED"', b"[]", b'{"kind":"Status"}', b"\xff"])
def test_what_is_no_event_is_a_decode_error(play: Play, line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        play.reflection.line(line)


def test_what_is_no_list_is_a_decode_error_and_takes_nothing_away(play: Play) -> None:
    play.page(7, service("cart", 3))
    play.heard()
    with pytest.raises(msgspec.DecodeError):
        play.reflection.page(b'{"kind":"Status"}')
    assert (play.heard(), play.reflection.version) == ([], "7")


def test_an_object_that_cannot_be_read_stays_as_it_was_and_touches_no_other(play: Play) -> None:
    play.page(7, service("cart", 3))
    play.heard()
    strange = service("cart", 8)
    strange["spec"]["ports"] = "all of them"
    play.line(event("MODIFIED", strange))
    play.page(9, strange, service("till", 5))
    assert play.heard() == [put("till")]
    assert play.complaints == [CART.key, CART.key]
    play.page(10, service("till", 5))
    assert play.heard() == [Delete(CART)]
