"""The screenshots of docs/page.md, taken of the shop: `make screenshots`. Who takes them looks at them."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.envoy.running import wait_until
from tests.examples.console import ROOT
from tests.live.stack import Folder, up
from tests.page.browser import NARROW, WIDE, Tab, chromium
from tests.page.conftest import shop_in
from tests.page.shop import cart

FOLDER = ROOT / "docs/page"
REQUEST = "#/explain?method=GET&url=https%3A%2F%2Fshop.example.com%2Fcart&header=x-user%3A+7"
SHARPNESS = 1.5
"""Pixels of the picture for one of the screen."""
EDITS = 12


def main() -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        folder = shop_in(Path(place) / "resources")
        with up(folder.path) as gatehouse:
            [line] = [it for it in gatehouse.lines if it.startswith("Page: ")]
            take(browser, line.removeprefix("Page: ").rstrip("/"), folder)


def take(browser: Any, url: str, folder: Folder) -> None:
    """Take the pictures of a page; somebody edits meanwhile, so that there are numbers and a history."""

    def opened(place: str = "", size: tuple[int, int] = WIDE, scheme: str = "light") -> Tab:
        tab = Tab(browser, url, size=size, color_scheme=scheme, device_scale_factor=SHARPNESS, reduced_motion="reduce")
        tab.open(place)
        return tab

    def shot(tab: Tab, name: str) -> None:
        tab.page.screenshot(path=FOLDER / f"{name}.png")
        tab.context.close()
        print(f"docs/page/{name}.png", file=sys.stderr)

    def at_work(tab: Tab) -> None:
        samples = f"{tab.url}/api/samples"
        for nth in range(EDITS):
            trial = {**cart(95 - nth, 5 + nth), "metadata": {"name": "trial", "namespace": "shop"}}
            folder.write("trial.yaml", trial)
            wait_until(lambda nth=nth: tab.page.request.get(samples).json()["count"] > nth, "the next sample")

    picture = opened()
    at_work(picture)
    folder.remove("trial.yaml")
    picture.page.wait_for_selector('.row[data-id="HTTPRoute/shop/trial"]', state="detached")
    shot(picture, "light")
    shot(opened(scheme="dark"), "dark")
    for scheme, name, sheet in (("light", "object", "In Envoy"), ("dark", "conditions", "Conditions")):
        id_ = "HTTPRoute/shop/cart" if name == "object" else "HTTPRoute/shop/checkout"
        tab = opened(f"#/object/{id_.replace('/', '%2F')}", scheme=scheme)
        tab.until(f"document.getElementById('detail').dataset.id === '{id_}'")
        tab.page.get_by_role("tab", name=sheet).click()
        shot(tab, name)
    for place, wanted, name in (
        (REQUEST, ".explanation", "explain"),
        ("#/envoys", ".gateway", "envoys"),
        ("#/metrics", ".plots path.line[d^=M]", "metrics"),
    ):
        tab = opened(place)
        tab.page.wait_for_selector(wanted, state="attached")
        shot(tab, name)
    tab = opened(size=NARROW, scheme="dark")
    tab.page.get_by_role("listbox", name="Routes").scroll_into_view_if_needed()
    shot(tab, "narrow")


if __name__ == "__main__":
    main()
