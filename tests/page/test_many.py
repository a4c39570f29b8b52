"""A world of thousands of routes: the page draws what is in sight, soon, and filters while somebody types."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.documents import gateway, gateway_class, http_route, path, rule, served
from tests.live.stack import Folder, Ports, serve
from tests.page.browser import Tab

pytestmark = pytest.mark.live

ROUTES, BACKENDS, TEAMS = 5000, 500, 50
FIRST_SECONDS, FILTER_MILLISECONDS, ROWS = 5.0, 200.0, 300
"""Generous for a machine that does something else too; on an idle one it is a fraction of these."""


def thousands(folder: Folder) -> None:
    """Routes of many teams to some hundred Services, each with endpoints."""
    folder.write("gateway.yaml", gateway_class(), gateway())
    backends = [document for nth in range(BACKENDS) for document in served(f"backend-{nth}", 1000 + nth, 2000 + nth)]
    folder.write("backends.yaml", *backends)
    for team in range(TEAMS):
        folder.write(
            f"team-{team}.yaml",
            *(
                http_route(
                    f"route-{nth}",
                    rule(f"backend-{nth % BACKENDS}", matches=[path(f"/{nth}")]),
                    hostnames=[f"team-{team}.example.com"],
                )
                for nth in range(team, ROUTES, TEAMS)
            ),
        )


@pytest.fixture(scope="module")
def tab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    folder, ports = Folder(tmp_path_factory.mktemp("many") / "resources"), Ports()
    thousands(folder)
    with serve(folder, ports):
        tab = Tab(browser, f"http://127.0.0.1:{ports.metrics}")
        tab.open()
        yield tab
        tab.close()


def milliseconds(tab: Tab, name: str) -> float:
    """When a mark was made, or how long the last measure of the name took."""
    expression = "name => { const it = performance.getEntriesByName(name).at(-1); return it.duration || it.startTime }"
    found: float = tab.page.evaluate(expression, name)
    return found


def test_the_first_rows_are_there_soon_and_all_of_them_in_a_while(tab: Tab) -> None:
    tab.until(f"document.getElementById('summary').textContent === '{ROUTES + BACKENDS * 3 + 3:,} objects'")
    painted, first = milliseconds(tab, "first-contentful-paint"), milliseconds(tab, "first rows")
    print(f"first paint after {painted:.0f} ms, first rows after {first:.0f} ms")
    assert first < FIRST_SECONDS * 1000


def test_only_what_is_in_sight_is_in_the_document(tab: Tab) -> None:
    assert tab.page.locator(".row").count() < ROWS
    tab.row(tab.rows("Routes")[0]).focus()
    tab.page.keyboard.press("End")
    assert tab.focused() == "HTTPRoute/shop/route-999"
    assert tab.page.locator(".row").count() < ROWS
    position = tab.row(tab.focused()).evaluate("it => [it.ariaPosInSet, it.ariaSetSize]")
    assert position == [str(ROUTES), str(ROUTES)]


@pytest.mark.parametrize(("words", "count"), [("route-4242", 1), ("team-7.", 100), ("backend-77", 10)])
def test_a_filter_answers_while_somebody_types(tab: Tab, words: str, count: int) -> None:
    tab.page.get_by_role("searchbox").fill(words)
    tab.until(f"document.querySelector('section[aria-label=Routes] .count').textContent === '{count}'")
    took = milliseconds(tab, "filter")
    print(f"filtered by {words!r} in {took:.0f} ms")
    assert took < FILTER_MILLISECONDS
    tab.page.get_by_role("searchbox").fill("")
    tab.until(f"document.querySelector('section[aria-label=Routes] .count').textContent === '{ROUTES:,}'")


def test_who_has_seen_all_is_told_of_news_alone(tab: Tab) -> None:
    answer = tab.page.request.get(f"{tab.url}/api/world?since=-1&limit=1").json()
    news = tab.page.request.get(f"{tab.url}/api/world?since={answer['revision']}&limit=10").json()
    assert news["nodes"] == news["gone"] == []
    assert not news["fresh"]
