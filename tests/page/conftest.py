"""What tests of the page look at: a running Gatehouse with an Envoy, and a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.stack import Folder, Gatehouse, up
from tests.page.browser import Tab, chromium
from tests.page.shop import shop


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A browser for all tests."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The shop's folder."""
    return shop_in(tmp_path_factory.mktemp("page") / "resources")


@pytest.fixture(scope="package")
def gatehouse(browser: Any, folder: Folder) -> Iterator[Gatehouse]:
    """`gatehouse up` on it."""
    with up(folder.path) as found:
        yield found


@pytest.fixture(scope="package")
def url(gatehouse: Gatehouse) -> str:
    """Where it says that its page is."""
    [line] = [it for it in gatehouse.lines if it.startswith("Page: ")]
    return line.removeprefix("Page: ").rstrip("/")


@pytest.fixture
def tabs(browser: Any, url: str) -> Iterator[Callable[..., Tab]]:
    """Opens tabs on it, and in the end sees that none had anything to complain of."""
    opened = []

    def open_tab(**options: Any) -> Tab:
        opened.append(Tab(browser, url, **options))
        return opened[-1]

    yield open_tab
    for tab in opened:
        tab.close()


@pytest.fixture
def tab(tabs: Callable[..., Tab]) -> Tab:
    """One tab, with the whole picture."""
    found = tabs()
    found.open()
    return found


def shop_in(path: Path) -> Folder:
    """Write the shop into a new folder."""
    folder = Folder(path)
    for name, documents in shop().items():
        folder.write(name, *documents)
    return folder
