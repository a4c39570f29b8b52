"""What Envoy 1.40 says when it refuses something, and what is made of it."""

from tests.ads.world import a_host
from xds_server.ads.events import LONGEST_WORDS, spoken
from xds_server.ads.suspects import groups
from xds_server.snapshot import Item

LISTENER_REFUSED = """Error adding/updating listener(s) lbad: goo.gle/debugproto\x20\x20\x20\x20
rds {
  route_config_name: "t"
}
: Proto constraint validation failed (HttpConnectionManagerValidationError.StatPrefix: value is short)
"""
TABLE_REFUSED = """goo.gle/debugproto\x20
name: "web"
virtual_hosts {
  name: "a"
}
virtual_hosts {
  name: "b"
}
: Proto constraint validation failed (RouteConfigurationValidationError.VirtualHosts[1]: embedded message failed)"""
DUPLICATE = "Only unique values for domains are permitted. Duplicate entry of domain b in route web"


def hosts(_: str) -> list[str]:
    """The hosts of every table, as they were sent."""
    return ["a", "b", "c"]


WEB = [Item("web", name) for name in hosts("web")]


def test_quoted_configuration_is_left_out() -> None:
    assert spoken(LISTENER_REFUSED) == (
        "Error adding/updating listener(s) lbad: Proto constraint validation failed "
        "(HttpConnectionManagerValidationError.StatPrefix: value is short)"
    )
    assert spoken(TABLE_REFUSED).startswith("Proto constraint validation failed (RouteConfiguration")


def test_plain_words_stay_as_they_are_unless_they_are_endless() -> None:
    assert spoken(DUPLICATE) == DUPLICATE
    assert len(spoken("x" * 5000)) == LONGEST_WORDS


def test_a_quotation_that_does_not_end_is_left_out_too() -> None:
    assert spoken('bad: goo.gle/debugproto \nname: "a"\nname: "b') == "bad:"


def test_a_name_in_the_words_is_tried_last() -> None:
    assert groups(WEB, DUPLICATE, hosts) == [[WEB[1]], [WEB[0], WEB[2]]]


def test_a_place_in_the_words_outweighs_the_names_that_they_quote() -> None:
    assert groups(WEB, TABLE_REFUSED, hosts) == [[WEB[1]], [WEB[0], WEB[2]]]


def test_words_that_name_nobody_split_the_suspects() -> None:
    assert groups(WEB, "missing ): ((", hosts) == [[WEB[1], WEB[2]], [WEB[0]]]


def test_a_name_within_another_is_not_named() -> None:
    items = [Item("shop/cart"), Item("shop/cart-v2")]
    assert groups(items, "Error adding/updating cluster(s) shop/cart-v2: bad", hosts) == [[items[1]], [items[0]]]


def test_a_host_that_left_since_is_not_blamed() -> None:
    assert groups([WEB[0], WEB[2]], TABLE_REFUSED, lambda _: [a_host("a").name]) == [[WEB[2]], [WEB[0]]]
