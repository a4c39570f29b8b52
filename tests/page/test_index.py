"""Nodes and their news: what is drawn of objects, and what who has seen a part of it is told."""

from collections.abc import Iterable

import pytest
import yaml

from tests.live.documents import Document, gateway, gateway_class, http_route, rule, served, service
from translator.api.kinds import from_document
from translator.pipeline import Translator
from translator.status import Status
from translator.value import Key, Ref
from xds_server.page.documents import as_yaml
from xds_server.page.index import NOTHING, Index
from xds_server.page.nodes import Node

MOST_GONE = 5
CART, EDGE = "HTTPRoute/shop/cart", "Gateway/shop/edge"


class Shop:
    """A translator, and the index of what it knows."""

    def __init__(self, *documents: Document) -> None:
        self.index = Index(most_gone=MOST_GONE)
        self.translator = Translator()
        self.statuses: dict[Ref, Status] = {}
        self.change(*documents)

    def change(self, *documents: Document, gone: Iterable[tuple[str, Key]] = ()) -> None:
        """Put objects in, take others out, and draw."""
        for it in documents:
            self.translator.put(it["kind"], from_document(it["kind"], it))
        for kind, key in gone:
            self.translator.delete(kind, key)
        for ref, status in self.translator.commit().statuses:
            self.statuses = {name: it for name, it in self.statuses.items() if name != ref}
            self.statuses |= {} if status is None else {ref: status}
        self.index.refresh(self.translator.world(), self.statuses)

    def nodes(self, since: int = NOTHING) -> dict[str, Node]:
        """All that is new."""
        return {it.id: it for it in self.index.news(since, "", 10_000).nodes}


@pytest.fixture
def shop() -> Shop:
    return Shop(gateway_class(), gateway(), http_route("cart", rule("cart")), *served("cart", 8080))


def test_a_way_leads_from_the_class_to_the_endpoint(shop: Shop) -> None:
    nodes = shop.nodes()
    assert nodes[EDGE].up == ("GatewayClass//gatehouse",)
    assert nodes[f"{EDGE}#http"].up == (EDGE,)
    assert nodes[CART].up == (f"{EDGE}#http",)
    assert nodes[CART].down == ("Service/shop/cart",)
    assert nodes["Endpoint/shop/cart/127.0.0.1:8080"].up == ("Service/shop/cart",)
    assert [nodes[it].column for it in (EDGE, f"{EDGE}#http", CART, "Service/shop/cart")] == [1, 2, 3, 4]


def test_a_route_that_no_listener_takes_is_amiss_and_stands_below_its_parent(shop: Shop) -> None:
    shop.change(http_route("lost", rule("cart"), parentRefs=[{"name": "edge", "sectionName": "vpn"}]))
    lost = shop.nodes()["HTTPRoute/shop/lost"]
    assert (lost.state, lost.why, lost.up) == ("amiss", "NoMatchingParent", (f"{EDGE}#vpn",))


def test_services_that_nothing_leads_to_are_not_drawn(shop: Shop) -> None:
    shop.change(service("alone"))
    assert "Service/shop/alone" not in shop.nodes()


def test_who_has_seen_all_is_told_of_what_changed_and_went_alone(shop: Shop) -> None:
    seen = shop.index.revision
    shop.change(http_route("more", rule("cart")))
    assert set(shop.nodes(seen)) == {"HTTPRoute/shop/more"} | {EDGE, f"{EDGE}#http"}  # attachedRoutes counts it
    seen = shop.index.revision
    shop.change(gone=[("HTTPRoute", Key("shop", "more"))])
    news = shop.index.news(seen, "", 100)
    assert (news.gone, news.fresh) == (["HTTPRoute/shop/more"], False)


def test_nothing_is_new_where_nothing_changed(shop: Shop) -> None:
    seen = shop.index.revision
    shop.change(service("cart"))
    assert shop.index.revision == seen


def test_pages_follow_one_another_until_all_is_told(shop: Shop) -> None:
    shop.change(*(http_route(f"route-{nth}", rule("cart")) for nth in range(25)))
    found: list[str] = []
    after = ""
    while True:
        page = shop.index.news(NOTHING, after, 10)
        found += [it.id for it in page.nodes]
        after = page.after
        if not after:
            break
    assert len(found) == len(set(found))
    assert set(found) == set(shop.nodes())


def test_who_was_away_too_long_begins_again(shop: Shop) -> None:
    """Of what went only so much is remembered; and who comes from another process knows nothing of this one."""
    seen = shop.index.revision
    assert shop.index.news(seen + 1, "", 100).fresh
    many = [http_route(f"route-{nth}", rule("cart")) for nth in range(MOST_GONE + 1)]
    shop.change(*many)
    shop.change(gone=[("HTTPRoute", Key("shop", it["metadata"]["name"])) for it in many])
    assert shop.index.news(seen, "", 100).fresh
    assert not shop.index.news(shop.index.revision, "", 100).fresh


def test_a_secret_is_written_without_its_content() -> None:
    found = from_document("Secret", {"metadata": {"name": "key"}, "data": {"tls.key": "aHVzaA=="}})
    assert as_yaml("Secret", found) == (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\ndata:\n  tls.key: '[redacted]'\n"
    )


def test_an_object_is_written_as_people_write_it_without_defaults() -> None:
    document = http_route("cart", rule("cart"))
    written = yaml.safe_load(as_yaml("HTTPRoute", from_document("HTTPRoute", document)))
    assert written == {**document, "apiVersion": "gateway.networking.k8s.io/v1"}
