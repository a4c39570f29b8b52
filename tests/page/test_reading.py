"""Who can read it: contrast in light and dark, names for those who do not see it, small screens, no motion."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.page.browser import NARROW, Tab

pytestmark = pytest.mark.live

PLACES = (
    "",
    "#/object/HTTPRoute%2Flegacy%2Fadmin",
    "#/explain?method=GET&url=http%3A%2F%2Fshop.example.com%2Fcart",
    "#/explain?method=GET&url=http%3A%2F%2Fshop.example.com%3A9%2Fcart",
    "#/envoys",
    "#/metrics",
)
LEAST = 4.5
TWICE = (
    "() => [...document.querySelectorAll('[id]')].map(it => it.id).filter((it, nth, all) => all.indexOf(it) !== nth)"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(tabs: Callable[..., Tab], scheme: str) -> None:
    """By 4.5 to 1, as WCAG's level AA asks of text of any size."""
    tab = tabs(color_scheme=scheme, reduced_motion="reduce")
    for place in PLACES:
        _settled(tab, place)
        contrasts = tab.page.evaluate(script("contrasts"))
        assert len(contrasts) > 10
        faint = [it for it in contrasts if it[0] < LEAST]
        assert not faint, (place, faint)


def test_light_and_dark_are_two_pictures(tabs: Callable[..., Tab]) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        tab = tabs(color_scheme=scheme)
        tab.open()
        papers.add(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2


def test_everything_that_can_be_used_has_a_name(tabs: Callable[..., Tab]) -> None:
    """And no two elements share an id; every view has one heading of the first level."""
    tab = tabs()
    for place in PLACES:
        _settled(tab, place)
        assert tab.page.evaluate(script("nameless")) == []
        assert tab.page.evaluate(TWICE) == []
        assert tab.page.get_by_role("heading", level=1).count() == 1


def test_it_fits_a_screen_of_360_pixels(tabs: Callable[..., Tab]) -> None:
    """Nothing but the picture's columns is scrolled to the side, and no text is smaller than 11 pixels."""
    tab = tabs(size=NARROW)
    for place in PLACES:
        _settled(tab, place)
        widths = tab.page.evaluate(
            "[document.documentElement.scrollWidth, ...[...document.querySelectorAll('main, #detail, .filters')]"
            ".filter(it => it.checkVisibility()).map(it => it.scrollWidth)]"
        )
        assert max(widths) <= NARROW[0], (place, widths)
        smallest = tab.page.evaluate(
            "Math.min(...[...document.querySelectorAll('main *')]"
            ".filter(it => it.checkVisibility() && it.textContent.trim())"
            ".map(it => parseFloat(getComputedStyle(it).fontSize)))"
        )
        assert smallest >= 11


def test_nothing_moves_for_those_who_do_not_want_it(tabs: Callable[..., Tab]) -> None:
    tab = tabs(reduced_motion="reduce")
    tab.open("#/object/HTTPRoute%2Fshop%2Fcart")
    tab.page.wait_for_selector("#detail [role=tab]")
    moving: Any = tab.page.evaluate("document.getAnimations().length")
    assert moving == 0


def script(name: str) -> str:
    """A function to run in the page."""
    return (Path(__file__).parent / f"{name}.js").read_text()


def _settled(tab: Tab, place: str) -> None:
    """Open a place and wait for what it fetches."""
    tab.open(place)
    for part, wanted in (("object", "#detail [role=tab]"), ("explain", ".explanation"), ("envoys", ".gateway")):
        if part in place:
            tab.page.wait_for_selector(wanted)
