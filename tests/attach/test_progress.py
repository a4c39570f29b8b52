"""Programmed: once a Gateway has an address and its Envoys have acknowledged it, and as long as they refuse nothing."""

from typing import Any

import pytest

from tests.builders import build, gateway, gateway_class, http_route, listener, meta, service
from translator import ir
from translator.api.routes import TLSRoute
from translator.pipeline import Settings, Translator
from translator.status import GatewayStatus, RouteStatus
from translator.value import Key, Ref
from translator.xds.resource import Refused, ResourceType, version

EDGE = Key("shop", "edge")
PLACED = ir.Placement(addresses=(("IPAddress", "172.31.254.10"),))
NOT_YET = "no Envoy of the Gateway has acknowledged its configuration yet"
DONE = "the Envoys of the Gateway have its configuration"

Answer = tuple[bool | None, str, str, int]


class World:
    """A Gateway of two listeners, in a cluster."""

    def __init__(self, **settings: Any) -> None:
        self.translator = Translator(Settings(awaits_envoys=True, **settings))
        self.translator.put("GatewayClass", gateway_class())
        self.translator.place(EDGE, PLACED)
        self.edit(1, listener("web"), listener("admin", 8080))

    def edit(self, generation: int, *listeners: dict[str, Any]) -> None:
        self.translator.put("Gateway", gateway(*listeners, metadata=meta("edge", generation=generation)))
        self.translator.commit()

    def acknowledge(self, generation: int) -> None:
        self.translator.acknowledge(EDGE, generation)
        self.translator.commit()

    def route(self, name: str, *paths: str, hostname: str = "a.example.com") -> None:
        self.translator.put("Service", service(name, 80))
        rules = [
            {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [{"name": name, "port": 80}]}
            for path in paths
        ]
        self.translator.put("HTTPRoute", http_route(*rules, name=name, hostnames=(hostname,)))
        self.translator.commit()

    def host(self, domain: str = "a.example.com") -> Any:
        hosts = [it for _, table, rows in self.translator.tables() if table.name == "http/80/0" for it in rows]
        return next(it for it in hosts if it.name == domain)

    def refuse_host(self, *routes: Ref) -> None:
        refused = Refused(version(self.host().digest), "bad regex", routes)
        self.translator.refuse(EDGE, ResourceType.ROUTE, "http/80/0", refused, "a.example.com")
        self.translator.commit()

    def programmed(self) -> dict[str, Answer]:
        """Programmed of the Gateway, under its name, and of its listeners, under theirs."""
        status = dict(self.translator.statuses())[Ref("Gateway", *EDGE)]
        assert isinstance(status, GatewayStatus)
        whole = {"edge": status.conditions, **{it.name: it.conditions for it in status.listeners}}
        found = {name: {it.type: it for it in conditions}["Programmed"] for name, conditions in whole.items()}
        return {name: (it.status, it.reason, it.message, it.observed_generation) for name, it in found.items()}

    def refused(self) -> dict[str, str]:
        """Envoy's words on routes, by their names."""
        return {
            ref.name: condition.message
            for ref, status in self.translator.statuses()
            if isinstance(status, RouteStatus)
            for parent in status.parents
            for condition in parent.conditions
            if (condition.type, condition.status, condition.reason) == ("gatehouse.dev/Refused", True, "RefusedByEnvoy")
        }


# ---- acknowledged ---------------------------------------------------------------------------------------------------


def test_a_gateway_that_no_envoy_acknowledged_is_pending() -> None:
    assert World().programmed() == dict.fromkeys(("edge", "web", "admin"), (False, "Pending", NOT_YET, 1))


def test_a_gateway_that_its_envoys_acknowledged_is_programmed() -> None:
    world = World()
    world.acknowledge(1)
    assert world.programmed() == dict.fromkeys(("edge", "web", "admin"), (True, "Programmed", DONE, 1))


def test_without_anybody_to_wait_for_a_gateway_is_programmed_when_it_is_translated() -> None:
    translator = Translator()
    translator.put("GatewayClass", gateway_class())
    translator.put("Gateway", gateway())
    translator.commit()
    status = dict(translator.statuses())[Ref("Gateway", *EDGE)]
    assert isinstance(status, GatewayStatus)
    assert {it.type: it.status for it in status.conditions}["Programmed"] is True


def test_a_gateway_without_an_address_is_not_programmed() -> None:
    world = World()
    world.translator.place(EDGE, None)
    world.acknowledge(1)
    assert world.programmed()["edge"] == (False, "AddressNotAssigned", "no address has been assigned yet", 1)
    assert world.programmed()["web"][0] is True


def test_an_edit_that_is_not_acknowledged_yet_leaves_said_what_was() -> None:
    """Of the generation that it was said of; a listener that is new waits."""
    world = World()
    world.acknowledge(1)
    world.edit(2, listener("web"), listener("new", 9090))
    before = (True, "Programmed", DONE, 1)
    assert world.programmed() == {"edge": before, "web": before, "new": (False, "Pending", NOT_YET, 2)}
    world.acknowledge(2)
    assert set(world.programmed().values()) == {(True, "Programmed", DONE, 2)}


def test_a_gateway_that_is_made_again_waits_again() -> None:
    world = World()
    world.edit(5, listener("web"))
    world.acknowledge(5)
    world.translator.delete("Gateway", EDGE)
    world.edit(1, listener("web"))
    assert world.programmed()["edge"] == (False, "Pending", NOT_YET, 1)


def test_routes_do_not_make_a_gateway_wait() -> None:
    world = World()
    world.acknowledge(1)
    world.route("cart", "/")
    assert world.programmed()["edge"][0] is True


# ---- refused --------------------------------------------------------------------------------------------------------


def test_a_refused_host_shows_at_its_routes_listener_and_gateway() -> None:
    world = World()
    world.acknowledge(1)
    world.route("cart", "/cart")
    world.route("other", "/", hostname="b.example.com")
    world.refuse_host()
    words = "Envoy refuses host a.example.com: bad regex"
    assert world.programmed() == {
        "edge": (False, "Invalid", f"listener web: {words}", 1),
        "web": (False, "Invalid", words, 1),
        "admin": (True, "Programmed", DONE, 1),
    }
    assert world.refused() == {"cart": words}


def test_a_refusal_counts_until_the_host_changes() -> None:
    world = World()
    world.acknowledge(1)
    world.route("cart", "/cart")
    world.refuse_host()
    world.route("cart", "/basket")
    assert world.programmed()["edge"] == (True, "Programmed", DONE, 1)
    assert world.refused() == {}


def test_of_a_host_only_the_routes_that_are_new_to_the_envoy_are_blamed() -> None:
    world = World()
    world.route("cart", "/cart", "/basket")
    held = world.host().frame
    world.route("news", "/news")
    assert world.translator.suspects(EDGE, "http/80/0", "a.example.com", held) == (Ref("HTTPRoute", "shop", "news"),)
    world.refuse_host(Ref("HTTPRoute", "shop", "news"))
    assert list(world.refused()) == ["news"]


def test_all_routes_of_a_host_that_an_envoy_never_had_are_suspects() -> None:
    world = World()
    world.route("cart", "/cart")
    world.route("news", "/news")
    found = world.translator.suspects(EDGE, "http/80/0", "a.example.com", b"")
    assert {it.name for it in found} == {"cart", "news"}


def test_a_refused_cluster_shows_at_the_routes_that_name_it() -> None:
    world = World()
    world.acknowledge(1)
    world.route("cart", "/cart")
    world.route("news", "/news")
    rows = {it.name: it for _, kind, it in world.translator.resources() if kind is ResourceType.CLUSTER}
    refused = Refused(rows["shop/cart/80"].version, "no such option")
    world.translator.refuse(EDGE, ResourceType.CLUSTER, "shop/cart/80", refused)
    world.translator.commit()
    words = "Envoy refuses cluster shop/cart/80: no such option"
    assert world.refused() == {"cart": words}
    assert world.programmed()["web"] == (False, "Invalid", words, 1)
    assert world.translator.accept(EDGE, ResourceType.CLUSTER, ["shop/cart/80"])
    world.translator.commit()
    assert world.refused() == {}


def test_a_refused_listener_shows_at_the_routes_that_are_new_to_the_envoy() -> None:
    """And at the listener, which is not served as it is; what the Envoy had before goes on."""
    world = World()
    world.edit(2, listener("tls", 443, "TLS", tls={"mode": "Passthrough"}))
    world.acknowledge(2)
    world.translator.put("Service", service("db", 443))
    held = b""
    for name in ("old", "new"):
        held = {it.name: it.body for _, _, it in world.translator.resources()}["tcp/443"]
        spec = {
            "parentRefs": [{"name": "edge"}],
            "hostnames": [f"{name}.example.com"],
            "rules": [{"backendRefs": [{"name": "db", "port": 443}]}],
        }
        world.translator.put("TLSRoute", build(meta(name), spec, TLSRoute))
        world.translator.commit()
    assert world.translator.newcomers(EDGE, "tcp/443", held) == (Ref("TLSRoute", "shop", "new"),)
    version = {it.name: it.version for _, _, it in world.translator.resources()}["tcp/443"]
    refused = Refused(version, "no such name", world.translator.newcomers(EDGE, "tcp/443", held))
    world.translator.refuse(EDGE, ResourceType.LISTENER, "tcp/443", refused)
    world.translator.commit()
    assert world.refused() == {"new": "Envoy refuses port tcp/443: no such name"}
    assert world.programmed()["tls"] == (False, "Invalid", "Envoy refuses port 443: no such name", 2)


def test_a_refused_table_shows_at_its_listeners() -> None:
    world = World()
    head = next(table for _, table, _ in world.translator.tables() if table.name == "http/8080/0")
    refused = Refused(version(head.digest), "too large")
    world.translator.refuse(EDGE, ResourceType.ROUTE, "http/8080/0", refused)
    world.translator.commit()
    assert world.programmed()["admin"][2] == "Envoy refuses route table http/8080/0: too large"
    assert world.programmed()["web"][1] == "Pending"


@pytest.mark.parametrize("changed", [True, False])
def test_refusals_that_count_no_more_are_forgotten(changed: bool) -> None:
    world = World()
    world.route("cart", "/cart")
    world.refuse_host()
    if changed:
        world.route("cart", "/basket")
    assert world.translator.accept(EDGE, ResourceType.ROUTE, ["http/80/0"]) is changed
