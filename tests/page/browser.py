"""A headless Chromium that looks at the page, and says what it complained of and whom it asked."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.envoy.running import wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000
"""Milliseconds."""
WIDE, NARROW = (1440, 900), (360, 740)


@contextmanager
def chromium() -> Iterator[Any]:
    """Run a browser; skips the test where there is none."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="the page is tested with playwright: make setup installs it"
    )
    if CHROMIUM is None:
        pytest.skip("the page is tested in Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """The page in a browser: `tab.page` is playwright's."""

    def __init__(self, browser: Any, url: str, size: tuple[int, int] = WIDE, **context: Any) -> None:
        self.url = url
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda it: self.said.append(f"{it.type}: {it.text}"))
        self.page.on("pageerror", lambda it: self.said.append(f"error: {it}"))
        self.page.on("request", lambda it: self.asked.append(it.url))

    def open(self, place: str = "") -> Any:
        """Go to an address of the page, such as `#/envoys`, and wait until all of it is there."""
        self.page.goto(f"{self.url}/{place}")
        self.until("document.getElementById('summary').textContent.includes('objects')")
        return self.page

    def until(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true; playwright's own way to, the page's policy forbids."""
        wait_until(lambda: bool(self.page.evaluate(expression)), expression)

    def row(self, id_: str) -> Any:
        """The row of an object in the picture."""
        return self.page.locator(f'.row[data-id="{id_}"]')

    def rows(self, column: str) -> list[str]:
        """The ids of a column, as far as they are in the document, from top to bottom."""
        listbox = self.page.get_by_role("listbox", name=column)
        found: list[str] = listbox.evaluate(
            "it => [...it.querySelectorAll('.row')]"
            ".sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map(row => row.dataset.id)"
        )
        return found

    def focused(self) -> str:
        """The id of the row that has the focus."""
        found: str = self.page.evaluate("document.activeElement.dataset.id ?? ''")
        return found

    def close(self) -> None:
        """Close it, and see that it complained of nothing and asked nobody else."""
        self.context.close()
        assert not self.said, self.said
        others = {urlsplit(it).netloc for it in self.asked} - {urlsplit(self.url).netloc}
        assert not others, others
