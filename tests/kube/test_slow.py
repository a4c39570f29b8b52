"""Envoys that do not answer are told of at the objects, once, and again only when it happens anew."""

from tests.builders import gateway, gateway_class, http_route, service
from translator.pipeline import Settings, Translator
from translator.value import Key, Ref
from translator.xds.resource import ResourceType
from xds_server.ads.troubles import Trouble
from xds_server.kube.slow import SlowEnvoys
from xds_server.snapshot import Item

EDGE = Key("shop", "edge")
SLOW = Trouble(EDGE, "pod-1", ResourceType.ROUTE, Item("http/80/0", "*"), "2", "1", "", 31.0)
REFUSED = Trouble(EDGE, "pod-1", ResourceType.CLUSTER, Item("shop/cart/80"), "2", "1", "bad")


class Heard:
    """Takes in what would become Events."""

    def __init__(self) -> None:
        self.said: list[tuple[Ref, str, str]] = []

    def warn(self, ref: Ref, reason: str, note: str) -> None:
        self.said.append((ref, reason, note))


def world() -> Translator:
    translator = Translator(Settings(dns_services=True))
    translator.put("GatewayClass", gateway_class())
    translator.put("Gateway", gateway())
    translator.put("Service", service("cart", 80))
    translator.put("HTTPRoute", http_route({"backendRefs": [{"name": "cart", "port": 80}]}, name="cart"))
    translator.commit()
    return translator


def test_the_gateway_and_the_routes_are_told_once() -> None:
    heard, now = Heard(), [SLOW, REFUSED]
    slow = SlowEnvoys(lambda: now, world().owners, heard)  # type: ignore[arg-type]
    slow.look()
    slow.look()
    note = "Envoy pod-1 of Gateway shop/edge has not answered for more than 30 s for route http/80/0 host *"
    refs = (Ref("Gateway", "shop", "edge"), Ref("HTTPRoute", "shop", "cart"))
    assert heard.said == [(ref, "EnvoySlow", note) for ref in refs]


def test_what_happens_anew_is_told_anew() -> None:
    heard, now = Heard(), [SLOW]
    slow = SlowEnvoys(lambda: tuple(now), world().owners, heard)  # type: ignore[arg-type]
    slow.look()
    now.clear()
    slow.look()
    now.append(SLOW)
    slow.look()
    assert len(heard.said) == 4
