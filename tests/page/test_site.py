"""The page over HTTP, as anybody's client finds it: what is answered, with which headers, and for how many."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.envoy.running import free_port, wait_until
from tests.live.stack import PROGRAM, Folder, Ports, serve
from tests.page.conftest import shop_in
from xds_server.page.site import MOST_LISTENERS

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of a control plane's admin port."""
    ports = Ports()
    folder: Folder = shop_in(tmp_path_factory.mktemp("site") / "resources")
    with serve(folder, ports):
        yield f"127.0.0.1:{ports.metrics}"


def get(place: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(place, timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


@pytest.mark.parametrize("path", ["/", "/main.js", "/base.css", "/api/world", "/nothing"])
def test_every_answer_forbids_what_is_from_elsewhere(place: str, path: str) -> None:
    answer = get(place, path)
    assert answer.status == (404 if path == "/nothing" else 200)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_another_name_or_origin_is_told_nothing(place: str) -> None:
    assert get(place, "/api/world", Host="rebound.example.com").status == 403
    assert get(place, "/api/world", Origin="https://evil.example.com").status == 403
    assert get(place, "/metrics").status == get(place, "/healthz").status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("object?id=HTTPRoute/shop/nothing", 404),
        ("object?id=nonsense", 404),
        ("object?id=NoKind/a/b", 404),
        ("change?number=99999&id=HTTPRoute/shop/cart", 404),
        ("change?number=x&id=HTTPRoute/shop/cart", 400),
        ("explain?method=GET&url=gopher://x", 400),
        ("explain?method=GET&url=http://x/&gateway=no/such", 404),
        ("world?since=x", 400),
    ],
)
def test_what_cannot_be_answered_is_said_in_words(place: str, path: str, status: int) -> None:
    answer = get(place, f"/api/{path}")
    assert answer.status == status
    assert json.loads(answer.read())["error"]


def test_whoever_stops_listening_leaves_a_seat_to_another(place: str) -> None:
    """So many may listen at a time, and each that goes is noticed."""
    listening = [get(place, "/api/news") for _ in range(MOST_LISTENERS)]
    assert {it.status for it in listening} == {200}
    assert get(place, "/api/news").status == 503
    for it in listening:
        it.close()
    wait_until(lambda: get(place, "/api/news").status == 200, "a free seat")


def test_the_command_leads_to_it_or_says_that_there_is_none(place: str) -> None:
    def page(server: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([PROGRAM, "page", "--server", server], capture_output=True, text=True, timeout=60)

    found = page(place)
    assert (found.returncode, found.stdout) == (0, f"Page: http://{place}/\n")
    assert urlsplit(found.stdout.removeprefix("Page: ").strip()).netloc == place
    missing = page(f"127.0.0.1:{free_port()}")
    assert missing.returncode == 2
    assert "is `gatehouse serve` or `up` running there?" in missing.stderr
