"""An object opened; the explain box; Envoys; numbers; and all of it kept up to date."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.envoy.running import free_port, running
from tests.live.documents import gateway, gateway_class, http_route, listener, marks, rule, served
from tests.live.stack import PROGRAM, Folder, Gatehouse, Ports, bootstrap_of, serve
from tests.page.browser import Tab
from tests.page.conftest import shop_in
from tests.page.shop import cart

pytestmark = pytest.mark.live

CART, CHECKOUT, EDGE = "HTTPRoute/shop/cart", "HTTPRoute/shop/checkout", "Gateway/shop/edge"


def opened(tab: Tab, id_: str, sheet: str) -> str:
    """Open an object and one of its sheets, and return what stands there."""
    tab.open(f"#/object/{id_.replace('/', '%2F').replace('#', '%23')}")
    tab.until(f"document.getElementById('detail').dataset.id === '{id_}'")
    tab.page.get_by_role("tab", name=sheet).click()
    text: str = tab.page.locator("#sheet").inner_text()
    return text


def test_an_object_has_its_conditions_with_what_they_say(tab: Tab) -> None:
    text = opened(tab, CHECKOUT, "Conditions")
    assert "ResolvedRefs False InvalidBackendTLS" in " ".join(text.split())
    assert "ConfigMap shop/missing-ca does not exist" in text


def test_an_object_has_its_yaml(tab: Tab) -> None:
    text = opened(tab, CART, "YAML")
    assert "kind: HTTPRoute" in text
    assert "weight: 90" in text


def test_an_object_has_what_it_became_in_envoy(tab: Tab) -> None:
    """Of a virtual host its own routes alone; of a Service the clusters and endpoints."""
    text = opened(tab, CART, "In Envoy")
    assert "httproute/shop/cart/rule/1/match/0" in text
    assert "httproute/shop/frontend" not in text
    assert "EDS" in opened(tab, "Service/shop/cart", "In Envoy")
    assert "0.0.0.0" in opened(tab, f"{EDGE}#https", "In Envoy") or "127.20" in tab.page.locator("#sheet").inner_text()


def test_no_private_key_is_ever_shown(tab: Tab) -> None:
    for path in ("object?id=Secret/shop/wildcard", "object?id=Gateway/shop/edge", "world?limit=2000"):
        answer = tab.page.request.get(f"{tab.url}/api/{path}")
        assert answer.ok
        assert "PRIVATE KEY" not in answer.text()
    shown = tab.page.request.get(f"{tab.url}/api/object?id=Secret/shop/wildcard").json()
    assert "tls.key: '[redacted]'" in shown["yaml"]


def test_explain_says_what_the_command_says(tab: Tab, gatehouse: Gatehouse, folder: Folder) -> None:
    """For a request that is served, and for one that nothing serves."""
    for url, header in (("http://shop.example.com/cart", "x-canary: yes"), ("http://nobody.example.org/", "a: b")):
        tab.open("#/explain")
        tab.page.get_by_label("URL").fill(url)
        tab.page.get_by_label("Headers").fill(header)
        tab.page.get_by_role("button", name="Explain").click()
        tab.page.wait_for_selector(".explanation")
        shown = " ".join(tab.page.locator(".answer").inner_text().split())
        command = [
            PROGRAM,
            "explain",
            "GET",
            url,
            "-H",
            header,
            "-f",
            folder.path,
            "--gateway",
            "shop/edge",
            "-o",
            "json",
        ]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
        for words in _words(told.stdout):
            assert words in shown, f"{words!r} of {told.stdout}\n{shown}"


def _words(explanation: str) -> Iterator[str]:
    """What people read of an explanation, but for endpoints, which only a running Gatehouse knows."""
    found = json.loads(explanation)
    yield from (found[name] for name in ("gateway", "listener", "table", "host", "words") if name in found)
    yield from (it["lost"] for it in found.get("considered", ()) if it.get("lost"))
    yield from (it["object"] for it in found.get("considered", ()))
    yield from (it["words"] for it in found.get("won", ()))
    yield from found.get("hints", ())


def test_explain_tells_what_is_wrong_with_a_question(tab: Tab) -> None:
    tab.open("#/explain")
    tab.page.get_by_label("URL").fill("gopher://nowhere")
    tab.page.get_by_role("button", name="Explain").click()
    tab.page.wait_for_selector(".note.wrong")
    tab.said.remove("error: Failed to load resource: the server responded with a status of 400 (Bad Request)")


def test_envoys_are_shown_with_their_versions(tab: Tab) -> None:
    tab.open("#/envoys")
    tab.page.wait_for_selector("text=2 connected to this replica")
    tab.page.wait_for_selector("text=all in step")
    tab.page.locator(".gateway", has_text="shop/edge").locator("summary").click()
    row = tab.page.locator("tr", has_text="shop/cart/80").first
    row.wait_for()
    sent, acked = row.locator("code.version").evaluate_all("it => it.slice(0, 2).map(each => each.title)")
    assert sent == acked != ""


def test_numbers_are_plotted(tab: Tab) -> None:
    tab.open("#/metrics")
    tab.until("document.querySelector('.plots .plot .now').textContent === '2'")
    tab.until("document.querySelectorAll('.plots .plot path.line[d^=M]').length >= 4")


def test_an_edit_of_a_file_shows_at_once(tab: Tab, folder: Folder) -> None:
    """In the picture, in the object that is open, and in its history with the difference."""
    opened(tab, CART, "YAML")
    folder.write("extra.yaml", http_route("extra", rule("cart")))
    tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/extra"]')
    folder.write("cart.yaml", http_route("cart-2", rule("nowhere")))
    tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/cart-2"].amiss')
    folder.remove("extra.yaml")
    folder.remove("cart.yaml")
    tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/extra"]', state="detached")


def test_a_changed_object_shows_what_was_and_what_is(tab: Tab, folder: Folder) -> None:
    folder.write("weights.yaml", {**cart(80, 20), "metadata": {"name": "weights", "namespace": "shop"}})
    tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/weights"]')
    opened(tab, "HTTPRoute/shop/weights", "YAML")
    folder.write("weights.yaml", {**cart(60, 40), "metadata": {"name": "weights", "namespace": "shop"}})
    tab.page.wait_for_selector("#sheet >> text=weight: 60")
    tab.page.get_by_role("tab", name="History").click()
    tab.page.locator("#sheet summary").first.click()
    tab.page.wait_for_selector(".diff .went >> text=80")
    tab.page.wait_for_selector(".diff .came >> text=60")
    tab.page.keyboard.press("Escape")
    folder.remove("weights.yaml")
    tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/weights"]', state="detached")


def test_a_refusal_by_an_envoy_shows_at_the_route_and_among_envoys(browser: object, tmp_path: Path) -> None:
    """Forced by an Envoy that takes smaller regular expressions than we were told."""
    resources, ports = Folder(tmp_path / "resources"), Ports()
    resources.write("gateway.yaml", gateway_class(), gateway(listener(port=free_port())), *served("cart", 1))
    config = bootstrap_of(ports)
    runtime = {"re2": {"max_program_size": {"error_level": 100}}}
    config["layered_runtime"]["layers"].append({"name": "test", "static_layer": runtime})
    large = {"matches": [{"path": {"type": "RegularExpression", "value": "/" + "a" * 200}}]}
    with serve(resources, ports), running(config):
        tab = Tab(browser, f"http://127.0.0.1:{ports.metrics}")
        tab.open("#/envoys")
        tab.page.wait_for_selector("text=1 connected to this replica")
        resources.write("bad.yaml", http_route("bad", rule("cart", filters=[marks("bad")], **large)))
        tab.page.wait_for_selector("td >> text=refuses 1")
        assert "program size" in tab.page.locator(".refusal .message").inner_text()
        tab.page.locator(".refusal").get_by_role("link", name="shop/bad").click()
        tab.page.wait_for_selector("#sheet .refusal >> text=edge-1 refuses bad.example.com")
        tab.page.wait_for_selector('.row[data-id="HTTPRoute/shop/bad"].amiss')
        tab.close()


def test_it_says_so_when_gatehouse_is_gone_and_catches_up_when_it_is_back(browser: object, tmp_path: Path) -> None:
    resources, ports = shop_in(tmp_path / "resources"), Ports()
    tab = Tab(browser, f"http://127.0.0.1:{ports.metrics}")
    with serve(resources, ports):
        tab.open()
        tab.page.wait_for_selector("#live[data-state=live]")
    tab.page.wait_for_selector("text=Reconnecting")
    resources.remove("legacy.yaml")
    with serve(resources, ports):
        tab.page.wait_for_selector("#live[data-state=live]")
        tab.page.wait_for_selector('.row[data-id="HTTPRoute/legacy/admin"]', state="detached")
        assert CART in tab.rows("Routes")
    tab.said = [it for it in tab.said if "ERR_" not in it]
    tab.close()
