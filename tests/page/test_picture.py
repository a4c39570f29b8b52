"""The picture: what it shows, how it is filtered, and the keyboard's way through it."""

import re
from collections.abc import Callable

import pytest

from tests.page.browser import Tab

pytestmark = pytest.mark.live

CART, CHECKOUT, ADMIN = "HTTPRoute/shop/cart", "HTTPRoute/shop/checkout", "HTTPRoute/legacy/admin"
EDGE, HTTP, HTTPS = "Gateway/shop/edge", "Gateway/shop/edge#http", "Gateway/shop/edge#https"


def related(tab: Tab) -> set[str]:
    """What belongs with the object that is selected."""
    return set(tab.page.locator(".row.related").evaluate_all("rows => rows.map(row => row.dataset.id)"))


def test_six_columns_lead_from_classes_to_endpoints(tab: Tab) -> None:
    assert tab.rows("Classes") == ["GatewayClass//gatehouse"]
    assert tab.rows("Gateways") == ["ListenerSet/media/media", "Gateway/search/inside", EDGE]
    assert {HTTP, HTTPS, "ListenerSet/media/media#video"} <= set(tab.rows("Listeners"))
    assert {CART, "GRPCRoute/search/index", "TCPRoute/shop/redis"} <= set(tab.rows("Routes"))
    assert {"Service/shop/cart", "BackendTLSPolicy/shop/checkout"} <= set(tab.rows("Backends"))
    assert len([it for it in tab.rows("Endpoints") if it.startswith("Endpoint/shop/frontend/")]) == 3


def test_what_is_amiss_comes_first_and_has_a_shape_and_a_reason_of_its_own(tab: Tab) -> None:
    """Not colour alone tells how an object is."""
    assert set(tab.rows("Routes")[:3]) == {ADMIN, "HTTPRoute/legacy/reports", CHECKOUT}
    assert "NoMatchingParent" in tab.row(ADMIN).inner_text()
    assert tab.row(ADMIN).get_by_role("img").get_attribute("aria-label") == "needs attention"
    assert tab.row(CART).get_by_role("img").get_attribute("aria-label") == "as it should be"
    shapes = {
        state: tab.page.locator(f".row .sign.{state}").first.evaluate("it => it.innerHTML")
        for state in ("good", "amiss", "missing")
    }
    assert len(set(shapes.values())) == 3


def test_what_is_named_and_is_not_there_is_shown_as_missing(tab: Tab) -> None:
    assert "does not exist" in tab.row("Service/legacy/reports").inner_text()
    assert "does not exist" in tab.row("Gateway/shop/edge#vpn").inner_text()
    assert "no endpoint is ready" in tab.row("Service/media/videos").inner_text()


def test_a_selected_object_is_joined_to_what_it_belongs_with(tab: Tab) -> None:
    tab.row(CART).click()
    tab.page.wait_for_selector(".curves path")
    [canary] = [it for it in tab.rows("Endpoints") if it.startswith("Endpoint/shop/cart-canary/")]
    ways = {"GatewayClass//gatehouse", EDGE, HTTP, HTTPS, CART, "Service/shop/cart", "Service/shop/cart-canary", canary}
    assert ways < related(tab)
    assert not {"HTTPRoute/shop/frontend", "Service/shop/frontend"} & related(tab)
    assert tab.page.locator(".curves path").count() >= 7
    tab.page.get_by_role("button", name="Close").click()
    tab.page.wait_for_selector(".curves path", state="detached")


SEARCH, INDEX, VIDEOS = "HTTPRoute/search/search", "GRPCRoute/search/index", "HTTPRoute/media/videos"
REPORTS, SECURE, REDIS = "HTTPRoute/legacy/reports", "HTTPRoute/shop/secure", "TCPRoute/shop/redis"


@pytest.mark.parametrize(
    ("filtered", "routes"),
    [
        (lambda page: page.get_by_role("combobox", name="Namespace").select_option("search"), {SEARCH, INDEX}),
        (lambda page: page.get_by_role("textbox", name="Host").fill("videos.example.com"), {VIDEOS, SECURE, REDIS}),
        (lambda page: page.get_by_role("searchbox").fill("cart-canary"), {CART}),
        (lambda page: page.get_by_role("searchbox").fill("grpcroute ind"), {INDEX}),
        (lambda page: page.get_by_role("button", name="Needs attention").click(), {ADMIN, CHECKOUT, REPORTS, VIDEOS}),
    ],
    ids=["namespace", "host", "search", "two words", "attention"],
)
def test_a_filter_leaves_what_belongs_with_what_it_matches(
    tab: Tab, filtered: Callable[[object], None], routes: set[str]
) -> None:
    everything = len(tab.rows("Routes"))
    filtered(tab.page)
    tab.until("document.getElementById('summary').textContent.includes(' of ')")
    found = set(tab.rows("Routes"))
    assert routes <= found
    assert len(found) < everything
    assert tab.rows("Gateways")


def test_filters_hold_together(tab: Tab) -> None:
    """What is left belongs with all that is asked for."""
    tab.page.get_by_role("combobox", name="Namespace").select_option("shop")
    tab.page.get_by_role("searchbox").fill("frontend")
    tab.until("document.getElementById('summary').textContent.includes(' of ')")
    assert tab.rows("Routes") == ["HTTPRoute/shop/frontend"]


def test_the_keyboard_alone_leads_everywhere(tab: Tab) -> None:
    """Slash to search, arrows down and across, Enter to open, arrows among tabs, Escape back to where one was."""
    page, press = tab.page, tab.page.keyboard.press
    press("/")
    page.keyboard.type("cart")
    tab.until("document.getElementById('summary').textContent.includes(' of ')")
    press("ArrowDown")
    assert tab.focused() == "GatewayClass//gatehouse"
    press("ArrowRight")
    press("ArrowRight")
    assert tab.focused() in (HTTP, HTTPS)
    press("ArrowRight")
    assert tab.focused() == CART
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press("Enter")
    page.wait_for_selector("#detail [role=tab]")
    tab.until("document.activeElement.role === 'tab'")
    press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "YAML"
    assert "kind: HTTPRoute" in page.locator("#sheet").inner_text()
    press("Escape")
    page.wait_for_selector("#detail", state="hidden")
    assert tab.focused() == CART
    press("ArrowRight")
    assert tab.focused() in ("Service/shop/cart", "Service/shop/cart-canary")
    press("ArrowDown")
    press("Home")
    assert tab.focused() == tab.rows("Backends")[0]
    press("End")
    assert tab.focused() == tab.rows("Backends")[-1]


def test_one_row_is_in_the_order_of_tabs_and_links_lead_past_the_rest(tab: Tab) -> None:
    assert tab.page.locator('.row[tabindex="0"]').count() == 1
    tab.page.keyboard.press("Tab")
    assert re.match("Skip to search", tab.page.evaluate("document.activeElement.textContent"))
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "search"


def test_an_address_leads_to_an_object(tabs: Callable[..., Tab]) -> None:
    """What is open stands in the address, to be kept or sent to somebody."""
    first, second = tabs(), tabs()
    first.open()
    first.row(CART).click()
    first.page.wait_for_selector("#detail [role=tab]")
    second.open(first.page.url.removeprefix(first.url).lstrip("/"))
    second.page.wait_for_selector("#detail [role=tab]")
    assert "shop/cart" in second.page.locator("#detail-title").inner_text()
    assert CART in related(second)
